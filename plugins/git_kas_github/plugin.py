"""Entry point ``github``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.ports.forge import Forge


def kas_forge(folder: str, environment: Mapping[str, str]) -> Forge:
    """GitHub, through the program ``gh``."""
    from git_kas_github.forge import GitHubForge
    from git_kas_github.program import GhProgram

    return GitHubForge(GhProgram(folder, environment))
