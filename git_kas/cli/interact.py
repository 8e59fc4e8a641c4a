"""Questions to a person at a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from git_kas.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def insist_on_terminal(option: str) -> None:
    """Refuse to ask where nobody can answer.

    Raises:
        UsageError: standard input or standard error is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{option} asks questions and needs a terminal.", next_step=f"Leave {option} out.")


def ask(question: str, answers: Sequence[str]) -> str:
    """The first letter of one of ``answers`` that the person gives; the first answer for an empty line.

    The question goes to standard error, so that what is chosen can be piped. The end of input counts as the
    last answer.
    """
    letters = "/".join(f"[{answer[0]}]{answer[1:]}" for answer in answers)
    while True:
        print(f"{question} {letters}? ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            return answers[-1][0]
        given = line.strip().lower()[:1] or answers[0][0]
        if given in {answer[0] for answer in answers}:
            return given
