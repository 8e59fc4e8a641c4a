"""The files in hooks folders, and what our own hooks look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from git_kas.domain.hook_plan import HookFile, HookView, Step
    from git_kas.domain.hooks import HookName, ShimOptions


class HookFiles(Protocol):
    """Reads and changes hooks folders. Paths of folders are absolute.

    Every operation that writes is durable on return, happens as a whole or not at all, and raises:
        ReadOnly, StoreFull: the system refuses.
    """

    def shim(self, hook: HookName, options: ShimOptions) -> bytes:
        """The file that is our hook."""

    def program(self) -> str:
        """The absolute path of the git-kas that is running; empty where it cannot be told."""

    def finds_program(self, program: str) -> bool:
        """Whether a hook that was given ``program`` finds a git-kas, there or on PATH."""

    def resolved(self, folder: str) -> str:
        """``folder`` without symbolic links, as far as it exists."""

    def is_folder(self, folder: str) -> bool:
        """Whether there is a folder, or a link to one."""

    def make_folder(self, folder: str) -> None:
        """Make the folder, and those above it, and remember that it was not there before; no-op if it is.

        Raises:
            AlreadyExists: something else is there.
        """

    def leave_folder(self, folder: str) -> None:
        """Remove the folder if we have made it and nothing is in it any more."""

    def exclusive(self, folder: str) -> AbstractContextManager[None]:
        """Be the only git-kas that changes the folder while the block runs.

        Raises:
            Busy: another one does, for longer than is worth waiting.
        """

    def look(self, folder: str, name: str) -> HookFile | None:
        """What is at ``name``; None where there is nothing, or no folder.

        Raises:
            ReadOnly: it cannot be read.
        """

    def view(self, folder: str, hook: HookName) -> HookView:
        """The hook with all that stands under a name derived from its own."""

    def take(self, folder: str, step: Step) -> None:
        """Change the folder by one step.

        Raises:
            AlreadyExists: the step gives a second name, and that one is in use.
        """
