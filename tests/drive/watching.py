"""What the tests of the watcher share: a running ``git kas watch``, and agents that are a line of shell."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from support import GIT_KAS, Repo, heed_interrupts

PATIENCE = 60.0
PLAN = "2026-01-01-shop.md"
KEY = PLAN.removesuffix(".md")


class Watching:
    """A running ``git kas watch --json``."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - no other thread runs yet
        )
        self.happened: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self._documents: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._documents.put(json.loads(line))

    def next(self, seconds: float = PATIENCE) -> dict[str, Any]:
        """The next document."""
        document = self._documents.get(timeout=seconds)
        assert document["kind"] == "watch", document
        self.happened += document["data"]["happened"]
        self.warnings += document["warnings"]
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

    def is_quiet(self, seconds: float) -> bool:
        with suppress(queue.Empty):
            self.next(seconds)
            return False
        return True

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def watch_command(*before: str) -> list[str]:
    return [*before, str(GIT_KAS), "watch", "--json"]


def text_of(*waves: int) -> str:
    """A plan with so many tasks in each wave, numbered through."""
    lines, number = ["# Shop", "", "**Goal:** sell", ""], 0
    for wave, tasks in enumerate(waves, start=1):
        lines += [f"## Wave {wave}: of {tasks}", ""]
        for _ in range(tasks):
            number += 1
            lines += [f"### Task {number}: part {number}", "", f"do {number}", ""]
    return "\n".join(lines)


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
