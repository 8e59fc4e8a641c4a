"""The commands, one module each; :data:`COMMANDS` is the table that everything else is made from."""

from collections.abc import Sequence
from typing import Final, NamedTuple


class CommandEntry(NamedTuple):
    """A command by its words, what it does in one line, and its module in this package."""

    words: tuple[str, ...]
    summary: str
    module: str

    @property
    def name(self) -> str:
        """The words, as typed after ``git kas``."""
        return " ".join(self.words)


COMMANDS: Final[Sequence[CommandEntry]] = (
    CommandEntry(("triage",), "say where every plan, branch and worktree stands", "triage"),
    CommandEntry(("plan", "list"), "list the plans of the project", "plan_list"),
    CommandEntry(("where",), "say which plan store this is, and why", "where"),
    CommandEntry(("config",), "show the configuration in effect", "config"),
    CommandEntry(("plugins",), "list the installed plugins and what is wrong with them", "plugins"),
    CommandEntry(("demo",), "build a throw-away repository and triage it", "demo"),
    CommandEntry(("completion",), "print a completion script for your shell", "completion"),
    CommandEntry(("version",), "print the version", "version"),
)

GROUPS: Final = {"plan": "plans of the project"}
