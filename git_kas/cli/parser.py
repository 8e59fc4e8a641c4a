"""Builds the parser of the one command that was asked for; help looks the same on every Python."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, cast

from git_kas.cli.commands import COMMANDS, GROUPS, CommandEntry
from git_kas.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.cli.result import Command

_HELP_WIDTH = 100
_HELP = frozenset({"-h", "--help"})


class CommandParser(argparse.ArgumentParser):
    """A parser whose complaints are raised as UsageError."""

    def error(self, message: str) -> NoReturn:
        """See :meth:`argparse.ArgumentParser.error`."""
        raise UsageError(f"{self.prog}: {message}.", next_step=f"See '{self.prog} -h'.")


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """``-s, --long VALUE`` as Python 3.13 prints it, in a fixed width."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=_HELP_WIDTH)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        metavar = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {metavar}"


def load_command(entry: CommandEntry) -> Command:
    """The module of a command."""
    return cast("Command", import_module(f"git_kas.cli.commands.{entry.module}"))


def build_parser(entry: CommandEntry) -> CommandParser:
    """The parser of one command, with its help."""
    command = load_command(entry)
    prog = f"git kas {entry.name}"
    examples = "".join(f"  {line}\n      {purpose}\n" for line, purpose in command.EXAMPLES)
    parser = CommandParser(
        prog=prog,
        description=command.DESCRIPTION,
        epilog=f"examples:\n{examples}",
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
        add_help=False,
        **_version_specific(),
    )
    command.arguments(parser)
    common = parser.add_argument_group("options of every command")
    common.add_argument("-h", "--help", action="help", help="show this help")
    common.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    common.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colour; auto: on a terminal only",
    )
    actions = parser._actions  # noqa: SLF001 - argparse has no other way to list them
    positionals = " ".join(_usage_word(action) for action in actions if not action.option_strings)
    parser.usage = f"{prog} [options] {positionals}".strip()
    return parser


def find_command(words: Sequence[str]) -> tuple[CommandEntry, list[str]]:
    """The command that ``words`` begin with, and the words after it.

    Raises:
        UsageError: there is no such command; the message names the nearest one.
    """
    for entry in COMMANDS:
        count = len(entry.words)
        if tuple(words[:count]) == entry.words:
            return entry, list(words[count:])
    asked = words[0]
    if asked in GROUPS:
        members = [entry.words[1] for entry in COMMANDS if entry.words[0] == asked]
        named = (
            f"'{words[1]}' is no subcommand of 'git kas {asked}'"
            if words[1:]
            else f"'git kas {asked}' needs more"
        )
        raise UsageError(f"{named}.", next_step=f"Subcommands: {', '.join(members)}.")
    raise UsageError(f"'{asked}' is no command of git kas.", next_step=_nearest(asked))


def help_text(words: Sequence[str]) -> str | None:
    """The help that ``words`` ask for; None if they ask for something else.

    ``git kas``, ``git kas -h`` and ``git kas help`` ask for everything, ``git kas plan -h`` for a group,
    ``git kas triage -h`` and ``git kas help triage`` for one command.
    """
    asked = [word for word in words if word != "--json"]
    if asked[:1] == ["help"]:
        topic = asked[1:]
    elif not asked or not _HELP.isdisjoint(asked):
        topic = [word for word in asked if word not in _HELP]
    else:
        return None
    if not topic:
        return _overview("git kas <command>", "Plans, branches and worktrees of many coding agents.", COMMANDS)
    if len(topic) == 1 and topic[0] in GROUPS:
        members = [entry for entry in COMMANDS if entry.words[0] == topic[0]]
        return _overview(f"git kas {topic[0]} <command>", GROUPS[topic[0]].capitalize() + ".", members)
    return build_parser(find_command(topic)[0]).format_help()


def _overview(usage: str, meaning: str, entries: Sequence[CommandEntry]) -> str:
    width = max(len(entry.name) for entry in entries)
    lines = "".join(f"  {entry.name.ljust(width)}  {entry.summary}\n" for entry in entries)
    return (
        f"usage: {usage} [options]\n\n{meaning}\n\n"
        f"commands:\n{lines}\n'git kas <command> -h' shows options and examples.\n"
    )


def _usage_word(action: argparse.Action) -> str:
    word = str(action.metavar or action.dest)
    if action.choices:
        word = "{" + ",".join(map(str, action.choices)) + "}"
    return f"[{word}]" if action.nargs == "?" else f"[{word}...]" if action.nargs == "*" else word


def _version_specific() -> dict[str, Any]:
    return {"color": False} if sys.version_info >= (3, 14) else {}


def _nearest(asked: str) -> str:
    import difflib

    words = {entry.words[0] for entry in COMMANDS}
    near = difflib.get_close_matches(asked, sorted(words), n=1)
    return f"Did you mean 'git kas {near[0]}'?" if near else "'git kas -h' lists the commands."
