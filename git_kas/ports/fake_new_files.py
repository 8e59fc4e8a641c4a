"""Files in the making, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from git_kas.errors import AlreadyExists


@dataclass
class FakeNewFile:
    """The port :class:`~git_kas.ports.files.NewFile`."""

    path: str
    wanted: str
    files: dict[str, str]

    def publish(self) -> None:
        """See :class:`git_kas.ports.files.NewFile`."""
        _expect_free(self.files, self.wanted)
        self.files[self.wanted] = "published"

    def discard(self) -> None:
        """See :class:`git_kas.ports.files.NewFile`."""
        self.files.pop(self.path, None)


@dataclass
class FakeNewFiles:
    """The port :class:`~git_kas.ports.files.NewFiles`; ``files`` are those that are there."""

    files: dict[str, str] = field(default_factory=dict)

    def begin(self, path: str) -> FakeNewFile:
        """See :class:`git_kas.ports.files.NewFiles`."""
        _expect_free(self.files, path)
        made = f"{path}.unfinished"
        self.files[made] = "unfinished"
        return FakeNewFile(made, path, self.files)


def _expect_free(files: dict[str, str], path: str) -> None:
    if path in files:
        raise AlreadyExists(f"{path} exists.", next_step="Name a new file.")
