"""The composition root of what git-kas writes into a repository for agents, and tells them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from git_kas.errors import NotFound, WouldLoseData

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.agent_files import Harness
    from git_kas.domain.names import BranchName
    from git_kas.ports.signals import SignalPlace
    from git_kas.usecases.prime import Briefing
    from git_kas.usecases.scaffold import Placed, Site
    from git_kas.workspace import Workspace


class Scaffolding:
    """What belongs into the worktree that ``app`` is in, and into its repository."""

    def __init__(self, app: Workspace) -> None:
        self._app = app

    @property
    def top(self) -> str:
        """The worktree.

        Raises:
            NotFound: we are in none.
        """
        if self._app.location.worktree is None:
            raise NotFound(f"{self._app.folder} is in no worktree.", next_step="Change to a worktree.")
        return self._app.location.worktree

    def agent_sites(self, harness: Harness) -> Sequence[Site]:
        """The agents and slash commands of ``harness``."""
        from git_kas.domain.agent_files import TEMPLATES, agent_files
        from git_kas.usecases.scaffold import Site

        templates = {name: _template(name) for name in TEMPLATES}
        pieces = agent_files(harness, templates, self._app.plans_folder.value)
        return [Site(self.top, piece) for piece in pieces]

    def init_sites(self) -> Sequence[Site]:
        """What every repository with plans should have."""
        from git_kas.domain.init_files import exclude_piece, signals_piece
        from git_kas.usecases.scaffold import Site

        return [
            Site(self.top, signals_piece(self._app.plans_folder.value)),
            Site(self._app.location.common_dir, exclude_piece()),
        ]

    def texts(self, sites: Sequence[Site]) -> Mapping[str, str]:
        """The files of ``sites`` by their paths, as they would be if nothing were there."""
        return {site.piece.path: site.piece.put(None).decode("utf-8") for site in sites}

    def yours(self, sites: Sequence[Site]) -> Sequence[str]:
        """The agents that the user's opencode.jsonc defines itself."""
        from git_kas.domain.opencode_config import OpencodeConfig

        found: list[str] = []
        for root, piece in sites:
            if isinstance(piece, OpencodeConfig):
                found += piece.yours(self._app.worktree_files.read(root, piece.path))
        return found

    def refuse_if_signals_lie_here(self, places: Sequence[SignalPlace]) -> None:
        """Keep the folder of signals while something is in it, which Git would then see.

        Raises:
            WouldLoseData: there is a signal in this worktree.
        """
        here = [place for place in places if _same(place.worktree, self.top)]
        found = self._app.signal_box.find(here)
        if found.waiting or found.claimed:
            raise WouldLoseData(
                f"Signals lie in {self.top}.",
                next_step="'git kas signals apply' applies them, 'git kas signals list' shows them.",
            )

    def briefing(
        self, named: str, branch: BranchName | None, places: Callable[[], Sequence[SignalPlace]]
    ) -> Briefing:
        """What an agent must know here about the plan ``named``, or about that of ``branch``."""
        from git_kas.usecases.prime import briefing, desk_of

        app = self._app
        folder = app.location.worktree or app.folder
        desk = desk_of(folder, branch, app.plans_folder.value, named, app.environment)
        return briefing(lambda: app.store, app.signal_box, places, desk)

    def look(self, sites: Sequence[Site]) -> Sequence[Placed]:
        """What is there of ``sites``."""
        from git_kas.usecases.scaffold import look

        return look(self._app.worktree_files, sites)

    def put(self, sites: Sequence[Site], *, dry_run: bool) -> Sequence[Placed]:
        """Write what is missing or outdated."""
        from git_kas.usecases.scaffold import put

        return put(self._app.worktree_files, sites, dry_run=dry_run)

    def take(self, sites: Sequence[Site], *, dry_run: bool) -> Sequence[Placed]:
        """Remove what is ours and was not edited."""
        from git_kas.usecases.scaffold import take

        return take(self._app.worktree_files, sites, dry_run=dry_run)


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _template(name: str) -> str:
    from importlib.resources import files

    return files("git_kas").joinpath("templates", *f"{name}.md".split("/")).read_text(encoding="utf-8")
