"""Entry point ``hooks``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.ports.hook_files import HookFiles


def kas_hook_files(environment: Mapping[str, str]) -> HookFiles:
    """Hooks folders on disk, and our own hooks."""
    from git_kas_hooks.hook_files import DiskHookFiles

    return DiskHookFiles(environment)
