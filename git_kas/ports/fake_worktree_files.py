"""Files of worktrees, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from git_kas.errors import Conflict


@dataclass
class FakeWorktreeFiles:
    """Files by their absolute paths."""

    files: dict[str, bytes] = field(default_factory=dict)

    def read(self, worktree: str, path: str) -> bytes | None:
        """See :class:`git_kas.ports.files.WorktreeFiles`."""
        return self.files.get(f"{worktree}/{path}")

    def append(self, worktree: str, path: str, data: bytes) -> None:
        """See :class:`git_kas.ports.files.WorktreeFiles`."""
        self.files[f"{worktree}/{path}"] = self.files.get(f"{worktree}/{path}", b"") + data

    def replace(self, worktree: str, path: str, data: bytes, expected: bytes | None) -> None:
        """See :class:`git_kas.ports.files.WorktreeFiles`."""
        self._expect(f"{worktree}/{path}", expected)
        self.files[f"{worktree}/{path}"] = data

    def remove(self, worktree: str, path: str, expected: bytes) -> None:
        """See :class:`git_kas.ports.files.WorktreeFiles`."""
        self._expect(f"{worktree}/{path}", expected)
        del self.files[f"{worktree}/{path}"]

    def _expect(self, path: str, expected: bytes | None) -> None:
        if self.files.get(path) != expected:
            raise Conflict(f"{path} was changed meanwhile.", next_step="Run it again.")
