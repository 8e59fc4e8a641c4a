"""Fixtures of the scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scenario.doctoring import Doctor
from scenario.doctoring import Row as Finding
from scenario.rows import Answer, Triage, ask_triage
from support import Repo, Run

if TYPE_CHECKING:
    from scenario.verdict_corpus import History

pytest.register_assert_rewrite("scenario.picture", "scenario.verdict_corpus")  # their failures say what differs


@pytest.fixture
def triage(kas: Run, repo: Repo) -> Triage:
    """Ask ``git kas triage --json``, in the repository ``repo`` unless told otherwise."""

    def ask(cwd: Path | str = repo.path, *arguments: str, env: Mapping[str, str] | None = None) -> Answer:
        return ask_triage(kas, cwd, *arguments, env=env)

    return ask


@pytest.fixture
def history(tmp_path: Path, environment: dict[str, str]) -> History:
    """A repository with one commit on main."""
    from scenario.verdict_corpus import History  # not before its assertions are rewritten

    path = tmp_path / "repo"
    path.mkdir()
    made = History(path, environment)
    made.git("init", "-q")
    made.begin()
    return made


@pytest.fixture
def doctor(kas: Run, repo: Repo) -> Doctor:
    """Ask ``git kas doctor --json`` and check that its exit status fits its findings."""

    def ask(*arguments: str, cwd: Path = repo.path, env: Mapping[str, str] | None = None) -> list[Finding]:
        finished = kas("doctor", "--json", *arguments, cwd=cwd, env=env)
        rows: list[Finding] = finished.data
        assert finished.status == (0 if all(row["fixed"] for row in rows) else 1), finished
        return rows

    return ask
