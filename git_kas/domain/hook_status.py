"""Whether a hook of ours is in force, and what is in its way: the one table of troubles."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Self

from git_kas.domain.hook_layouts import LEGACY_SUFFIX, NEW_SUFFIX, OLD_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from git_kas.domain.hook_plan import HookView
    from git_kas.domain.hooks import ShimOptions


class Force(StrEnum):
    """Whether the guard works at a hook."""

    ACTIVE = "active"
    """It does, as far as can be seen from here."""
    WEAK = "weak"
    """It does, but not as it is configured now."""
    INACTIVE = "inactive"
    """It does not, or nobody can tell."""


_INSTALL = "`git kas hooks install`"


class Trouble(StrEnum):
    """What is wrong with a hook, by a word: how the guard works all the same, what it means, what to do."""

    force: Force
    meaning: str
    remedy: str

    def __new__(cls, name: str, force: Force, meaning: str, remedy: str = _INSTALL) -> Self:
        """A member: its value is ``name``."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.force = force
        member.meaning = meaning
        member.remedy = remedy
        return member

    NOT_INSTALLED = "not_installed", Force.INACTIVE, "the guard is not there"
    INTERRUPTED = "interrupted", Force.INACTIVE, "an installation was interrupted"
    MOVED_ASIDE = (
        "moved_aside",
        Force.INACTIVE,
        "another tool (lefthook does so) has renamed ours to `<hook>.old`, which nothing runs",
        f"{_INSTALL}, and the guard in that tool's own configuration",
    )
    NOT_RUN = "not_run", Force.INACTIVE, "ours is `<hook>.legacy`, and pre-commit, which would run it, is gone"
    OTHER_FOLDER = (
        "other_folder",
        Force.INACTIVE,
        "ours is in the repository's own hooks folder, and `core.hooksPath` leads elsewhere",
    )
    NOT_EXECUTABLE = "not_executable", Force.INACTIVE, "the file is not executable, so that Git passes it by"
    NO_RUNNER = (
        "no_runner",
        Force.INACTIVE,
        "the folder that `core.hooksPath` names does not hold what would run ours",
        "run husky in this worktree, as its package script does",
    )
    EDITED = (
        "edited",
        Force.INACTIVE,
        "somebody has changed our file; it is neither trusted nor overwritten",
        "move what was added into the chained hook and the changed file away, then install again",
    )
    IN_THE_WAY = (
        "in_the_way",
        Force.INACTIVE,
        "another hook is where ours was, and what ours ran is still there as well",
        "decide which of both is needed; then install again",
    )
    PATH_FOR_COMMAND = (
        "path_for_command",
        Force.INACTIVE,
        "`core.hooksPath` is given for this command only, so that nothing is known of the others",
        "run it without that",
    )
    LEFT_OVER = (
        "left_over",
        Force.INACTIVE,
        "ours is gone, and what it ran is still there under the name it had for ours",
        f"{_INSTALL}, which runs it again, or `git kas hooks uninstall`, which gives it back its name",
    )
    OUTDATED = "outdated", Force.WEAK, "it was written by another version, or with other settings"
    OTHER_PATTERNS = "other_patterns", Force.WEAK, "it guards other paths than `kas.guard.path` names now"
    NO_PROGRAM = (
        "no_program",
        Force.WEAK,
        "it finds no git-kas: what has no guarded path passes, everything in doubt is refused",
        "install git-kas, or install the hook again with the one to use",
    )


class Seen(NamedTuple):
    """What is known beside the files of a hook.

    ``expected`` are the bytes that would be installed, made from ``options``. ``finds_program``:
    the hook that is there finds a git-kas. ``is_elsewhere``: ours is in a folder that is not in force.
    ``has_runner``: what runs ours is there. ``for_command``: the folder holds for this command only.
    ``by_shell``: ours is read by a shell, so that it need not be executable.
    """

    expected: bytes
    options: ShimOptions
    finds_program: bool
    is_elsewhere: bool = False
    has_runner: bool = True
    for_command: bool = False
    by_shell: bool = False


def force_of(troubles: tuple[Trouble, ...]) -> Force:
    """How the guard works with these troubles."""
    forces = {trouble.force for trouble in troubles}
    return next((force for force in (Force.INACTIVE, Force.WEAK) if force in forces), Force.ACTIVE)


def troubles_of(view: HookView, seen: Seen) -> Iterator[Trouble]:
    """What is wrong with a hook, the worst first."""
    ours = view.files.get(view.slot)
    if ours is None or ours.own is None:
        yield from _where_it_is_missing(view, seen)
        return
    if seen.for_command:
        yield Trouble.PATH_FOR_COMMAND
    if ours.is_edited:
        yield Trouble.EDITED
    if not ours.executable and not seen.by_shell:
        yield Trouble.NOT_EXECUTABLE
    if not seen.has_runner:
        yield Trouble.NO_RUNNER
    if ours.own.options is not None and ours.own.options.patterns != seen.options.patterns:
        yield Trouble.OTHER_PATTERNS
    elif ours.data != seen.expected and not ours.is_edited:
        yield Trouble.OUTDATED
    if not seen.finds_program:
        yield Trouble.NO_PROGRAM


def _where_it_is_missing(view: HookView, seen: Seen) -> Iterator[Trouble]:
    old, legacy = view.files.get(view.hook + OLD_SUFFIX), view.files.get(view.hook + LEGACY_SUFFIX)
    chained, there = view.files.get(view.chained), view.files.get(view.slot)
    if old and old.own:
        yield Trouble.MOVED_ASIDE
    elif legacy and legacy.own:
        yield Trouble.NOT_RUN
    elif chained and there and chained.stamp == there.stamp:
        yield Trouble.INTERRUPTED
    elif chained and there:
        yield Trouble.IN_THE_WAY
    elif chained:
        yield Trouble.LEFT_OVER
    elif seen.is_elsewhere:
        yield Trouble.OTHER_FOLDER
    elif view.hook + NEW_SUFFIX in view.files:
        yield Trouble.INTERRUPTED
    else:
        yield Trouble.NOT_INSTALLED
