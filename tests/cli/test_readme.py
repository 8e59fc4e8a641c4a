"""The commands of the README do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from support import Repo, Run

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"won by exactly one of those who try:\n\n```sh\n(.*?)```", re.DOTALL)


def test_plans_move_as_the_readme_shows(repo: Repo, kas: Run) -> None:
    found = BLOCK.search(README.read_text())
    assert found is not None
    lines = [shlex.split(line, comments=True) for line in found.group(1).splitlines()]
    assert len(lines) == 5
    answers = []
    for words in lines:
        assert words[:2] == ["git", "kas"]
        finished = kas(*words[2:], cwd=repo.path)
        assert finished.status == 0, finished.err
        answers.append(finished.out)
    moves = [line.split(": ", 2)[-1] for line in answers[-1].splitlines()]
    assert moves == ["ready", "ready → planning", "planning → ready"]
