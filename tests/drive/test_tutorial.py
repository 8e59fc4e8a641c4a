"""``docs/tutorial-from-plan-to-branch.md``, followed word for word with the agent that it brings along."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from drive.watching import poll
from plan_commands import steady
from support import GIT_KAS, heed_interrupts
from watching import PATIENCE

PAGE = Path(__file__).parents[2] / "docs/tutorial-from-plan-to-branch.md"
PLAN = "2026-03-01-greetings"
SECOND = "second terminal"


class Step(NamedTuple):
    """What the page tells to do, after what remark, and what this prints (empty: it does not say)."""

    remark: str
    commands: str
    shown: str


def steps(page: str) -> Iterator[Step]:
    remark = ""
    blocks = re.findall(r"(?ms)^<!-- (.*?) -->$|^```(sh|text)\n(.*?)^```$", page)
    for block, after in zip(blocks, [*blocks[1:], ("", "", "")], strict=True):
        if block[0]:
            remark = block[0]
        elif block[1] == "sh":
            yield Step(remark, block[2], after[2] if after[1] == "text" else "")
            remark = ""


class Terminal:
    """A shell that stays where it was."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def run(self, commands: str) -> str:
        """What the commands print."""
        where = self.folder / "pwd" if self.folder.name != "shop" else self.folder.parent / "pwd"
        finished = subprocess.run(
            ["sh", "-e", "-c", f"{commands}\npwd > {where}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=PATIENCE,
        )
        printed = finished.stdout.decode()
        assert finished.returncode == 0, printed
        self.folder = Path(where.read_text().removesuffix("\n"))
        return steady(printed)

    def status(self) -> str:
        """Where the plan stands."""
        command = [str(GIT_KAS), "plan", "list"]
        listed = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, check=True)
        return listed.stdout.decode().partition(" ")[0]


def test_the_page_works(environment: dict[str, str], tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, environment)
    watching: list[subprocess.Popen[bytes]] = []
    try:
        for step in steps(PAGE.read_text()):
            if step.remark == SECOND:
                script = step.commands.replace("git kas watch", "exec git kas watch")
                watching.append(
                    subprocess.Popen(
                        ["sh", "-e", "-c", script],
                        cwd=tmp_path,
                        env=environment,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                        preexec_fn=heed_interrupts,  # noqa: PLW1509 - no other thread runs yet
                    )
                )
                continue
            if step.remark:
                wanted = step.remark.removeprefix("until ")
                poll(lambda wanted=wanted: terminal.status() == wanted)  # type: ignore[misc]  # bound at once
            printed = terminal.run(step.commands)
            assert not step.shown or printed == steady(step.shown), (step.commands, printed)
    finally:
        said = [end(process) for process in watching]
    assert [status for status, _ in said] == [-signal.SIGINT]  # Git's own, as it starts us
    shop = tmp_path / "kas-tutorial/shop"
    assert (shop / "page.txt").read_text() == "Hello, Ada!\n"
    assert not list((shop / ".worktrees").glob("*"))
    for job in ("W1-T1", "W1-T2", "W2-T3", "R1-reviewer", "R1-coder", "R2-reviewer"):
        assert said[0][1].count(f"{job} started: {PLAN}-{job}-1\n") == 1


def end(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Press Ctrl-C."""
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, out.decode()


def test_every_command_of_the_page_is_run() -> None:
    """So that nobody takes a block for text by a slip."""
    page = PAGE.read_text()
    assert page.count("```sh\n") == len(list(steps(page))) == 10
    assert len([step for step in steps(page) if step.remark]) == 3
