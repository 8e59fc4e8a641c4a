"""Plans and their history as data and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.cli.style import printable

if TYPE_CHECKING:
    from git_kas.domain.ledger import HistoryEntry, Outcome
    from git_kas.domain.plan import Move, Plan


def plan_data(plan: Plan) -> dict[str, Any]:
    """A plan as ``--json`` shows it."""
    return {
        "filename": plan.filename,
        "status": str(plan.status),
        "description": plan.description,
        "branch": plan.branch,
        "topic": plan.topic,
        "created_at": plan.created_at,
        "implemented": plan.implemented,
        "revision": plan.revision,
        "round": plan.round,
        "content_id": plan.content_id or None,
        "moved": move_data(plan.moved),
        "extra": dict(plan.extra),
    }


def move_data(move: Move | None) -> dict[str, Any] | None:
    """How a plan came into its status, as ``--json`` shows it."""
    if move is None:
        return None
    return {
        "time": move.time,
        "event": move.event,
        "from": move.from_status,
        "actor": move.actor,
        "by": move.by,
    }


def move_text(move: Move) -> str:
    """The same for people."""
    how = move.event or "set without an event"
    return f"{move.time}, {how}, by {who(move.actor, move.by)}"


def who(actor: str, name: str) -> str:
    """Who did something: the role, and the name if there is one."""
    return f"{actor} {printable(name)}" if name else str(actor)


def entry_data(entry: HistoryEntry) -> dict[str, Any]:
    """An entry of a history as ``--json`` shows it."""
    return {
        "change": entry.change,
        "time": entry.time,
        "actor": entry.actor,
        "by": entry.by,
        "action": entry.action,
        "plan": entry.plan,
        "revision": entry.revision or None,
        "event": entry.event,
        "from": entry.from_status or None,
        "to": entry.to_status or None,
        "note": entry.note,
        "key": entry.key or None,
        "detail": dict(entry.detail),
    }


def move_of(outcome: Outcome, events: tuple[str, ...] = ()) -> dict[str, Any]:
    """A change of status as ``--json`` shows it."""
    moves = [entry for entry in outcome.entries if entry.to_status]
    plan = outcome.plan
    return {
        "filename": plan.filename if plan else None,
        "from": moves[0].from_status if moves else None,
        "to": moves[-1].to_status if moves else None,
        "event": events[-1] if events else None,
        "events": list(events),
        "revision": plan.revision if plan else None,
        "change": outcome.change,
        "replayed": outcome.replayed,
    }
