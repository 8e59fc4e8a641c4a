"""Entry point ``tmux``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.location import RepositoryLocation
    from git_kas.ports.runner import Runner


def kas_runner(location: RepositoryLocation, environment: Mapping[str, str]) -> Runner:
    """Terminals that can be attached to, through the program ``tmux``."""
    from git_kas_tmux.runner import TmuxRunner

    return TmuxRunner(location.common_dir, environment)
