"""What the tests of the watcher share: a running ``git kas watch``, and agents that are a line of shell."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from support import GIT_KAS, Repo
from watching import PATIENCE, Watching

PLAN = "2026-01-01-shop.md"
KEY = PLAN.removesuffix(".md")


class WatchingWaves(Watching):
    """A running ``git kas watch --json``; whatever it tells is kept."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.happened: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        super().__init__(command, folder, environment)

    def line(self, seconds: float = PATIENCE) -> str:
        line = super().line(seconds)
        document = json.loads(line)
        assert document["kind"] == "watch", document
        self.happened += document["data"]["happened"]
        self.warnings += document["warnings"]
        return line

    def next(self) -> dict[str, Any]:
        """The next document."""
        document: dict[str, Any] = json.loads(self.line())
        return document

    def until(self, step: str, detail: str = "") -> dict[str, Any]:
        """What happened, as soon as that has."""
        deadline = time.monotonic() + PATIENCE
        seen = 0
        while time.monotonic() < deadline:
            for one in self.happened[seen:]:
                if one["step"] == step and detail in one["detail"]:
                    return one
            seen = len(self.happened)
            self.next()
        raise AssertionError((step, detail, self.happened))


def watch_command(*before: str) -> list[str]:
    return [*before, str(GIT_KAS), "watch", "--json"]


def use_agents(repo: Repo, roles: Mapping[str, str]) -> None:
    """Agents that are shell commands, run without tmux."""
    repo.git("config", "kas.runner", "process")
    for role, command in roles.items():
        repo.git("config", f"kas.agent.{role}", command)


def poll(condition: Callable[[], Any]) -> Any:
    """What ``condition`` says as soon as it says something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found
