"""Completion scripts, tried in the shells they are for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from git_kas.cli.commands import COMMANDS
from support import Run, needs_program

TOP = sorted({entry.words[0] for entry in COMMANDS})
PLAN_COMMANDS = sorted(entry.words[1] for entry in COMMANDS if entry.words[0] == "plan")


def shell(program: str, script: str, cwd: Path) -> list[str]:
    needs_program(program)
    executable = shutil.which(program)
    assert executable
    finished = subprocess.run([executable, "-c", script], cwd=cwd, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("git-kas ''", TOP),
        ("git kas ''", TOP),
        ("git kas tri", ["triage"]),
        ("git kas plan ''", PLAN_COMMANDS),
        ("git kas plan list --st", ["--status", "--store"]),
        ("git kas completion z", ["zsh"]),
        ("git kas triage --json --rev", ["--reverse"]),
    ],
)
def test_bash(kas: Run, tmp_path: Path, words: str, expected: list[str]) -> None:
    (tmp_path / "script").write_text(kas("completion", "bash").out)
    script = f"""
        . ./script
        COMP_WORDS=({words})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _git_kas
        echo "${{COMPREPLY[@]}}"
    """
    assert shell("bash", script, tmp_path) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("git-kas ", TOP),
        ("git-kas tri", ["triage"]),
        ("git kas plan ", PLAN_COMMANDS),
        ("git-kas plan list --st", ["--status", "--store"]),
    ],
)
def test_fish(kas: Run, tmp_path: Path, line: str, expected: list[str]) -> None:
    (tmp_path / "script").write_text(kas("completion", "fish").out)
    assert shell("fish", f"source ./script; complete -C '{line}'", tmp_path) == expected


def test_zsh(kas: Run, tmp_path: Path) -> None:
    (tmp_path / "_git-kas").write_text(kas("completion", "zsh").out)
    script = """
        compadd() { shift; print -- "$@" }
        for line in "git-kas " "git-kas plan " "git-kas triage --json "; do
            words=(${(s: :)line} ''); CURRENT=${#words}
            . ./_git-kas
        done
    """
    found = shell("zsh", script, tmp_path)
    assert found[: len(TOP)] == TOP
    assert found[len(TOP) : len(TOP) + len(PLAN_COMMANDS)] == PLAN_COMMANDS
    assert "--reverse" in found


def test_every_option_of_every_command_is_completed(kas: Run) -> None:
    script = kas("completion", "bash").out
    for entry in COMMANDS:
        helped = kas(*entry.words, "-h").out
        options = {word.strip(",.") for word in helped.split() if word.startswith("--")}
        line = next(line for line in script.splitlines() if line.strip().startswith(f"'{entry.name}')"))
        offered = set(line.split("words='")[1].split("'")[0].split())
        assert {option for option in options if option.isascii() and "=" not in option} <= offered
