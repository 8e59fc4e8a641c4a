"""``git kas demo``: every situation is really there, and plain git agrees with every row."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from support import Run


@pytest.fixture
def demo(kas: Run, tmp_path: Path) -> tuple[Path, list[dict[str, Any]], dict[str, Any]]:
    data = kas("demo", "--keep", str(tmp_path / "demo"), "--json").data
    return Path(data["project"]), data["triage"]["rows"], data


def git(project: Path, *arguments: str) -> str:
    finished = subprocess.run(["git", *arguments], cwd=project, capture_output=True, check=False, text=True)
    return finished.stdout.strip()


def test_every_situation_has_its_row(demo: tuple[Path, list[dict[str, Any]], dict[str, Any]]) -> None:
    _, rows, data = demo
    names = {row["plan"] or row["branch"] or row["worktree"] for row in rows}
    assert {situation["row"] for situation in data["situations"]} <= names


def test_plain_git_agrees_with_every_row(demo: tuple[Path, list[dict[str, Any]], dict[str, Any]]) -> None:
    project, rows, _ = demo
    merged = git(project, "branch", "--merged", "main", "--format=%(refname:short)").split("\n")
    assert len(rows) > 20
    for row in rows:
        branch = row["branch"]
        exists = bool(branch) and git(project, "rev-parse", "--verify", "-q", f"refs/heads/{branch}")
        if not exists:
            assert row["tip"] is row["ahead"] is row["behind"] is row["last_commit"] is row["verdict"] is None
            continue
        counts = git(project, "rev-list", "--left-right", "--count", f"main...{branch}").split()
        assert [row["behind"], row["ahead"]] == [int(count) for count in counts]
        stamp = git(project, "log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%cd", branch)
        assert row["last_commit"] == stamp
        assert (row["verdict"] in {"ancestor", "fresh", None}) == (branch in merged)
