"""Every command line that the written files name is run in a fresh repository."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from git_kas.cli.commands import COMMANDS
from git_kas.errors import error_types
from plan_commands import Plans
from scaffold.texts import COMMAND, written_texts
from support import Repo

DOCUMENTED = {0, *(error.exit_status for error in error_types())}
PLAN_TEXT = "# Limits\n\n**Goal:** be fair\n\n## Wave 1\n\n### Task 1: count\n\n**Files:**\n- Create: `a.py`\n"
VALUES = {
    "PLAN": "2026-01-01-limits",
    "STATUS": "ready",
    "OLD-STATUS": "reviewing",
    "EVENT": "review_approved",
    "NAME": "plan/old",
    "BRANCH": "plan/limits",
    "WAVE": "1",
    "TASK": "1",
    "SUMMARY": "reads well",
    "REASON": "a mistake",
    "WHY": "a mistake",
}
_PLACEHOLDER = re.compile(r"\b[A-Z][A-Z-]+\b")

# Lines that are refused in this repository, and with which status; all others succeed.
REFUSED = {
    "git kas finish --continue": 3,  # nothing was begun
    "git kas finish --abort": 3,
    "git kas undo": 3,  # nothing was removed
    "git kas implement PLAN": 5,  # it is in review
    "git kas implement PLAN --wave WAVE": 5,
}
ENDED_BY = {"git kas watch": " --once"}
"""What makes a command end that goes on until Ctrl-C."""


@pytest.fixture
def world(repo: Repo, environment: dict[str, str]) -> Plans:
    """A plan in review with its text, its branch with work on it checked out, and a branch that is merged."""
    plans = Plans(repo, environment)
    repo.commit("plan", {"docs/plans/2026-01-01-limits.md": PLAN_TEXT})
    plans.out("plan", "register", "2026-01-01-limits")
    plans.out("plan", "transition", "2026-01-01-limits", "implement_start", "implement_finished")
    repo.git("checkout", "-q", "-b", "plan/old")
    repo.commit("old work", {"old.py": "OLD = 1\n"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "--no-edit", "plan/old")
    repo.git("checkout", "-q", "-b", "plan/limits")
    repo.commit("work", {"a.py": "LIMIT = 1\n"})
    return plans


def lines_of(plans: Plans) -> list[str]:
    for harness in ("claude", "opencode"):
        plans.out("setup", harness)
    lines = dict.fromkeys(line for text in written_texts(plans.path) for line in text.commands())
    for harness in ("claude", "opencode"):
        plans.out("setup", harness, "--remove")
    return list(lines)


def is_known(line: str, names: set[str]) -> bool:
    words = line.removeprefix(COMMAND)
    return any(words == name or words.startswith(f"{name} ") for name in names)


def test_every_command_line_runs(world: Plans, tmp_path: Path) -> None:
    lines = lines_of(world)
    assert len(lines) > 30
    pristine = tmp_path / "pristine"
    shutil.copytree(world.path, pristine, symlinks=True)
    names = {entry.name for entry in COMMANDS}
    failed = {}
    for line in lines:
        assert is_known(line, names), line
        ended = line + ENDED_BY.get(line, "")
        words = shlex.split(_PLACEHOLDER.sub(lambda match: shlex.quote(VALUES[match[0]]), ended))[2:]
        finished = world(*words, stdin=b"a.py:1 the limit is missing\n")
        assert finished.status in DOCUMENTED, (line, finished)
        expected = REFUSED.get(line, 0)
        if finished.status != expected:
            failed[line] = (finished.status, finished.err)
        # The next line is to find what this one found.
        shutil.rmtree(world.path)
        shutil.copytree(pristine, world.path, symlinks=True)
    assert failed == {}


def test_an_unknown_command_would_be_noticed() -> None:
    assert not is_known("git kas verfiy PLAN", {entry.name for entry in COMMANDS})
