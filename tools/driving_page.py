"""The page about driving plans, from the tables of the code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from git_kas.config_keys import KEYS
from git_kas.domain.agents import AGENT_VARIABLES, MODES
from git_kas.domain.prompts import FIELDS, QUOTED
from git_kas.domain.stage import AT_WORK, CONDITION_MEANINGS, JOB_MEANINGS, PASSED, UNDECIDED, JobState
from git_kas.driving import PROMPTS_FOLDER
from git_kas.usecases.drive_ports import LEASE, STEP_MEANINGS
from git_kas.usecases.waves import DECISIONS

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]

DRIVING_KEYS = (
    "agent", "agent_planner", "agent_coder", "agent_reviewer", "runner", "most_agents", "task_timeout",
    "task_retries", "review_cap", "worktrees", "worktree_per",
)  # fmt: skip


def driving_page(notice: str, table: Table) -> str:
    """Modes, jobs, steps, decisions, variables, fields and keys."""
    return (
        f"# Driving plans\n\n{notice}"
        "`git kas watch` drives: it starts agents by the commands in Git's configuration, and takes in what "
        "they do. How to set it up: [drive plans with agents](../how-to/drive-plans-with-agents.md).\n\n"
        + _stages(table)
        + _decisions(table)
        + "\n## What `git kas watch` says\n\n"
        + table(("step", "meaning"), _pairs(STEP_MEANINGS))
        + _agents(table)
        + "\n## Two machines\n\n"
        f"Whoever drives a plan claims it in the store for {LEASE / 60:g} minutes, and renews that. Another "
        "machine waits meanwhile. When the claim is over it goes on; agents that the first one has started are "
        "`unknown` to it, and what the first one would write is refused.\n"
    )


def _stages(table: Table) -> str:
    modes = [
        (
            f"`{mode}`",
            f"`{form.status}`",
            f"`{form.role}`",
            form.meaning,
            " or ".join(f"`{event}`" for event in sorted(form.ends_by)) or "`implement_task_finished`",
            "it is done" if form.exit_counts else "the job failed: it said nothing",
        )
        for mode, form in MODES.items()
    ]
    jobs = [(f"`{state}`", meaning, _taken_as(state)) for state, meaning in JOB_MEANINGS.items()]
    columns = ("mode", "status", "role", "meaning", "an agent reports", "it ends with status 0 and no report")
    return (
        "## What a plan is driven by\n\n"
        "From one change of its status to the next a plan is in one *stage*, made of *jobs*; each attempt of a "
        "job is one *run* of an agent. Time alone completes nothing.\n\n"
        + table(columns, modes)
        + "\n## Where a stage stands\n\n"
        + table(("condition", "meaning"), _pairs(CONDITION_MEANINGS))
        + "\n## Where a job stands\n\n"
        + table(("state", "meaning", "counts as"), jobs)
    )


def _decisions(table: Table) -> str:
    rows = [
        (f"`git kas waves {word}`", ", ".join(sorted(decision.of)), decision.meaning)
        for word, decision in DECISIONS.items()
    ]
    return (
        "\n## What people decide\n\n"
        "Agents may not: they are refused with exit status 9. With `--job` it is about that job, else about "
        "the current wave.\n\n" + table(("command", "of jobs that are", "what it does"), rows)
    )


def _agents(table: Table) -> str:
    keys = [(f"`{key.git}`", key.meaning, key.default or "none") for key in KEYS if key.name in DRIVING_KEYS]
    return (
        "\n## The environment of an agent\n\n"
        + table(("variable", "meaning"), _pairs(AGENT_VARIABLES))
        + "\nThe token of the watcher is not handed on.\n"
        "\n## Prompts\n\n"
        f"A repository may bring templates, committed on its base branch as `{PROMPTS_FOLDER}/<mode>.md`. "
        "Fields are written `$name` or `${name}`, a dollar sign `$$`. "
        f"{', '.join(f'`{name}`' for name in QUOTED)} are quoted for a shell where they have to be: write no "
        "quotation marks around them.\n\n"
        + table(("field", "what is put there"), _pairs(FIELDS))
        + "\n## Configuration\n\n"
        + table(("git config", "meaning", "default"), keys)
    )


def _taken_as(state: JobState) -> str:
    groups = {"at work": AT_WORK, "done with": PASSED, "to be decided": UNDECIDED}
    return next((name for name, states in groups.items() if state in states), "waiting")


def _pairs(meanings: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [(f"`{word}`", meaning) for word, meaning in meanings.items()]
