"""The agents that plans are driven with: their roles, what starts one, and what its environment says.

The tables below are the only place where roles, ways of working and variables are written; the watcher, help,
pages and templates are made from them. Source: DESIGN 10.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.lifecycle import Event, Status

if TYPE_CHECKING:
    from collections.abc import Mapping


class Role(StrEnum):
    """What an agent is there for."""

    PLANNER = "planner"
    CODER = "coder"
    REVIEWER = "reviewer"


class Mode(StrEnum):
    """What a plan is driven by, from one change of its status to the next."""

    PLANNING = "planning"
    WAVES = "waves"
    WHOLE = "whole"
    FEEDBACK = "feedback"
    REVIEW = "review"


class ModeForm(NamedTuple):
    """What goes with a mode: the role of its agents, the status it belongs to, and how its agents report.

    ``ends_by`` are the events that an agent reports when it is done. ``exit_counts``: that the agent ends with
    status 0 says the same.
    """

    role: Role
    status: Status
    ends_by: frozenset[Event]
    exit_counts: bool
    meaning: str


MODES: Final[Mapping[Mode, ModeForm]] = {
    Mode.PLANNING: ModeForm(
        Role.PLANNER,
        Status.PLANNING,
        frozenset({Event.PLANNER_FINISHED}),
        exit_counts=False,
        meaning="a planner writes the plan's text",
    ),
    Mode.WAVES: ModeForm(
        Role.CODER,
        Status.IMPLEMENTING,
        frozenset(),
        exit_counts=True,
        meaning="a coder for each task, wave by wave",
    ),
    Mode.WHOLE: ModeForm(
        Role.CODER,
        Status.IMPLEMENTING,
        frozenset({Event.IMPLEMENT_FINISHED}),
        exit_counts=True,
        meaning="one coder for the whole plan, which has no waves",
    ),
    Mode.FEEDBACK: ModeForm(
        Role.CODER,
        Status.IMPLEMENTING,
        frozenset({Event.IMPLEMENT_FINISHED}),
        exit_counts=True,
        meaning="one coder for what the review found",
    ),
    Mode.REVIEW: ModeForm(
        Role.REVIEWER,
        Status.REVIEWING,
        frozenset({Event.REVIEW_APPROVED, Event.REVIEW_CHANGES_REQUESTED}),
        exit_counts=False,
        meaning="a reviewer judges the branch",
    ),
}

AGENT_VARIABLES: Final[Mapping[str, str]] = {
    "KAS_ACTOR": "always `agent`: what only users may do is refused",
    "KAS_ROLE": "planner, coder or reviewer",
    "KAS_PLAN": "the plan's name",
    "KAS_ROUND": "how often its implementation was finished before",
    "KAS_WAVE": "the wave's number; empty outside of waves",
    "KAS_TASK": "the task's number; empty outside of waves",
    "KAS_PEERS": "how many agents work in the same worktree at the same time, itself included",
    "KAS_RUN": "the id of this run",
    "KAS_BASE": "the branch that the work will land on",
    "KAS_BRANCH": "the plan's branch, or that of the task",
    "KAS_PROMPT_FILE": "the file that holds the prompt",
}
"""What an agent finds in its environment, beside that of the watcher."""
