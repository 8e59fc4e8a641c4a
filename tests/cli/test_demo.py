"""``git kas demo``: every situation is really there, and plain git agrees with every row."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from git_kas.domain.lifecycle import LEGACY_STATUSES
from git_kas.domain.triage import Flag
from support import Run

NOT_STAGED = {
    Flag.MOVED_WORKTREE,  # is seen only from inside the moved folder
    Flag.AMBIGUOUS_DONE,  # is seen only in a flat file, which has no branches
    # These need a store that has begun, which would have mapped the legacy words that are staged:
    Flag.SIGNALS_REJECTED,
    Flag.TEXT_CHANGED,
    Flag.STATE_FILE_DIFFERS,
    Flag.UNDECIDED,
}


class Demo(NamedTuple):
    project: Path
    rows: list[dict[str, Any]]
    data: dict[str, Any]

    def git(self, *arguments: str) -> str:
        finished = subprocess.run(
            ["git", *arguments], cwd=self.project, capture_output=True, check=False, text=True
        )
        return finished.stdout.strip() if finished.returncode == 0 else ""

    def succeeds(self, *arguments: str) -> bool:
        return subprocess.run(["git", *arguments], cwd=self.project, check=False).returncode == 0


@pytest.fixture
def demo(kas: Run, tmp_path: Path) -> Demo:
    data = kas("demo", "--keep", str(tmp_path / "demo"), "--json").data
    return Demo(Path(data["project"]), data["triage"]["rows"], data)


def test_every_situation_has_its_row(demo: Demo) -> None:
    names = {row["plan"] or row["branch"] or row["worktree"] for row in demo.rows}
    assert {situation["row"] for situation in demo.data["situations"]} <= names


def test_every_flag_is_staged(demo: Demo) -> None:
    shown = {flag for row in demo.rows for flag in row["flags"]}
    assert shown == set(Flag) - NOT_STAGED


def test_plain_git_agrees_on_every_branch(demo: Demo) -> None:
    judged = 0
    for row in demo.rows:
        ref = f"refs/heads/{row['branch']}"
        if not row["branch"] or not demo.git("rev-parse", "--verify", "-q", f"{ref}^{{commit}}"):
            assert row["tip"] is row["ahead"] is row["behind"] is row["last_commit"] is None
            assert row["verdict"] in ({"unknown"} if "no_commit" in row["flags"] else {None})
            continue
        counts = demo.git("rev-list", "--left-right", "--count", f"refs/heads/main...{ref}").split()
        assert [row["behind"], row["ahead"]] == [int(count) for count in counts]
        stamp = demo.git("log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%cd", ref)
        assert row["last_commit"] == stamp
        merged = demo.succeeds("merge-base", "--is-ancestor", ref, "refs/heads/main")
        assert (row["verdict"] in {"ancestor", "fresh", None}) == merged
        related = bool(demo.git("merge-base", ref, "refs/heads/main"))
        assert (row["verdict"] == "unrelated") == (not related)
        track = demo.git("for-each-ref", "--format=%(upstream:track)", ref)
        assert ("gone_upstream" in row["flags"]) == (track == "[gone]")
        judged += 1
    assert judged > 15


def test_plain_git_agrees_on_every_worktree(demo: Demo) -> None:
    listed = {
        entry.split("\n")[0].removeprefix("worktree "): entry.split("\n")[1:]
        for entry in demo.git("worktree", "list", "--porcelain").split("\n\n")
    }
    rows = {row["worktree"]: row for row in demo.rows if row["worktree"]}
    assert set(rows) == set(listed)
    for path, row in rows.items():
        lines = listed[path]
        assert any(line.startswith("locked") for line in lines) == ("locked" in row["flags"])
        assert ("detached" in lines) == ("detached" in row["flags"] or "operation" in row["flags"])
        if f"branch refs/heads/{row['branch']}" not in lines:
            assert "detached" in lines
        status = subprocess.run(
            ["git", "-C", path, "status", "--porcelain"], capture_output=True, text=True, check=False
        )
        usable = status.returncode == 0 and row["worktree_details"]["folder"] == "present"
        assert row["dirty"] == (len(status.stdout.splitlines()) if usable else None)


def test_the_state_file_agrees_on_every_plan(demo: Demo) -> None:
    stored = json.loads((demo.project / "docs/plans/plan-state.json").read_text())["plans"]
    rows = {row["plan"]: row for row in demo.rows if row["plan"]}
    assert set(rows) == set(stored)
    for name, row in rows.items():
        word = stored[name]["status"]
        assert row["status"] == LEGACY_STATUSES.get(word, word)
        assert ("legacy_status" in row["flags"]) == (word in LEGACY_STATUSES)
        text = (demo.project / "docs/plans" / name).exists()
        assert ("missing_plan_file" in row["flags"]) == (not text)


def test_it_ends_with_cleanup_undo_and_finish(kas: Run) -> None:
    data = kas("demo", "--json").data
    removed = {(row["kind"], row["name"]) for row in data["cleanup"]["rows"] if row["done"]}
    assert {("branch", "plan/merged"), ("branch", "plan/squashed")} < removed
    assert {kind for kind, _ in removed} == {"branch", "worktree"}
    assert {(item["kind"], item["name"]) for item in data["undo"]["restored"]} == removed
    assert data["undo"]["undone"] == data["cleanup"]["operation"]
    finish = data["finish"]
    assert (finish["branch"], finish["from"], finish["to"]) == ("plan/review", "reviewing", "done")
    assert finish["landed_at"]


def test_a_kept_repository_is_as_triage_saw_it(demo: Demo) -> None:
    assert demo.data["cleanup"] is demo.data["undo"] is demo.data["finish"] is None
    assert not (demo.project / ".git/kas/operations").exists()
    assert demo.succeeds("rev-parse", "-q", "--verify", "refs/heads/plan/review")


def test_it_leaves_nothing_behind(kas: Run, tmp_path: Path) -> None:
    finished = kas("demo", env={"TMPDIR": str(tmp_path)})
    assert finished.status == 0
    assert "has been removed again" in finished.out
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(
    ("variables", "configuration"),
    [
        ({"KAS_STORE": "nosuch://x", "KAS_PROJECT": "x"}, ""),
        ({"GIT_OBJECT_DIRECTORY": "/nonexistent", "GIT_DIR": "/nonexistent"}, ""),
        ({"GIT_ALLOW_PROTOCOL": "none"}, ""),
        ({}, "[kas]\n\tbase = develop\n\tplans = notes\n\treader = nosuch\n"),
        ({}, '[core]\n\texcludesFile = /dev/stdin\n[protocol "file"]\n\tallow = never\n'),
        ({}, "[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = false\n"),
    ],
)
def test_no_setting_of_the_user_reaches_it(
    kas: Run, environment: dict[str, str], variables: dict[str, str], configuration: str
) -> None:
    Path(environment["HOME"], ".gitconfig").write_text(configuration)
    rows = kas("demo", "--json", env=variables).data["triage"]["rows"]
    assert {flag for row in rows for flag in row["flags"]} == set(Flag) - NOT_STAGED


def test_a_folder_of_the_user_survives_a_demo_that_fails(
    kas: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    broken = tmp_path / "bin/git"
    broken.parent.mkdir()
    broken.write_text(
        '#!/bin/sh\ncase "$*" in *commit*) exit 1;; esac\nexec /usr/bin/env -i PATH=$REAL git "$@"\n'
    )
    broken.chmod(0o755)
    real = environment["PATH"]
    finished = kas("demo", "--keep", str(mine), env={"PATH": f"{broken.parent}:{real}", "REAL": real})
    assert finished.status == 1
    assert list(mine.iterdir()) == []


def test_a_folder_that_holds_something_is_refused(kas: Run, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("mine")
    finished = kas("demo", "--keep", str(tmp_path / "full"))
    assert finished.status == 4
    assert (tmp_path / "full/file").read_text() == "mine"
