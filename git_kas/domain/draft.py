"""A commit in the making: what one mutation has changed so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.domain.ledger import Action, Commit, HistoryEntry, Outcome, PlanRecord
from git_kas.domain.lifecycle import Event, Status, StatusWord, read_status
from git_kas.domain.plan import Move, Plan, Topic
from git_kas.domain.timestamps import trimmed
from git_kas.errors import AlreadyExists, Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.ledger import KeyedOutcome
    from git_kas.domain.mutation import Create, Request
    from git_kas.domain.names import PlanName
    from git_kas.domain.project import ProjectView


def expect_revision(plan: Plan, revision: int | None) -> None:
    """Go on only if ``plan`` is at ``revision``, or no revision is expected.

    Raises:
        Conflict: somebody changed the plan first; the message names its current state.
    """
    if revision is not None and plan.revision != revision:
        raise Conflict(
            f"{plan.filename} is at revision {plan.revision} with status '{plan.status}', not at {revision}.",
            next_step="Read the plan again and decide anew.",
            current=plan,
        )


class Draft:
    """Collects records, topics and history entries; ``time`` is the commit's, RFC 3339 UTC, microseconds."""

    def __init__(self, view: ProjectView, request: Request, time: str) -> None:
        self.view = view
        self.request = request
        self.time = time
        self.number = view.change + 1
        self.records: dict[PlanName, PlanRecord] = {}
        self.topics: dict[str, Topic] = {}
        self.entries: list[HistoryEntry] = []
        self.contents: dict[str, bytes] = {}
        self.keys: dict[str, KeyedOutcome] = {}
        self.passengers: Mapping[str, Any] | None = None
        self._subject: PlanName | None = None

    def commit(self) -> Commit:
        """All of it, to be stored."""
        subject = self.records.get(self._subject) if self._subject else None
        outcome = Outcome(
            self.number,
            subject.plan if subject else None,
            tuple(self.entries),
            subject.run if subject else None,
        )
        return Commit(
            self.number,
            self.time,
            outcome.entries,
            self.records,
            self.topics,
            self.keys,
            self.contents,
            outcome,
            self.passengers,
        )

    def expect_free(self, name: PlanName) -> PlanRecord | None:
        """Go on only if ``name`` belongs to no plan; what is kept about a plan that had it once.

        Raises:
            AlreadyExists: it does, or did when the plan was removed; its record is not written over.
        """
        record = self.view.record(name)
        if record is None or record.gone.startswith("renamed"):
            return record
        if record.live:
            raise AlreadyExists(f"plan already exists: {name}.", next_step="Choose another name.")
        raise AlreadyExists(
            f"plan already exists: {name} was removed, and all about it is kept.",
            next_step="Restore it, or choose another name.",
        )

    def create(self, asked: Create, action: Action, **detail: object) -> PlanRecord:
        """A new plan; its revision goes on from that of an earlier plan of the same name."""
        old = self.view.record(asked.filename)
        plan = Plan(
            asked.filename,
            read_status(str(asked.status)),
            asked.description,
            asked.branch,
            asked.topic,
            asked.created_at or trimmed(self.time),
            asked.implemented,
            old.plan.revision if old else 0,
            asked.extra,
            content_id=self.keep(asked.content) if asked.content is not None else "",
        )
        record = PlanRecord(plan, self.new_identity())
        created = self.change(record, action, {"to_status": str(asked.status)}, **detail)
        if asked.topic:
            self.ensure_topic(asked.topic)
        return created

    def new_identity(self) -> str:
        """An identity for a plan that this commit creates."""
        return f"{self.number}.{len(self.records)}"

    def change(
        self,
        record: PlanRecord,
        action: Action,
        entry: Mapping[str, object] | None = None,
        **detail: object,
    ) -> PlanRecord:
        """Store ``record`` under the next revision, with a history entry."""
        plan = record.plan._replace(revision=record.plan.revision + 1)
        changed = record._replace(plan=plan)
        self.put(changed)
        self.note(action, changed, entry or {}, detail)
        return changed

    def move(
        self,
        record: PlanRecord,
        status: StatusWord,
        action: Action,
        event: Event | None,
        *,
        fields: Mapping[str, Any] | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> PlanRecord:
        """Another status, and other values for ``fields`` with it."""
        before = str(record.plan.status)
        by = self.request.by
        plan = record.plan._replace(
            status=status, moved=Move(self.time, event, before, by.actor, by.name), **(fields or {})
        )
        if event is Event.IMPLEMENT_FINISHED:
            plan = plan._replace(round=plan.round + 1)
        entry = {"event": event, "from_status": before, "to_status": str(status)}
        return self.change(record._replace(plan=plan), action, entry, **(detail or {}))

    def rename(self, record: PlanRecord, name: PlanName, action: Action) -> PlanRecord:
        """``record`` under another name, which must be free.

        A plan that has begun keeps the branch that its old name stood for.
        """
        target = self.expect_free(name)
        plan = record.plan
        branch = plan.branch or ("" if plan.status is Status.READY else plan.filename.default_branch)
        revision = max(plan.revision, target.plan.revision if target else 0)
        renamed = record._replace(plan=plan._replace(filename=name, branch=branch, revision=revision))
        return self.change(renamed, action, {}, **{"from": plan.filename})

    def leave_behind(self, record: PlanRecord, gone: str) -> None:
        """Keep the old name of a plan that was renamed, so that its revisions are not used again."""
        plan = record.plan._replace(revision=record.plan.revision + 1)
        self.records[plan.filename] = record._replace(plan=plan, run=None, gone=gone)

    def replace_content(self, record: PlanRecord, content: bytes) -> PlanRecord:
        """Another text."""
        plan = record.plan._replace(content_id=self.keep(content))
        return self.change(record._replace(plan=plan), Action.CONTENT, {}, bytes=len(content))

    def ensure_topic(self, name: str) -> None:
        """Create the topic that a plan names, if there is none."""
        if name not in self.topics and self.view.topic(name) is None:
            self.create_topic(Topic(name, trimmed(self.time)))

    def create_topic(self, topic: Topic) -> None:
        """A new topic."""
        self.topics[topic.name] = topic
        self.note(Action.TOPIC_CREATED, None, {}, {"topic": topic.name})

    def keep(self, content: bytes) -> str:
        """Keep a text; its SHA-256 in hexadecimal."""
        from hashlib import sha256

        content_id = sha256(content).hexdigest()
        self.contents[content_id] = content
        return content_id

    def put(self, record: PlanRecord) -> None:
        """Store ``record`` without a history entry; it is what the outcome tells of."""
        self.records[record.plan.filename] = record
        self._subject = record.plan.filename

    def note(
        self,
        action: Action,
        record: PlanRecord | None,
        entry: Mapping[str, object],
        detail: Mapping[str, object],
    ) -> None:
        """A history entry; of several in one commit the first carries the note."""
        by = self.request.by
        values: dict[str, object] = {
            "plan": record.plan.filename if record else None,
            "identity": record.identity if record else "",
            "revision": record.plan.revision if record else 0,
            "note": "" if self.entries else self.request.note,
            "key": self.request.key,
            "detail": dict(detail),
            **entry,
        }
        self.entries.append(HistoryEntry(self.number, self.time, by.actor, by.name, action, **values))  # type: ignore[arg-type]  # NamedTuple fields by name
