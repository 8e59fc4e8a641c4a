"""The rules of taking over state that was not written through this store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.ledger import Action, PlanRecord
from git_kas.domain.lifecycle import Actor
from git_kas.domain.plan import Topic
from git_kas.domain.timestamps import trimmed
from git_kas.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.draft import Draft
    from git_kas.domain.mutation import AdoptEdit, Create, Import
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan

COMPARED_FIELDS: Final = ("status", "description", "branch", "topic", "created_at", "implemented", "extra")
"""The fields of a plan that a state file holds."""


class Difference(NamedTuple):
    """What an import would do with a plan: ``fields`` are those in which it differs from the stored one.

    ``stored`` is None for a plan that is not on the list; then all of it is new.
    """

    incoming: Plan
    stored: Plan | None
    fields: tuple[str, ...]


def compare(incoming: Plan, stored: Plan | None, *, with_content: bool) -> Difference:
    """Compare a plan that comes from elsewhere with the one of the same name."""
    if stored is None:
        return Difference(incoming, None, ())
    fields = [name for name in COMPARED_FIELDS if getattr(incoming, name) != getattr(stored, name)]
    if with_content and incoming.content_id and incoming.content_id != stored.content_id:
        fields.append("content")
    return Difference(incoming, stored, tuple(fields))


def decide_import(draft: Draft, asked: Import) -> None:
    """Take over plans, topics and histories.

    Raises:
        NotAllowed: an agent asks.
    """
    if draft.request.by.actor is Actor.AGENT:
        raise NotAllowed(
            "Only a user may import plans; this was asked for by an agent.",
            next_step="Ask the person in charge to decide.",
        )
    if draft.view.change == 0 and asked.project.passengers:
        draft.passengers = asked.project.passengers
    if draft.view.change == 0 and asked.project.change > 0:
        _reproduce(draft, asked)
        return
    if asked.source_bytes:
        draft.keep(asked.source_bytes)
    _Importing(draft, asked).all()
    if not draft.entries:
        draft.note(Action.IMPORTED, None, {}, {"source": asked.source, "plans": 0})


def _reproduce(draft: Draft, asked: Import) -> None:
    """Become exactly the project that was exported; its last commit is ours."""
    project = asked.project
    draft.number = project.change
    draft.time = project.last_time
    draft.records |= project.records
    draft.topics |= project.topics
    draft.entries += project.entries
    draft.keys |= project.keys
    draft.contents |= project.contents


class _Importing:
    """One import into a project that exists."""

    def __init__(self, draft: Draft, asked: Import) -> None:
        self._draft = draft
        self._asked = asked

    def all(self) -> None:
        draft, project = self._draft, self._asked.project
        for topic in project.topics.values():
            if draft.view.topic(topic.name) is None:
                draft.create_topic(topic)
        for name in sorted(project.records):
            if project.records[name].live:
                self._plan(project.records[name])
        draft.keys |= {key: keyed for key, keyed in project.keys.items() if draft.view.keyed(key) is None}

    def _plan(self, incoming: PlanRecord) -> None:
        stored = self._draft.view.record(incoming.plan.filename)
        if stored is None or stored.gone.startswith("renamed"):
            self._create(incoming)
            return
        difference = compare(incoming.plan, stored.plan, with_content=bool(self._asked.project.contents))
        if self._asked.update and (difference.fields or not stored.live):
            self._update(stored._replace(gone=""), difference)

    def _create(self, incoming: PlanRecord) -> None:
        plan = incoming.plan
        old = self._draft.view.record(plan.filename)
        identity = self._draft.new_identity()
        for entry in self._asked.project.entries:
            if entry.identity == incoming.identity and incoming.identity:
                self._draft.entries.append(entry._replace(change=self._draft.number, identity=identity))
        content = self._asked.project.contents.get(plan.content_id)
        if content is not None:
            self._draft.keep(content)
        revision = max(old.plan.revision if old else 0, plan.revision if self._asked.project.change else 0)
        taken = plan._replace(revision=revision, content_id=plan.content_id if content is not None else "")
        record = incoming._replace(plan=taken, identity=identity)
        entry_values = {"to_status": str(plan.status)}
        self._draft.change(record, Action.IMPORTED, entry_values, source=self._asked.source)

    def _update(self, stored: PlanRecord, difference: Difference) -> None:
        incoming = difference.incoming
        values = {name: getattr(incoming, name) for name in difference.fields if name in COMPARED_FIELDS}
        if "content" in difference.fields:
            values["content_id"] = self._draft.keep(self._asked.project.contents[incoming.content_id])
        detail = {"source": self._asked.source, "fields": list(difference.fields)}
        _take_values(self._draft, stored, values, Action.IMPORTED, detail)


def decide_adopt_edit(draft: Draft, asked: AdoptEdit) -> None:
    """Take over what was changed behind the store's back."""
    draft.passengers = asked.passengers
    detail: dict[str, object] = {"source": asked.source}
    for topic in asked.topics:
        if draft.view.topic(topic.name) is None:
            draft.create_topic(Topic(topic.name, topic.created_at or trimmed(draft.time)))
    for name, found in asked.plans.items():
        _adopt(draft, name, found, detail)
    if not draft.entries:
        draft.note(Action.EDITED, None, {}, detail)


def _adopt(draft: Draft, name: PlanName, found: Create | None, detail: Mapping[str, object]) -> None:
    stored = draft.view.record(name)
    if found is None:
        if stored is not None and stored.live:
            draft.change(stored._replace(gone="removed"), Action.EDITED, {}, **detail)
    elif stored is None or stored.gone.startswith("renamed"):
        draft.create(found, Action.EDITED, **detail)
    else:
        values = {
            field: getattr(found, field)
            for field in COMPARED_FIELDS
            if getattr(found, field) != getattr(stored.plan, field)
        }
        back = stored._replace(gone="")
        _take_values(draft, back, values, Action.EDITED, {**detail, "fields": sorted(values)})


def _take_values(
    draft: Draft,
    stored: PlanRecord,
    values: Mapping[str, object],
    action: Action,
    detail: Mapping[str, object],
) -> None:
    others = {field: value for field, value in values.items() if field != "status"}
    if "status" in values:
        draft.move(stored, values["status"], action, None, fields=others, detail=detail)  # type: ignore[arg-type]  # the value of a plan's status
    else:
        draft.change(stored._replace(plan=stored.plan._replace(**others)), action, {}, **detail)  # type: ignore[arg-type]  # fields of a plan by name
