"""What observers are told: a plan has another status (DESIGN 10).

:data:`OBSERVER_VARIABLES` is the only place where the variables of a user's command are named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.ledger import MOVES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.ledger import Outcome

_LONGEST_VALUE: Final = 16_384  # bytes; systems bound one variable, and all of them together
OBSERVING_VARIABLE: Final = "KAS_OBSERVING"


class PlanTransition(NamedTuple):
    """A plan's change of status, after it was committed.

    ``event`` is empty where the status was forced. ``actor`` is the role of who asked for it and ``by`` a name
    for people. ``revision`` and ``change`` are the plan's and the project's numbers, ``round`` counts finished
    implementations. ``time`` is RFC 3339 in UTC with microseconds. ``note`` is what was said about it.
    """

    project: str
    plan: str
    event: str
    from_status: str
    to_status: str
    actor: str
    by: str
    revision: int
    round: int
    change: int
    time: str
    note: str = ""


OBSERVER_VARIABLES: Final[Mapping[str, tuple[str, str]]] = {
    "KAS_PROJECT": ("project", "the project's name"),
    "KAS_PLAN": ("plan", "the plan's name, with `.md`"),
    "KAS_EVENT": ("event", "the event; empty where the status was forced"),
    "KAS_FROM": ("from_status", "the status before"),
    "KAS_TO": ("to_status", "the status now"),
    "KAS_BY_ROLE": ("actor", "who asked for it: `user`, `agent` or `system`"),
    "KAS_BY": ("by", "a name for people; may be empty"),
    "KAS_REVISION": ("revision", "the plan's revision"),
    "KAS_ROUND": ("round", "how often the plan's implementation was finished"),
    "KAS_CHANGE": ("change", "the project's change number"),
    "KAS_TIME": ("time", "when it was committed, RFC 3339 in UTC"),
    "KAS_NOTE": ("note", "what was said about it, cut off at 16 KiB; standard input has all of it"),
}
"""Variable → field of :class:`PlanTransition`, and what it means."""


def observer_variables(transition: PlanTransition) -> dict[str, str]:
    """The environment that tells a command of ``transition``."""
    fields = transition._asdict()
    told = {name: _for_environment(str(fields[field])) for name, (field, _) in OBSERVER_VARIABLES.items()}
    return told | {OBSERVING_VARIABLE: "1"}


def transitions_of(project: str, outcome: Outcome) -> Sequence[PlanTransition]:
    """The changes of status that a commit made, one for each entry of the history; none of one replayed."""
    if outcome.replayed:
        return ()
    note = outcome.entries[0].note if outcome.entries else ""
    return [
        PlanTransition(
            project=project,
            plan=str(entry.plan),
            event=str(entry.event or ""),
            from_status=str(entry.from_status),
            to_status=str(entry.to_status),
            actor=str(entry.actor),
            by=entry.by,
            revision=entry.revision,
            round=outcome.plan.round if outcome.plan else 0,
            change=entry.change,
            time=entry.time,
            note=note,
        )
        for entry in outcome.entries
        if entry.action in MOVES
    ]


def _for_environment(text: str) -> str:
    """``text`` without what no variable can hold: NUL characters, and more bytes than systems take."""
    data = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "surrogateescape")
    return data[:_LONGEST_VALUE].decode("utf-8", "ignore" if len(data) > _LONGEST_VALUE else "surrogateescape")
