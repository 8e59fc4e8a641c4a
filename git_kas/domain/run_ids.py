"""Names of runs: each attempt of an agent at one job has one, and it is the name of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from git_kas.errors import InvalidName

if TYPE_CHECKING:
    from git_kas.domain.names import PlanName

_LONGEST: Final = 255  # bytes of a file name
_DIGITS_OF_HASH: Final = 16


class RunId(str):
    """The name of a run: one file name of whatever characters, such as ``2026-02-28-search-W1-T2-1``."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:  # noqa: D102
        problem = _problem(text)
        if problem:
            raise InvalidName(
                f"{text!r} is no name of a run: {problem}.",
                next_step="It is one file name, such as 2026-02-28-search-W1-T2-1.",
            )
        return super().__new__(cls, text)


def job_run_id(plan: PlanName, job: str, attempt: int) -> RunId:
    """The run of the ``attempt``-th agent at ``job``, such as ``W1-T2`` or ``R1-reviewer``, of ``plan``."""
    return _run_id(plan.key, f"-{job}-{attempt}")


def _run_id(key: str, suffix: str) -> RunId:
    """Both together; where that is too long for a file name, a hash stands for the end of ``key``."""
    whole = key + suffix
    if len(whole.encode()) <= _LONGEST:
        return RunId(whole)
    import hashlib

    digest = "~" + hashlib.sha256(key.encode()).hexdigest()[:_DIGITS_OF_HASH]
    room = max(_LONGEST - len(digest) - len(suffix.encode()), 0)
    return RunId(key.encode()[:room].decode(errors="ignore") + digest + suffix)


def _problem(text: str) -> str:
    if text in {"", ".", ".."}:
        return "it names no file"
    if any(character in text for character in "/\\\0"):
        return "it has a slash, a backslash or a zero byte in it"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    return f"it is longer than {_LONGEST} bytes" if size > _LONGEST else ""
