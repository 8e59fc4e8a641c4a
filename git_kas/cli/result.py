"""What a command hands back to be printed: the same answer as data and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from git_kas.app import App
    from git_kas.cli.style import Style


class Notice(NamedTuple):
    """Sentences for standard error between two answers."""

    sentences: Sequence[str]


class Result(NamedTuple):
    """The answer of a command.

    ``data`` makes what ``--json`` prints under ``kind`` (documented in the JSON schema); ``text`` renders the
    same for people; ``warnings`` are sentences for standard error. ``more`` are the answers that follow as
    things change, for a command that watches. ``aside`` is text for standard error, where nothing else than the
    answer may stand on standard output.
    """

    kind: str
    data: Callable[[], object]
    text: Callable[[Style], str]
    warnings: Sequence[str] = ()
    exit_status: int = 0
    more: Iterator[Result | Notice] | None = None
    aside: str = ""


class Command(Protocol):
    """What each module in :mod:`git_kas.cli.commands` provides."""

    DESCRIPTION: str
    EXAMPLES: Sequence[tuple[str, str]]
    """Pairs of a command line and what it is for."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's own options and arguments."""

    def run(self, app: App, arguments: argparse.Namespace) -> Result:
        """Do it."""
