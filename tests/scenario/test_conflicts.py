"""Whether a branch would conflict with its base: what is said, and what a real ``git merge`` does."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scenario.conflict_cases import CASES, OWN, TOP, TOP_TOO, Build, Ends
from scenario.rows import configuration, differences, listing
from scenario.verdict_corpus import History
from support import Run

FLAG = "base_conflicts"


def row(kas: Run, history: History, branch: str = "side", **env: str) -> dict[str, Any]:
    rows = kas("triage", "--json", cwd=history.path, env=env).data["rows"]
    (found,) = [row for row in rows if row["branch"] == branch]
    return dict(found)


def said(kas: Run, history: History, **env: str) -> bool | None:
    """What triage says; its flag says the same."""
    found = row(kas, history, **env)
    assert found["verdict"] in {"unmerged", "partial"}
    assert (FLAG in found["flags"]) == (found["conflicts"] is True)
    conflicts: bool | None = found["conflicts"]
    return conflicts


def merge_stops(history: History, folder: Path) -> bool:
    """Merge really, in a worktree of main."""
    history.git("worktree", "add", "-q", "--detach", str(folder), "main")
    finished = subprocess.run(
        ["git", "merge", "--no-edit", "side"],
        cwd=folder,
        env=history._environment,
        capture_output=True,
        check=False,
    )
    unmerged = history.git("ls-files", "--unmerged", cwd=folder)
    assert finished.returncode == bool(unmerged), finished
    return bool(unmerged)


@pytest.mark.parametrize(("build", "ends"), CASES, ids=[build.__name__ for build, _ in CASES])
def test_what_is_said_is_what_a_merge_does(
    kas: Run, history: History, tmp_path: Path, build: Build, ends: Ends
) -> None:
    build(history)
    conflicts = said(kas, history)
    assert merge_stops(history, tmp_path / "merging") is conflicts
    assert conflicts is (ends is Ends.CONFLICT)


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 40
    assert len({build.__name__ for build, _ in CASES}) == len(CASES)


def test_an_answer_does_not_depend_on_the_folder_that_is_asked_in(kas: Run, history: History) -> None:
    """Git takes attributes from the folder it is started in unless it is told otherwise."""
    history.put({"deep/.gitattributes": "*.txt merge=union\n"})
    history.side(TOP)
    history.put(TOP_TOO)
    finished = kas("verdict", "side", "--json", cwd=history.path / "deep")
    assert finished.data[0]["conflicts"] is True


# -- who is asked --------------------------------------------------------------------------------------------


def test_a_branch_that_has_landed_is_not_merged_again(kas: Run, history: History) -> None:
    history.side(TOP)
    history.squash()
    history.put(TOP_TOO)
    found = row(kas, history)
    assert (found["verdict"], found["now"], found["conflicts"]) == ("landed", "edited", None)
    assert FLAG not in found["flags"]


def test_the_local_base_counts(kas: Run, history: History) -> None:
    history.side(TOP)
    history.on("server")
    history.put(TOP_TOO)
    history.main()
    history.git("update-ref", "refs/remotes/origin/main", "server")
    history.git("branch", "-q", "-D", "server")
    history.git("remote", "add", "origin", "/nowhere")
    history.git("config", "branch.main.remote", "origin")
    history.git("config", "branch.main.merge", "refs/heads/main")
    assert said(kas, history) is False
    history.git("reset", "-q", "--hard", "origin/main")
    assert said(kas, history) is True


def test_answers_follow_base_and_branch(kas: Run, history: History) -> None:
    history.side(TOP)
    assert said(kas, history) is False
    history.put(TOP_TOO)
    assert said(kas, history) is True
    history.side({**TOP_TOO, **OWN})
    assert said(kas, history) is False
    history.git("branch", "-f", "side", "side~1")
    assert said(kas, history) is True
    history.git("reset", "-q", "--hard", "main~1")
    assert said(kas, history) is False


def test_it_is_explained(kas: Run, history: History) -> None:
    def explained() -> str:
        return kas("verdict", "side", "--explain", cwd=history.path).out

    history.side(TOP)
    assert "can be merged into the base as it is now without conflicts" in explained()
    history.put(TOP_TOO)
    assert "into the base as it is now would stop at conflicts" in explained()


# -- what nobody knows ---------------------------------------------------------------------------------------


def test_what_a_driver_of_the_user_decides_is_not_known(kas: Run, history: History, tmp_path: Path) -> None:
    """It is not run; where other paths conflict anyway, or it is not asked, the answer stands."""
    ran = tmp_path / "ran"
    history.git("config", "merge.my = own.driver", f"touch '{ran}'")
    history.put({".gitattributes": "story.txt merge=my\\ =\\ own\n*.md merge=own\n"})
    history.git("config", "merge.own.driver", f"touch '{ran}'")
    history.put({"notes.md": "1\n", "plain.txt": "1\n"})
    history.side({"notes.md": "2\n"})
    history.put({"notes.md": "3\n"})
    assert said(kas, history) is None
    history.side({"plain.txt": "2\n"})
    history.put({"plain.txt": "3\n"})
    assert said(kas, history) is True
    history.git("branch", "-f", "side", "main~2")
    history.side(OWN)
    assert said(kas, history) is False
    assert not ran.exists()


def wrapped_git(tmp_path: Path, environment: dict[str, str], script: str) -> str:
    """The value of PATH with a ``git`` of ours, which goes on as ``"$REAL" "$@"``."""
    real = shutil.which("git", path=environment["PATH"])
    program = tmp_path / "wrapped/git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nREAL=\'{real}\'\n{script}\nexec "$REAL" "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{environment['PATH']}"


def test_an_older_git_does_not_know(
    kas: Run, history: History, tmp_path: Path, environment: dict[str, str]
) -> None:
    refuse = 'for word; do if [ "$word" = --stdin ]; then stdin=1; fi; done\n'
    refuse += 'for word; do if [ "$word$stdin" = merge-tree1 ]; then echo usage >&2; exit 129; fi; done'
    path = wrapped_git(tmp_path, environment, refuse)
    history.side(TOP)
    history.put(TOP_TOO)
    history.side(OWN, name="plain")
    finished = kas("triage", cwd=history.path, env={"PATH": path})
    assert (finished.status, finished.err) == (0, "")
    assert said(kas, history, PATH=path) is None
    assert row(kas, history, "plain", PATH=path)["conflicts"] is False
    explained = kas("verdict", "side", "--explain", cwd=history.path, env={"PATH": path}).out
    assert "is not known" in explained


def test_a_partial_clone_does_not_know(kas: Run, history: History, tmp_path: Path) -> None:
    history.side(TOP)
    history.put(TOP_TOO)
    history.git("config", "uploadpack.allowFilter", "true")
    clone = History(tmp_path / "clone", history._environment)
    history.git("clone", "-q", "--filter=blob:none", "--no-checkout", history.path.as_uri(), str(clone.path))
    clone.git("branch", "-q", "--no-track", "side", "origin/side")
    before = listing(clone.path / ".git/objects")
    assert row(kas, clone)["conflicts"] is None
    assert differences(before, listing(clone.path / ".git/objects")) == []


# -- what it costs, and leaves -------------------------------------------------------------------------------


@pytest.fixture
def busy(history: History) -> History:
    """Five branches that conflict and five that do not."""
    history.put({f"{number}.txt": "1\n" for number in range(5)})
    for number in range(5):
        history.side({f"{number}.txt": "2\n"}, name=f"conflicts-{number}")
        history.side({f"clean-{number}.txt": "2\n"}, name=f"clean-{number}")
    history.put({f"{number}.txt": "3\n" for number in range(5)})
    return history


@pytest.mark.parametrize("name", ["TMPDIR", "UNRELATED"])
def test_nothing_is_left_behind(kas: Run, busy: History, tmp_path: Path, name: str) -> None:
    """Neither in the folder for temporary files nor, where none is named, in memory."""
    places = [tmp_path / "tmp", Path("/dev/shm")]
    places[0].mkdir()
    before, counted = listing(busy.path), busy.git("count-objects", "-v")
    others = {path for place in places for path in place.glob("git-kas-*")}
    rows = kas("verdict", "--json", "--explain", cwd=busy.path, env={name: str(places[0])}).data
    assert sum(row["conflicts"] is True for row in rows) == 5
    assert sum(row["conflicts"] is False for row in rows) == 5
    assert busy.git("count-objects", "-v") == counted
    assert differences(before, listing(busy.path)) == []
    assert not {path for place in places for path in place.glob("git-kas-*")} - others


def test_one_process_merges_and_later_none(
    kas: Run, busy: History, tmp_path: Path, environment: dict[str, str]
) -> None:
    log = tmp_path / "log"
    path = wrapped_git(tmp_path, environment, f"for word; do echo \"$word\"; done >>'{log}'")

    def merges() -> int:
        log.write_text("")
        rows = kas("triage", "--json", cwd=busy.path, env={"PATH": path}).data["rows"]
        assert sum(FLAG in row["flags"] for row in rows) == 5
        return log.read_text().split("\n").count("merge-tree")

    assert [merges(), merges()] == [1, 0]
    busy.side({"one-more.txt": "1\n"}, name="one-more")
    assert merges() == 0
    busy.side({"4.txt": "2\n"}, name="clean-4")
    busy.side({"4.txt": "1\n"}, name="clean-4")
    busy.put({"one-more-commit.txt": "1\n"})
    assert [merges(), merges()] == [1, 0]


def test_cleanup_tries_no_merge_for_what_it_removes(
    kas: Run, busy: History, tmp_path: Path, environment: dict[str, str]
) -> None:
    log = tmp_path / "log"
    path = wrapped_git(tmp_path, environment, f"for word; do echo \"$word\"; done >>'{log}'")
    assert kas("cleanup", "--execute", cwd=busy.path, env={"PATH": path}).status == 0
    assert "merge-tree" not in log.read_text().split("\n")


def test_settings_of_one_run_count(kas: Run, history: History) -> None:
    history.side(TOP)
    history.put(TOP_TOO)
    assert said(kas, history, **configuration(merge__default="union")) is False
