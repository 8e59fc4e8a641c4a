"""A bare repository as remote, with the stand-in gh in front of it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from finish.worlds import World

STAND_IN = Path(__file__).with_name("stand_in_gh.py")


class HostedWorld:
    """A world whose branches can be pushed, and asked about."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.state = folder / "forge"
        self.remote = self.state / "remote.git"
        self.state.mkdir()
        world.repo.git("init", "-q", "--bare", str(self.remote))
        world.repo.git("remote", "add", "origin", str(self.remote))
        world.repo.git("push", "-q", "-u", "origin", "main")
        programs = folder / "programs"
        programs.mkdir()
        gh = programs / "gh"
        gh.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
        gh.chmod(0o755)
        world.environment["PATH"] = f"{programs}{os.pathsep}{world.environment['PATH']}"
        world.environment["STAND_IN_GH"] = str(self.state)
        world.forge = world.app().forge

    @property
    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.state / "requests.json").read_text())
        return found

    @property
    def calls(self) -> list[dict[str, Any]]:
        path = self.state / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def mode(self, word: str) -> None:
        """Let gh fail, or with an empty word no longer."""
        (self.state / "mode").write_text(word)

    def update(self, **members: object) -> None:
        """Change the last pull request."""
        requests = self.requests
        requests[-1] |= members
        (self.state / "requests.json").write_text(json.dumps(requests))

    def merge(self, head: str | None = None) -> None:
        """Merge the last pull request on the forge, at ``head`` or where the branch is there."""
        at = head or self.tip(self.requests[-1]["headRefName"])
        self.update(state="MERGED", headRefOid=at, mergeCommit={"oid": "f" * 40})

    def tip(self, branch: str) -> str:
        return self.world.repo.git("--git-dir", str(self.remote), "rev-parse", f"refs/heads/{branch}")
