"""What the texts for agents are filled with: everything that a table of the code says stands in no template."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from git_kas.domain.finish import CHOICE_MEANINGS, Choice
from git_kas.domain.janitor import REASONS
from git_kas.domain.lifecycle import FINISHED, IN_WORK, TRANSITIONS, USER_ONLY, Event, Status, valid_events
from git_kas.domain.signals import SIGNAL_FORMS
from git_kas.domain.triage import FLAG_MEANINGS
from git_kas.errors import error_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PLACEHOLDER: Final = re.compile(r"\{\{([a-z_.]+)\}\}")
_FINISH_OPTIONS: Final = {Choice.MERGE: "--merge", Choice.PULL_REQUEST: "--pr", Choice.KEEP: "--keep"}
_SLASH_COMMANDS: Final[Mapping[Status, str]] = {
    Status.READY: "/kas.implement",
    Status.IMPLEMENTING: "/kas.reset-plan",
    Status.REVIEWING: "/kas.finish-branch",
}
"""The command beside this one that goes on with a plan in that status."""


def filled(template: str, values: Mapping[str, str]) -> str:
    """``template`` with each ``{{name}}`` replaced.

    Raises:
        KeyError: there is no such value: the template names something that the tables do not have any more.
    """
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def placeholders(template: str) -> set[str]:
    """The names that ``template`` asks for."""
    return set(_PLACEHOLDER.findall(template))


def values_of_tables(plans_folder: str) -> dict[str, str]:
    """The values of all placeholders that come from the code's tables."""
    losses = dict.fromkeys(rule.flag for rule in REASONS.values() if rule.flag)
    return {
        "plans": plans_folder,
        "statuses": _listed(Status),
        "finished": _listed(status for status in Status if status in FINISHED),
        "finishable": _listed((Status.REVIEWING, Status.IMPLEMENTING)),
        "user_events": _listed(event for event in Event if event in USER_ONLY),
        "transitions": _bullets(_moves(status) for status in Status),
        "losses": _listed(losses),
        "finish_choices": _bullets(
            f"`{_FINISH_OPTIONS[choice]}`: {meaning}" for choice, meaning in CHOICE_MEANINGS.items()
        ),
        "triage_choices": _bullets(_choices(status) for status in Status if status not in FINISHED),
        "flags": _bullets(f"`{flag}`: {meaning}" for flag, meaning in FLAG_MEANINGS.items()),
        "exit_statuses": _bullets(_exit_statuses()),
        **{f"status.{status}": str(status) for status in Status},
        **{f"event.{event}": str(event) for event in Event},
        **{f"signal.{form.word}": form.word for form in SIGNAL_FORMS},
    }


def _moves(status: Status) -> str:
    moves = (f"`{event}` → `{TRANSITIONS[status][event]}`" for event in valid_events(status))
    return f"`{status}`{' (in work)' if status in IN_WORK else ''}: {', '.join(moves)}"


def _choices(status: Status) -> str:
    events = _listed(valid_events(status))
    command = _SLASH_COMMANDS.get(status)
    return f"`{status}`: {events}, {f'`{command}`, ' if command else ''}or leave it"


def _exit_statuses() -> Iterable[str]:
    meanings: dict[int, list[str]] = {}
    for error in error_types():
        meanings.setdefault(error.exit_status, []).append(error.meaning)
    return (f"{status}: {'; '.join(dict.fromkeys(meanings[status]))}" for status in sorted(meanings))


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
