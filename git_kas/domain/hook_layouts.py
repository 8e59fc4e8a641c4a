"""Who else puts hooks into a repository: how each is recognised, where our hook goes, what may bypass it.

Sources: githooks(5), git-config(1) (core.hooksPath), and what pre-commit 4.6, lefthook 2.2 and husky 4, 8 and 9
write; the tests run them.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, Self

CHAINED_SUFFIX: Final = ".chained-by-git-kas"
"""What stands behind the name of a hook that ours runs after it."""
NEW_SUFFIX: Final = ".new-by-git-kas"
"""What stands behind the name of a hook of ours that is not complete; nothing runs it."""
LEGACY_SUFFIX: Final = ".legacy"
"""What pre-commit renames a hook to, which it then runs before its own."""
OLD_SUFFIX: Final = ".old"
"""What lefthook renames a hook to, which is then run by nobody."""
FOLDER_MARK: Final = ".made-by-git-kas"
"""An empty file in a hooks folder that was not there before us."""


class Layout(StrEnum):
    """Where hooks come from, by a word; a folder has one, and so has the file of a hook.

    ``recognised``, ``place``, ``bypass`` and ``own_way`` are for people: how it is recognised, where our hook
    goes, what makes Git or the other tool pass it by, and what can be written into the other tool's own
    configuration to have the guard by other means (empty where there is none).
    """

    recognised: str
    place: str
    bypass: str
    own_way: str

    def __new__(cls, name: str, recognised: str, place: str, bypass: str, own_way: str = "") -> Self:
        """A member: its value is ``name``."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.recognised = recognised
        member.place = place
        member.bypass = bypass
        member.own_way = own_way
        return member

    PLAIN = (
        "plain",
        "`core.hooksPath` is not set",
        "`hooks/<hook>` in Git's common directory, for all worktrees; a hook that is there is chained",
        "setting `core.hooksPath`",
    )
    LOCAL_PATH = (
        "local-path",
        "`core.hooksPath` in the repository's configuration",
        "that folder; a relative one is looked for in each worktree, and for server hooks in Git's directory",
        "a worktree that has no such folder runs no hook; so does a clone, where the setting is missing",
    )
    WORKTREE_PATH = (
        "worktree-path",
        "`core.hooksPath` in `config.worktree`",
        "that folder, which counts in this worktree only",
        "every other worktree has hooks of its own",
    )
    SHARED_PATH = (
        "shared-path",
        "`core.hooksPath` in the user's or the system's configuration",
        "nowhere, unless `--shared` is given: that folder serves other repositories, too",
        "changing the setting; a repository with a `core.hooksPath` of its own",
    )
    COMMAND_PATH = (
        "command-path",
        "`core.hooksPath` given for one command, such as by `git -c`",
        "nowhere: run it without that",
        "the setting, for as long as it is given",
    )
    PRE_COMMIT = (
        "pre-commit",
        "the file says that pre-commit has generated it",
        "`<hook>.legacy`, which pre-commit runs before its own hooks",
        "`pre-commit install -f` removes it; what a hook of pre-commit stages afterwards is seen at push only",
        "the hook id `kas-guard` in `.pre-commit-config.yaml`, installed for `pre-commit` and `pre-push`",
    )
    HUSKY_9 = (
        "husky-9",
        "`core.hooksPath` leads to `.husky/_`",
        "`.husky/<hook>`, which husky runs by `sh -e`; it names no program by its path",
        "`HUSKY=0`, `~/.config/husky/init.sh`, a worktree or clone where husky has not been run",
        '`git kas guard --staged` first in `.husky/pre-commit`, `git kas guard --push "$1"` in `pre-push`',
    )
    HUSKY_5 = (
        "husky-5",
        "the file reads `_/husky.sh` (husky 5 to 8)",
        "`.husky/<hook>`; theirs is chained",
        "a worktree or clone where `husky install` has not been run",
        '`git kas guard --staged` in `.husky/pre-commit`, `git kas guard --push "$1"` in `.husky/pre-push`',
    )
    HUSKY_4 = (
        "husky-4",
        "the file reads `husky.sh` beside it",
        "`hooks/<hook>`; theirs is chained under the name that it looks at",
        "nothing known; but where ours came first husky 4 leaves out its own: uninstall, run husky, install",
        '`"pre-commit": "git kas guard --staged"` among `husky.hooks` in `package.json`',
    )
    LEFTHOOK = (
        "lefthook",
        "the file has the word `LEFTHOOK` in it, by which lefthook knows it",
        "`hooks/<hook>`; theirs is chained",
        (
            "`lefthook install`, and any of its hooks after `lefthook.yml` has changed, rename ours to "
            "`<hook>.old`, unless there is such a file or `no_auto_install` is set"
        ),
        "a command under `pre-commit` in `lefthook.yml` with `run: git kas guard --staged`",
    )
    OTHER = (
        "other",
        "any other file",
        "`hooks/<hook>`; it is chained",
        "whoever writes the file anew",
    )
    NONE = (
        "none",
        "there is no file",
        "`hooks/<hook>`",
        "whoever writes the file",
    )


_PRE_COMMIT: Final = b"File generated by pre-commit"
_LEFTHOOK: Final = b"LEFTHOOK"
_HUSKY_4: Final = re.compile(rb'^# husky$.*^\. "\$\(dirname "\$0"\)/husky\.sh"', re.MULTILINE | re.DOTALL)
_HUSKY_5: Final = re.compile(rb'^\. .*\$0.*/_/husky\.sh"', re.MULTILINE)
_SHEBANG: Final = re.compile(
    rb"#! ?(/[A-Za-z0-9/._-]*/(?:sh|dash|bash|ksh)|/usr/bin/env (?:sh|dash|bash|ksh))( -[A-Za-z]+)?[ \t]*\n"
)
_OWN_NAME: Final = re.compile(rb"basename\b[^\n]*\$\{?0|\$\{0##")


def recognise_tool(data: bytes) -> Layout:
    """Whose hook the file with these bytes is."""
    if _PRE_COMMIT in data:
        return Layout.PRE_COMMIT
    if _HUSKY_4.search(data):
        return Layout.HUSKY_4
    if _HUSKY_5.search(data):
        return Layout.HUSKY_5
    return Layout.LEFTHOOK if _LEFTHOOK in data else Layout.OTHER


def interpreter_to_keep_name(data: bytes) -> str:
    """The shell, with its options, in which a hook must be read so that it finds its own name in ``$0``.

    Empty for one that may run under the chained name: because it does not look, or is written in a language
    where nothing can be done about it.
    """
    if recognise_tool(data) is not Layout.HUSKY_4 and not _OWN_NAME.search(data):
        return ""
    found = _SHEBANG.match(data)
    return (found.group(1) + (found.group(2) or b"")).decode("ascii") if found else ""
