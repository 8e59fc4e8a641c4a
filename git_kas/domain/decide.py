"""The rules of every plan store: what a mutation does to the state it meets, or why it may not.

:func:`decide` is a pure function; a store calls it inside its atomic step and makes the resulting commit
durable. Sources: DESIGN 3 and 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.checks import check_mutation, check_request
from git_kas.domain.decide_import import decide_adopt_edit, decide_import
from git_kas.domain.decide_run import decide_claim_run, decide_put_run
from git_kas.domain.draft import Draft, expect_revision
from git_kas.domain.ledger import Action, Commit, KeyedOutcome, Outcome
from git_kas.domain.lifecycle import (
    STARTS_IMPLEMENTING,
    TRANSITIONS,
    USER_ONLY,
    Actor,
    Event,
    Status,
    next_status,
)
from git_kas.domain.mutation import (
    AdoptEdit,
    ClaimRun,
    Create,
    CreateTopic,
    Import,
    Mutation,
    PutRun,
    Remove,
    Rename,
    Request,
    Restore,
    SetContent,
    SetStatus,
    Transition,
    Update,
    fingerprint,
)
from git_kas.domain.plan import Topic
from git_kas.domain.project import live_record
from git_kas.domain.timestamps import trimmed
from git_kas.errors import AlreadyExists, KeyReused, NotAllowed, NotFound, TopicCollision, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.plan import Plan
    from git_kas.domain.project import ProjectView


class Decision(NamedTuple):
    """A commit to store, or None if there is nothing to store because all was done before."""

    outcome: Outcome
    commit: Commit | None


def decide(view: ProjectView, mutation: Mutation, request: Request, now: str) -> Decision:
    """What ``mutation`` does; ``now`` is RFC 3339 in UTC with microseconds.

    Raises:
        KeyReused: the key stands for something else.
        Conflict: the plan is not at the revision that was named.
        NotFound, AlreadyExists, InvalidTransition, TopicCollision, NotAllowed, Busy, UsageError: as the
            mutation says.
    """
    check_request(request)
    check_mutation(mutation)
    asked = fingerprint(mutation, request.note) if request.key else ""
    if request.key and (known := view.keyed(request.key)):
        if known.fingerprint != asked:
            raise KeyReused(
                f"The idempotency key '{request.key}' was used for something else.",
                next_step="Use a new key for a new request.",
            )
        return Decision(known.outcome._replace(replayed=True), None)
    draft = Draft(view, request, max(now, view.last_time))
    _RULES[type(mutation)](draft, mutation)
    commit = draft.commit()
    if request.key:
        keyed = KeyedOutcome(asked, commit.outcome)
        commit = commit._replace(keys={**commit.keys, request.key: keyed})
    return Decision(commit.outcome, commit)


def _create(draft: Draft, asked: Create) -> None:
    draft.expect_free(asked.filename)
    draft.create(asked, Action.CREATED)


def _update(draft: Draft, asked: Update) -> None:
    record = live_record(asked.filename, draft.view.record(asked.filename))
    expect_revision(record.plan, asked.if_revision)
    given = {
        field: value
        for field, value in asked._asdict().items()
        if field not in {"filename", "status", "content", "if_revision"} and value is not None
    }
    changed = {field: value for field, value in given.items() if getattr(record.plan, field) != value}
    status = asked.status
    if status is not None and status != record.plan.status:
        action, event = Action.FORCED, _single_move(record.plan.status, status)
        if event:
            action = Action.TRANSITION
        if draft.request.by.actor is not Actor.USER and (event is None or event in USER_ONLY):
            raise _for_users_only(f"set the status to '{status}'", draft.request.by.actor)
        detail = {"fields": sorted(changed), "replaced": True}
        record = draft.move(record, status, action, event, fields=changed, detail=detail)
    else:
        record = record._replace(plan=record.plan._replace(**changed))
        record = draft.change(record, Action.UPDATED, fields=sorted(changed))
    if asked.content is not None and draft.keep(asked.content) != record.plan.content_id:
        draft.replace_content(record, asked.content)
    if changed.get("topic"):
        draft.ensure_topic(changed["topic"])


def _single_move(before: StatusWord, after: Status) -> Event | None:
    """The event that leads from ``before`` to ``after``, None if there is none."""
    moves = TRANSITIONS.get(before, {}) if isinstance(before, Status) else {}
    return next((event for event, target in moves.items() if target is after), None)


def _transition(draft: Draft, asked: Transition) -> None:
    if not asked.events:
        raise UsageError("No event was named.", next_step="Name one event or more.")
    record = live_record(asked.filename, draft.view.record(asked.filename))
    expect_revision(record.plan, asked.if_revision)
    for event in asked.events:
        target = next_status(record.plan.status, event, draft.request.by.actor)
        detail = _collisions(draft, record.plan, event, allowed=asked.allow_collision)
        record = draft.move(record, target, Action.TRANSITION, event, detail=detail)
    if asked.content is not None and draft.keep(asked.content) != record.plan.content_id:
        draft.replace_content(record, asked.content)


def _collisions(draft: Draft, plan: Plan, event: Event, *, allowed: bool) -> Mapping[str, object]:
    """What the history says of plans that the implementation of ``plan`` may collide with.

    Raises:
        NotAllowed: an agent says so, whether there is one or not.
        TopicCollision: there is one, and nobody has said that this is allowed.
    """
    if event not in STARTS_IMPLEMENTING or not plan.topic:
        return {}
    if allowed and draft.request.by.actor is Actor.AGENT:
        raise _for_users_only("allow plans of a topic to collide", draft.request.by.actor)
    others = [name for name in draft.view.plans_of(plan.topic, Status.IMPLEMENTING) if name != plan.filename]
    if others and not allowed:
        raise TopicCollision(
            f"{others[0]} is being implemented, and has the topic '{plan.topic}' of {plan.filename}.",
            next_step="Wait until it is reviewed, or say --allow-collision.",
        )
    return {"collides_with": others} if others else {}


def _set_status(draft: Draft, asked: SetStatus) -> None:
    if draft.request.by.actor is not Actor.USER:
        raise _for_users_only("force a status", draft.request.by.actor)
    record = live_record(asked.filename, draft.view.record(asked.filename))
    expect_revision(record.plan, asked.if_revision)
    draft.move(record, asked.status, Action.FORCED, None)


def _rename(draft: Draft, asked: Rename) -> None:
    record = live_record(asked.filename, draft.view.record(asked.filename))
    expect_revision(record.plan, asked.if_revision)
    if asked.new_filename == asked.filename:
        raise AlreadyExists(
            f"plan already exists: {asked.new_filename}.", next_step="That is its name; name another one."
        )
    draft.rename(record, asked.new_filename, Action.RENAMED)
    draft.leave_behind(record, f"renamed {asked.new_filename}")


def _remove(draft: Draft, asked: Remove) -> None:
    if draft.request.by.actor is Actor.AGENT:
        raise _for_users_only("remove a plan", draft.request.by.actor)
    record = live_record(asked.filename, draft.view.record(asked.filename))
    expect_revision(record.plan, asked.if_revision)
    draft.change(record._replace(gone="removed"), Action.REMOVED)


def _restore(draft: Draft, asked: Restore) -> None:
    record = draft.view.record(asked.filename)
    if record is None or record.gone.startswith("renamed"):
        live_record(asked.filename, record)
        raise NotFound(f"plan not found: {asked.filename}.", next_step="'git kas plan list' shows the plans.")
    if record.live:
        raise AlreadyExists(
            f"plan already exists: {asked.filename}.", next_step="It is on the list; nothing is to be restored."
        )
    if asked.new_filename in {None, asked.filename}:
        draft.change(record._replace(gone=""), Action.RESTORED)
    elif asked.new_filename is not None:
        draft.rename(record._replace(gone=""), asked.new_filename, Action.RESTORED)
        draft.leave_behind(record, f"renamed {asked.new_filename}")


def _set_content(draft: Draft, asked: SetContent) -> None:
    record = live_record(asked.filename, draft.view.record(asked.filename))
    expect_revision(record.plan, asked.if_revision)
    draft.replace_content(record, asked.content)


def _create_topic(draft: Draft, asked: CreateTopic) -> None:
    if draft.view.topic(asked.name) is not None:
        raise AlreadyExists(
            f"topic already exists: {asked.name}.", next_step="'git kas plan topic' shows the topics."
        )
    draft.create_topic(Topic(asked.name, asked.created_at or trimmed(draft.time)))


def _for_users_only(what: str, actor: Actor) -> NotAllowed:
    return NotAllowed(
        f"Only a user may {what}; this was asked for by the {actor}.",
        next_step="Ask the person in charge to decide.",
    )


_RULES: Final[Mapping[type, Callable[[Draft, Any], None]]] = {
    Create: _create,
    Update: _update,
    Transition: _transition,
    SetStatus: _set_status,
    Rename: _rename,
    Remove: _remove,
    Restore: _restore,
    SetContent: _set_content,
    CreateTopic: _create_topic,
    PutRun: decide_put_run,
    ClaimRun: decide_claim_run,
    Import: decide_import,
    AdoptEdit: decide_adopt_edit,
}
