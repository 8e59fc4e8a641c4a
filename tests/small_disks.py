"""File systems with little room, for tests of what a full one does. They need root."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support import needs_program


def mount(folder: Path, size: str) -> None:
    """Mount a file system of this size (``512k``) at ``folder``, or skip the test; in CI fail instead."""
    needs_program("mount")
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "git-kas-test", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        message = f"no tmpfs can be mounted here: {mounted.stderr.decode().strip()}"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


def unmount(folder: Path) -> None:
    """Take it away, though somebody may still be in it."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
