"""Fixtures of the scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from scenario.rows import Answer, Triage, ask_triage
from support import Repo, Run

pytest.register_assert_rewrite("scenario.picture", "scenario.verdict_corpus")  # their failures say what differs


@pytest.fixture
def triage(kas: Run, repo: Repo) -> Triage:
    """Ask ``git kas triage --json``, in the repository ``repo`` unless told otherwise."""

    def ask(cwd: Path | str = repo.path, *arguments: str, env: Mapping[str, str] | None = None) -> Answer:
        return ask_triage(kas, cwd, *arguments, env=env)

    return ask
