"""Sentinel files by which agents report (DESIGN 6)."""

from typing import Final

SIGNAL_FOLDER_NAMES: Final = ("{plans}/.signals", ".kasmos/signals")
"""Where sentinels lie in a worktree; ``{plans}`` is the plans folder."""
