"""How long a signal takes from being written to being visible in the store, and what starting a wave costs.

``python -m benchmarks.watching [--signals 100] [--tasks 8]``
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.common import GIT_KAS, Aim, print_aims, print_machine, print_table
from benchmarks.repository import clean_environment

_PATIENCE: Final = 60.0
_AIM: Final = 0.1  # seconds (DESIGN 12)
_TEXT: Final = "# Shop\n\n**Goal:** sell\n\n## Wave 1\n\n"


class Shop:
    """A repository with plans that are being implemented, and a watcher of it."""

    def __init__(self, folder: Path, plans: int) -> None:
        self.folder = folder / "shop"
        (folder / "home").mkdir()
        (folder / "home" / "gitconfig").write_text("[user]\n\tname = A\n\temail = a@example.invalid\n")
        self.environment: Mapping[str, str] = clean_environment(folder / "home")
        self.run("git", "init", "-q", "-b", "main", str(self.folder), cwd=folder)
        self.run("git", "commit", "-q", "--allow-empty", "-m", "first")
        state = {"plans": {f"{number:04}-plan.md": {"status": "implementing"} for number in range(plans)}}
        (self.folder / ".git/kas").mkdir()
        (self.folder / ".git/kas/plan-state.json").write_text(json.dumps(state, indent=2) + "\n")
        self.run(str(GIT_KAS), "plan", "create", "shop")  # takes the file over

    def run(self, *command: str, cwd: Path | None = None) -> None:
        """Run it, and expect it to succeed."""
        subprocess.run(
            command, cwd=cwd or self.folder, env=dict(self.environment), check=True, capture_output=True
        )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """A watcher that has looked once."""
        watcher = subprocess.Popen(
            [str(GIT_KAS), "watch", "--json"],
            cwd=self.folder,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            text=True,
        )
        out = watcher.stdout
        if out is None:
            raise RuntimeError("the watcher has no output")
        out.readline()
        time.sleep(1)
        try:
            yield
        finally:
            watcher.kill()
            watcher.wait()
            out.close()

    def seconds_to_see(self, number: int) -> float:
        """From the moment the signal has its name to the moment the state file shows what it did."""
        signals = self.folder / "docs/plans/.signals"
        signals.mkdir(parents=True, exist_ok=True)
        written = signals / ".being-written"
        written.write_text("")
        shown = self.folder / ".git/kas/plan-state.json"
        wanted = f'"{number:04}-plan.md": {{\n      "status": "reviewing"'
        began = time.perf_counter()
        os.rename(written, signals / f"implement-finished-{number:04}-plan")
        while wanted not in shown.read_text():
            if time.perf_counter() - began > _PATIENCE:
                raise TimeoutError(f"signal {number} shows no effect")
            time.sleep(0.0005)
        return time.perf_counter() - began

    def seconds_of_wave(self, tasks: int, runner: str) -> float:
        """From ``git kas implement`` to all agents of a wave being at work, with the worktree made for them."""
        name = f"wave-{runner}"
        text = _TEXT + "".join(f"### Task {task}: part {task}\n\n" for task in range(1, tasks + 1))
        (self.folder / "docs/plans").mkdir(parents=True, exist_ok=True)
        (self.folder / f"docs/plans/{name}.md").write_text(text)
        self.run(str(GIT_KAS), "plan", "register", name)
        there = self.folder.parent / f"there-{runner}"
        there.mkdir()
        for key, value in (
            ("kas.agent.coder", f": > {there}/$KAS_TASK; sleep 30"),
            ("kas.runner", runner),
            ("kas.maxAgents", str(tasks)),
        ):
            self.run("git", "config", key, value)
        with self.watched():
            began = time.perf_counter()
            self.run(str(GIT_KAS), "implement", name)
            while len(os.listdir(there)) < tasks:
                if time.perf_counter() - began > _PATIENCE:
                    raise TimeoutError("the agents do not begin")
                time.sleep(0.001)
            seconds = time.perf_counter() - began
        self.run(str(GIT_KAS), "waves", "abort", name)
        return seconds

    def seconds_of_worktree(self) -> float:
        """What ``git worktree add`` takes."""
        began = time.perf_counter()
        self.run("git", "worktree", "add", "-q", "-b", "bare", str(self.folder.parent / "bare"))
        return time.perf_counter() - began


def main() -> None:
    """Measure, and print tables and aims."""
    parser = argparse.ArgumentParser(description="Measure how long signals and waves take.")
    parser.add_argument("--signals", type=int, default=100)
    parser.add_argument("--tasks", type=int, default=8)
    given = parser.parse_args()
    print("## Watching\n")
    print_machine()
    with tempfile.TemporaryDirectory(prefix="kas-watching-") as name:
        os.environ["TMUX_TMPDIR"] = name
        shop = Shop(Path(name), given.signals)
        with shop.watched():
            seconds = sorted(shop.seconds_to_see(number) for number in range(given.signals))
        median, worst = statistics.median(seconds), seconds[-1]
        print(f"{given.signals} signals, one after the other, milliseconds until the store shows them.\n")
        print_table(
            ["median", "nine of ten", "longest"],
            [[f"{median * 1000:.0f}", f"{seconds[len(seconds) * 9 // 10] * 1000:.0f}", f"{worst * 1000:.0f}"]],
        )
        rows = [["`git worktree add`, bare", f"{shop.seconds_of_worktree() * 1000:.0f}", ""]]
        for runner in ("process", "tmux"):
            wave = shop.seconds_of_wave(given.tasks, runner)
            rows.append(
                [f"`git kas implement`, {runner}", f"{wave * 1000:.0f}", f"{wave / given.tasks * 1000:.0f}"]
            )
        print(f"\nA wave of {given.tasks} agents, from the command to the last one at work, milliseconds.\n")
        print_table(["", "all", "a task"], rows)
    print_aims([Aim.at_most("signal written to transition visible, median", median, _AIM, " s")])


if __name__ == "__main__":
    main()
