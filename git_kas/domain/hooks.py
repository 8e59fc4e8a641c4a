"""Git's hooks that the guard works through: the one table of them (githooks(5))."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Self


class HookSide(StrEnum):
    """Where a hook runs."""

    CLIENT = "client"
    """In the repository that commits or pushes; whoever works there can pass it by."""
    SERVER = "server"
    """In the repository that is pushed to."""


class HookName(StrEnum):
    """A hook by its file name, with where it runs, what the guard sees in it and what does not run it."""

    side: HookSide
    sees: str
    not_run_by: str

    def __new__(cls, name: str, side: HookSide, sees: str, not_run_by: str) -> Self:
        """A member: its value is ``name``."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.side = side
        member.sees = sees
        member.not_run_by = not_run_by
        return member

    PRE_COMMIT = (
        "pre-commit",
        HookSide.CLIENT,
        "what the commit would record, against the commit before it",
        "cherry-pick, revert, rebase, am, merge, fast-forward, and a commit asked to skip hooks",
    )
    PRE_MERGE_COMMIT = (
        "pre-merge-commit",
        HookSide.CLIENT,
        "what a merge without conflicts would record, against the branch merged into",
        "a merge with conflicts (its commit runs pre-commit), fast-forward, and a merge asked to skip hooks",
    )
    PRE_PUSH = (
        "pre-push",
        HookSide.CLIENT,
        "commits that the remote is not known to have, and each ref against what the remote has",
        "a push asked to skip hooks, and whoever has not installed it",
    )
    PRE_RECEIVE = (
        "pre-receive",
        HookSide.SERVER,
        "commits that are new to this repository, and each ref before and after; all refs pass, or none",
        "what changes the repository without a push to it",
    )
    UPDATE = (
        "update",
        HookSide.SERVER,
        "the same for one ref at a time; refs that pass are updated, others are not",
        "what changes the repository without a push to it",
    )

    @property
    def reads_lines(self) -> bool:
        """Whether it gets the refs on standard input."""
        return self in {HookName.PRE_PUSH, HookName.PRE_RECEIVE}


CLIENT_HOOKS = tuple(hook for hook in HookName if hook.side is HookSide.CLIENT)
DEFAULT_SERVER_HOOKS = (HookName.PRE_RECEIVE,)


class ShimOptions(NamedTuple):
    """What is written into a hook of ours.

    ``patterns`` are the guarded paths; ``program`` is the absolute path of the git-kas to ask, where it can be
    run, else the one on the PATH. The chained hook is executed if it is executable, as Git does. With ``shell``
    it is run by ``sh -e`` instead, as husky does, and with a ``reader`` (a shell, and its options) read by that
    with ``$0`` as it was, for hooks that look at their own name.
    """

    patterns: tuple[str, ...]
    program: str = ""
    shell: bool = False
    reader: str = ""


class OwnShim(NamedTuple):
    """A file that began as a hook of ours.

    ``intact``: nobody has edited it. ``options`` is None where they cannot be read any more.
    """

    hook: HookName
    version: int
    intact: bool
    options: ShimOptions | None
