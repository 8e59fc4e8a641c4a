"""The memory fake of :mod:`git_kas.ports.hook_files`. It does no I/O."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from git_kas.domain.hook_layouts import FOLDER_MARK
from git_kas.domain.hook_plan import Act, HookFile, HookView, Step, names_of
from git_kas.domain.hooks import HookName, OwnShim, ShimOptions
from git_kas.errors import AlreadyExists, ReadOnly

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAM = "/usr/bin/git-kas"


@dataclass
class FakeHookFiles:
    """Folders by path, each with the files in it by name; ``dies_after`` steps it raises KeyboardInterrupt."""

    folders: dict[str, dict[str, HookFile]] = field(default_factory=dict)
    found: bool = True
    dies_after: int | None = None
    steps: list[Step] = field(default_factory=list)

    def shim(self, hook: HookName, options: ShimOptions) -> bytes:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        words = (hook, *options.patterns, options.program, f"{options.shell:d}", options.reader)
        return "\0".join(("fake shim", *words)).encode()

    def program(self) -> str:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        return _PROGRAM if self.found else ""

    def finds_program(self, program: str) -> bool:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        del program
        return self.found

    def resolved(self, folder: str) -> str:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        return folder

    def is_folder(self, folder: str) -> bool:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        return folder in self.folders

    def make_folder(self, folder: str) -> None:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        if folder not in self.folders:
            self.folders[folder] = {FOLDER_MARK: HookFile(b"", (0o644, b""), executable=False)}

    def leave_folder(self, folder: str) -> None:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        files = self.folders[folder]
        if FOLDER_MARK in files and not any(found.own for found in files.values()):
            del files[FOLDER_MARK]
            if not files:
                del self.folders[folder]

    @contextmanager
    def exclusive(self, folder: str) -> Iterator[None]:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        if folder not in self.folders:
            raise ReadOnly(f"{folder} cannot be written.", next_step="Look at that path.")
        yield

    def look(self, folder: str, name: str) -> HookFile | None:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        return self.folders.get(folder, {}).get(name)

    def view(self, folder: str, hook: HookName) -> HookView:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        seen = {name: self.look(folder, name) for name in names_of(hook)}
        view = HookView(hook, folder, {name: found for name, found in seen.items() if found})
        files = self.folders.get(folder, {})
        return view._replace(links=tuple(name for name in files if files[name].stamp == ("link", view.slot)))

    def take(self, folder: str, step: Step) -> None:
        """See :class:`git_kas.ports.hook_files.HookFiles`."""
        if self.dies_after is not None and len(self.steps) >= self.dies_after:
            raise KeyboardInterrupt
        files = self.folders[folder]
        if step.act is Act.PUT:
            files.pop(step.to, None)
            files[step.name] = HookFile(step.data, (0o755, step.data), own=_recognise(step.data))
        elif step.act is Act.KEEP:
            if step.to in files:
                raise AlreadyExists(f"{step.to} is there already.", next_step="Run it again.")
            files[step.to] = files[step.name]
        else:
            taken = files.pop(step.name)
            if step.act is Act.MOVE:
                files[step.to] = taken
        self.steps.append(step)


def a_file(data: bytes, *, executable: bool = True) -> HookFile:
    """A file as the fake keeps it."""
    return HookFile(data, (0o755 if executable else 0o644, data), executable, own=_recognise(data))


def _recognise(data: bytes) -> OwnShim | None:
    head, *words = data.decode("utf-8", "replace").split("\0")
    if head != "fake shim":
        return None
    hook, *patterns, program, shell, reader = words
    edited = "edited" in reader
    options = ShimOptions(tuple(patterns), program, shell == "1", reader)
    name = HookName(hook)  # type: ignore[call-arg]  # mypy takes the arguments of __new__ for those of the lookup
    return OwnShim(name, 1, not edited, options)
