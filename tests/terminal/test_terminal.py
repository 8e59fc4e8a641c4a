"""What a person sees, in a real terminal."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from git_kas.cli.triage_view import COLUMN_MEANINGS
from support import GIT_KAS, Repo, needs_program


class Terminal:
    """A shell in a tmux server of its own."""

    def __init__(self, socket: Path, cwd: Path, environment: Mapping[str, str], width: int) -> None:
        self._base = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        self._environment = {**environment, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        self._tmux("new-session", "-d", "-x", str(width), "-y", "60", "-c", str(cwd), "sh")

    def _tmux(self, *arguments: str) -> str:
        finished = subprocess.run(
            [*self._base, *arguments], env=self._environment, capture_output=True, text=True, check=True
        )
        return finished.stdout

    def type(self, line: str) -> None:
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def screen(self, *, colors: bool = False) -> str:
        return self._tmux("capture-pane", "-p", *(["-e"] if colors else []))

    def wait_for(self, pattern: str) -> str:
        """The screen, once ``pattern`` (a regular expression) is found on it."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            screen = self.screen()
            if re.search(pattern, screen):
                return screen
            time.sleep(0.05)  # a terminal has nothing to wait on
        raise AssertionError(f"{pattern!r} did not appear:\n{self.screen()}")

    def run(self, line: str) -> str:
        """What ``line`` shows, once it has ended; the last line is ``over:`` and its exit status."""
        self.type(f"clear; {line}; echo over:$?")
        return self.wait_for(r"over:\d")

    def close(self) -> None:
        self._tmux("kill-server")


OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def repo_to_see(repo: Repo) -> Repo:
    repo.git("branch", "plan/old")
    repo.worktree("plan/work")
    repo.commit("on main")
    plans = {
        "2026-01-01-work.md": {"status": "implementing", "branch": "plan/work"},
        "2026-01-02-gone.md": {"status": "done"},
        "2026-01-03-next.md": {"status": "ready"},
    }
    repo.write_state(plans)
    return repo


@pytest.fixture
def open_terminal(tmp_path: Path, repo_to_see: Repo, environment: dict[str, str]) -> Iterator[OpenTerminal]:
    needs_program("tmux")
    opened: list[Terminal] = []

    def make(width: int = 160, **more: str) -> Terminal:
        socket = tmp_path / f"tmux-{len(opened)}"
        opened.append(Terminal(socket, repo_to_see.path, environment | more, width))
        return opened[-1]

    yield make
    for terminal in opened:
        terminal.close()


def test_table_fits_the_terminal_and_counts_what_it_leaves_out(open_terminal: OpenTerminal) -> None:
    screen = open_terminal(220).run("git kas triage")
    heading = next(line for line in screen.splitlines() if line.startswith("plan"))
    assert heading.split() == [name for name in COLUMN_MEANINGS if name not in {"next", "moved"}]  # none moved
    assert "1 finished plan is not listed; --all lists it." in screen
    assert "2026-01-02-gone.md" not in screen
    assert "../wt-plan-work" not in screen  # the path is outside the main worktree: shown in full
    assert "wt-plan-work" in screen


def test_narrow_terminal_keeps_what_names_a_row(open_terminal: OpenTerminal) -> None:
    screen = open_terminal(76).run("git kas triage")
    assert "Not shown on this width: worktree" in screen
    assert "2026-01-03-next.md: git worktree add" in screen
    assert max(len(line.rstrip()) for line in screen.splitlines()) <= 76
    assert "plan/work" in screen


@pytest.mark.parametrize(
    ("command", "variables", "colored"),
    [
        ("git kas triage", {}, True),
        ("git kas triage --color never", {}, False),
        ("git kas triage", {"NO_COLOR": "1"}, False),
        ("git kas triage | cat", {}, False),
        ("git kas triage --json", {}, False),
        ("git kas plan list", {}, True),
    ],
)
def test_colour_only_on_a_terminal(
    open_terminal: OpenTerminal, command: str, variables: dict[str, str], *, colored: bool
) -> None:
    terminal = open_terminal(160, **variables)
    terminal.run(command)
    assert ("\033[33m" in terminal.screen(colors=True)) == colored


def test_interactive_walk_prints_what_was_chosen(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal(120)
    terminal.type("git kas triage -i > ../chosen.sh; echo over:$?")
    terminal.wait_for(r"plans: ready \(1\)")
    terminal.type("o")
    terminal.wait_for(r"\[y\]es/\[n\]o/\[q\]uit\?")
    terminal.type("y")
    terminal.wait_for("over:0")
    screen = terminal.run("cat ../chosen.sh")
    assert "git worktree add -b plan/next .worktrees/plan-next main" in screen


def test_interactive_needs_a_terminal(open_terminal: OpenTerminal) -> None:
    screen = open_terminal(120).run("git kas triage -i < /dev/null")
    assert "--interactive asks questions and needs a terminal." in screen
    assert "over:2" in screen


def test_progress_shows_after_a_second_and_is_erased(open_terminal: OpenTerminal, tmp_path: Path) -> None:
    slow = tmp_path / "bin/git"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\ncase "$*" in *rev-list*) sleep 3;; esac\nexec {shutil.which("git")} "$@"\n')
    slow.chmod(0o755)
    terminal = open_terminal(120)
    terminal.type(f"PATH={slow.parent}:$PATH {GIT_KAS} triage > table.txt; echo over:$?")
    terminal.wait_for(r"git-kas: reading history \(\d s\)")
    screen = terminal.wait_for("over:0")
    assert "reading history" not in screen


def test_lint_ends_with_a_count(open_terminal: OpenTerminal, repo_to_see: Repo) -> None:
    repo_to_see.commit("plans", {"docs/plans/a.md": "# a\n\n## Wave 1\n", "docs/plans/b.md": ""})
    screen = open_terminal().run("git kas lint")
    assert "docs/plans/b.md:1: error: there is no text; write the plan [empty_text]\n" in screen
    assert "\n2 files, 2 errors, 1 warning\nover:1" in screen
