"""Agents report by signals in real worktrees; the program applies them to the real store."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from support import GIT_KAS, Finished, Repo, Run

FOLDERS = ["docs/plans/.signals", ".kasmos/signals"]


@pytest.fixture
def project(repo: Repo, kas: Run) -> Repo:
    """Plan a is being implemented on plan/a, in a worktree of its own."""
    kas("plan", "create", "a", cwd=repo.path)
    kas("plan", "transition", "a", "implement_start", cwd=repo.path)
    repo.worktree("plan/a")
    return repo


def linked(repo: Repo) -> Path:
    return repo.path.parent / "wt-plan-a"


def leave(worktree: Path, name: str, text: str = "", folder: str = FOLDERS[0]) -> Path:
    path = worktree / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def status(kas: Run, repo: Repo, plan: str = "a.md") -> str:
    plans = kas("plan", "list", "--json", cwd=repo.path).data
    return next(str(known["status"]) for known in plans if known["filename"] == plan)


def history(kas: Run, repo: Repo) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kas("plan", "history", "--json", cwd=repo.path).data
    return found


def done(finished: Finished, *lines: str, err: str = "", exit_status: int = 0) -> None:
    """The whole output of a run."""
    expected = (exit_status, "".join(f"{line}\n" for line in lines), err)
    assert (finished.status, finished.out, finished.err) == expected


# -- one signal ----------------------------------------------------------------------------------------------


def test_from_report_to_status(kas: Run, project: Repo) -> None:
    here = linked(project)
    head = project.git("rev-parse", "HEAD", cwd=here)
    path = here / FOLDERS[0] / "implement-finished-a.md"
    done(kas("signal", "implement-finished", "-m", "all of it", cwd=here), str(path))
    assert path.read_text() == f"Kas-Signal: 1\nKas-Round: 0\nKas-Head: {head}\n\nall of it\n"
    done(
        kas("signals", "apply", cwd=project.path),
        f"a.md: implementing → reviewing (implement_finished, {here})",
    )
    done(kas("signals", "apply", cwd=here))
    assert status(kas, project) == "reviewing"
    entry = history(kas, project)[-1]
    assert (entry["actor"], entry["by"], entry["note"]) == ("agent", "wt-plan-a", "all of it")
    assert project.git("status", "--porcelain", cwd=here) == ""
    assert list((here / FOLDERS[0]).iterdir()) == [here / FOLDERS[0] / ".gitignore"]


def test_json_of_a_report(kas: Run, project: Repo) -> None:
    here = linked(project)
    data = kas("signal", "implement_task_finished", "a", "--wave", "2", "--task", "3", "--json", cwd=here).data
    path = str(here / FOLDERS[0] / "implement-task-finished-w2-t3-a.md")
    head = project.git("rev-parse", "HEAD")
    assert data == {
        "plan": "a.md",
        "event": "implement_task_finished",
        "wave": 2,
        "task": 3,
        "round": 0,
        "head": head,
        "path": path,
    }


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("where", ["main", "linked"])
@pytest.mark.parametrize("name", ["implement-finished-a", "implement-finished-a.md"])
def test_every_folder_of_every_worktree(kas: Run, project: Repo, folder: str, where: str, name: str) -> None:
    worktree = project.path if where == "main" else linked(project)
    path = leave(worktree, name, folder=folder)
    line = f"a.md: implementing → reviewing (implement_finished, {worktree})"
    done(kas("signals", "apply", cwd=linked(project)), line)
    assert not path.exists()


def test_the_configured_plans_folder(kas: Run, project: Repo) -> None:
    project.git("config", "kas.plans", "notes")
    assert kas("signal", "implement_finished", "a", cwd=project.path).out.endswith(
        "/notes/.signals/implement-finished-a.md\n"
    )
    assert kas("signals", "apply", cwd=project.path).status == 0
    assert status(kas, project) == "reviewing"


def test_a_text_from_a_file_or_a_pipe(project: Repo, kas: Run, environment: dict[str, str]) -> None:
    leave(project.path, "findings.md", "- wrong\n", "sub")
    assert kas("signal", "implement_finished", "a", "-F", "findings.md", cwd=project.path / "sub").status == 0
    path = project.path / FOLDERS[0] / "implement-finished-a.md"
    assert path.read_text().endswith("\n\n- wrong\n")
    path.unlink()
    command = [str(GIT_KAS), "signal", "implement_finished", "a", "-F", "-"]
    subprocess.run(command, cwd=project.path, env=environment, input=b"piped \xff", check=True)
    assert path.read_text().endswith("\n\npiped \ufffd\n")


def test_a_new_plan_comes_with_its_text(kas: Run, repo: Repo) -> None:
    here = repo.worktree("planning")
    leave(here, "2026-01-01-new.md", "# Something new\n", "docs/plans")
    finished = kas("signal", "planner_finished", "docs/plans/2026-01-01-new.md", cwd=here)
    assert finished.err == (
        "git-kas: warning: The plan 2026-01-01-new.md is not registered yet; this signal will register it.\n"
    )
    line = f"2026-01-01-new.md: planning → ready (planner_finished, {here})"
    done(kas("signals", "apply", cwd=repo.path), line)
    shown = kas("plan", "show", "2026-01-01-new", "--json", cwd=repo.path).data
    assert (shown["plan"]["status"], shown["text"]) == ("ready", "# Something new\n")
    assert (shown["text_from"], shown["plan"]["description"]) == ("store", "Something new")


# -- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "exit_status", "message"),
    [
        (["cancel", "a"], 9, "Only a user may apply 'cancel', and signals are sent by agents."),
        (["plan_start", "a"], 2, "'plan_start' is not reported by a signal."),
        (["nonsense", "a"], 2, "'nonsense' is no signal."),
        (["implement_finished", "nonsense"], 3, "plan not found: nonsense.md"),
        (["implement_finished"], 3, "No plan belongs to the branch 'main'."),
        (["implement_wave", "a"], 2, "The signal 'implement_wave' needs a wave from 1 to 999."),
        (["implement_finished", "a", "--wave", "1"], 2, "The signal 'implement_finished' has no wave."),
        (["review_approved", "a", "-m", "x", "-F", "y"], 2, "git kas signal: argument -F/--file: not allowed"),
    ],
)
def test_reports_that_are_refused(
    kas: Run, project: Repo, arguments: list[str], exit_status: int, message: str
) -> None:
    finished = kas("signal", *arguments, cwd=project.path)
    assert (finished.status, finished.out) == (exit_status, "")
    assert finished.err.startswith(f"git-kas: {message}")
    assert not (project.path / FOLDERS[0]).exists()


def test_another_text_while_one_is_waiting(kas: Run, project: Repo) -> None:
    for message, exit_status in (("one", 0), ("one", 0), ("two", 4)):
        assert kas("signal", "review_changes", "-m", message, cwd=linked(project)).status == exit_status
    assert (linked(project) / FOLDERS[0] / "review-changes-a.md").read_text().endswith("one\n")


def test_a_branch_of_several_plans_names_none(kas: Run, project: Repo) -> None:
    kas("plan", "create", "b", "--branch", "plan/a", cwd=project.path)
    finished = kas("signal", "implement_finished", cwd=linked(project))
    assert (finished.status, finished.err.splitlines()[0]) == (
        2,
        "git-kas: Several plans belong to the branch 'plan/a': a.md, b.md.",
    )


def test_no_worktree_no_report(kas: Run, project: Repo, tmp_path: Path) -> None:
    project.git("clone", "-q", "--bare", str(project.path), str(tmp_path / "bare.git"))
    assert kas("signal", "implement_finished", "a", cwd=tmp_path / "bare.git").status == 3
    done(kas("signals", "apply", cwd=tmp_path / "bare.git"))
    done(kas("signals", "list", cwd=tmp_path / "bare.git"))


# -- rejected ones -------------------------------------------------------------------------------------------


def test_rejected_listed_retried_and_purged(kas: Run, project: Repo) -> None:
    here = linked(project)
    kas("signal", "review_changes", "-m", "important", cwd=here)
    finished = kas("signals", "apply", cwd=here)
    done(
        finished,
        f"a.md: rejected (review_changes_requested, {here}): 'review_changes_requested' is not valid in status"
        " 'implementing'. Valid events: implement_finished.",
        exit_status=1,
    )
    (row,) = kas("signals", "list", "--json", cwd=here).data
    assert (row["state"], row["plan"], row["worktree"]) == ("rejected", "a.md", str(here))
    assert Path(row["path"]).read_text().endswith("\n\nimportant\n")
    assert Path(row["path"]).is_relative_to(project.path / ".git/kas/signals/rejected")
    short = row["id"][:12]

    kas("plan", "transition", "a", "implement_finished", cwd=here)
    done(
        kas("signals", "retry", short[:6], cwd=project.path),
        f"{short}  a.md: will be judged anew (review_changes_requested, {here})",
    )
    assert [row["state"] for row in kas("signals", "list", "--json", cwd=here).data] == ["processing"]
    finished = kas("signals", "apply", cwd=here)
    done(
        finished,
        f"a.md: rejected (review_changes_requested, {here}): It is for round 0; the plan is in round 1.",
        exit_status=1,
    )
    (row,) = kas("signals", "list", "--json", cwd=here).data
    line = f"{row['id'][:12]}  a.md: would be removed (review_changes_requested, {here})"
    done(kas("signals", "purge", cwd=here), line)
    done(kas("signals", "purge", "--older-than", "1", "--execute", cwd=here))
    assert len(kas("signals", "list", "--json", cwd=here).data) == 1
    done(kas("signals", "purge", "--execute", cwd=here), line.replace("would be removed", "removed"))
    done(kas("signals", "list", cwd=here))


def test_retry_after_the_plan_was_put_right(kas: Run, project: Repo) -> None:
    leave(project.path, "implement-finished-b.md", "made")
    assert kas("signals", "apply", cwd=project.path).status == 1
    kas("plan", "create", "b", cwd=project.path)
    kas("plan", "transition", "b", "implement_start", cwd=project.path)
    assert kas("signals", "retry", "--all", cwd=project.path).status == 0
    done(
        kas("signals", "apply", cwd=project.path),
        f"b.md: implementing → reviewing (implement_finished, {project.path})",
    )
    assert history(kas, project)[-1]["note"] == "made"
    done(kas("signals", "retry", "--all", cwd=project.path))


def test_contradicting_verdicts(kas: Run, project: Repo) -> None:
    kas("plan", "transition", "a", "implement_finished", cwd=project.path)
    kas("signal", "review_approved", "a", cwd=project.path)
    kas("signal", "review_changes", "a", "-m", "no", cwd=linked(project))
    finished = kas("signals", "apply", "--json", cwd=project.path)
    assert (finished.status, [one["handling"] for one in finished.data["handled"]]) == (1, ["rejected"] * 2)
    assert status(kas, project) == "reviewing"
    changes = next(
        row["id"]
        for row in kas("signals", "list", "--json", cwd=project.path).data
        if "changes" in row["event"]
    )
    kas("signals", "retry", changes, cwd=project.path)
    assert kas("signals", "apply", cwd=project.path).status == 0
    assert status(kas, project) == "implementing"


def test_what_is_no_signal_is_left_alone(kas: Run, project: Repo) -> None:
    here = project.path
    kept = [leave(here, name) for name in ("README", "coder-finished-a.md", "implement-wave-1-a.md")]
    done(
        kas("signals", "apply", cwd=here),
        f"a.md: waits for the watcher (implement_wave, {here})",
        err=f"git-kas: warning: {here}, coder-finished-a.md: no signal is called so;"
        " implement-finished-a.md was probably meant.\n",
    )
    assert all(path.exists() for path in kept)
    states = [row["state"] for row in kas("signals", "list", "--json", cwd=here).data]
    assert sorted(states) == ["for_watcher", "near_miss", "unknown"]


def test_a_link_in_a_worktree_leads_nowhere(kas: Run, project: Repo, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target = leave(tmp_path / "elsewhere", "implement-finished-a.md", folder=".")
    (project.path / ".kasmos").mkdir()
    (project.path / ".kasmos/signals").symlink_to(tmp_path / "elsewhere")
    finished = kas("signals", "apply", cwd=project.path)
    assert (finished.status, finished.out) == (0, "")
    assert "is not in the worktree" in finished.err
    assert os.listdir(target.parent) == [target.name]


def test_nothing_in_a_name_acts_on_the_terminal(kas: Run, project: Repo) -> None:
    leave(project.path, "review-approved-\x1b[31mred")
    finished = kas("signals", "apply", cwd=project.path)
    assert (finished.status, "\x1b" in finished.out, "\\x1b[31mred" in finished.out) == (1, False, True)
    assert "\x1b" not in kas("signals", "list", cwd=project.path).out


def test_an_unusable_store_leaves_signals_where_they_are(kas: Run, project: Repo) -> None:
    path = leave(project.path, "implement-finished-a.md", "text")
    (project.path / ".git/kas/plan-state.json").write_text("{")
    finished = kas("signals", "apply", cwd=project.path)
    assert (finished.status, finished.out) == (1, "")
    assert path.read_text() == "text"


# -- many at once, and death ---------------------------------------------------------------------------------


def many(kas: Run, repo: Repo, count: int) -> None:
    """A signal for each of many plans, spread over the worktrees and folders."""
    plans = {
        f"p{number:04}.md": {"status": "implementing", "created_at": "2026-01-01T00:00:00Z"}
        for number in range(count)
    }
    (repo.path / "many.json").write_text(json.dumps({"plans": plans}))
    assert kas("import", "many.json", cwd=repo.path).status == 0
    for number, plan in enumerate(plans):
        worktree = repo.path if number % 2 else linked(repo)
        leave(worktree, f"implement-finished-{plan}", f"text of {plan}", FOLDERS[number % 4 // 2])


def assert_each_counted_once(kas: Run, repo: Repo, count: int) -> None:
    notes = Counter(entry["note"] for entry in history(kas, repo) if entry["event"] == "implement_finished")
    assert notes == {f"text of p{number:04}.md": 1 for number in range(count)}
    assert kas("signals", "list", "--json", cwd=repo.path).data == []


def start_apply(repo: Repo, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(GIT_KAS), "signals", "apply"],
        cwd=repo.path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_many_programs_at_once(kas: Run, project: Repo, environment: dict[str, str]) -> None:
    many(kas, project, 60)
    processes = [start_apply(project, environment) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    assert_each_counted_once(kas, project, 60)


def test_killed_again_and_again(kas: Run, project: Repo, environment: dict[str, str]) -> None:
    count = 400
    many(kas, project, count)
    processing = project.path / FOLDERS[0] / "processing"
    killed = 0
    for pause in range(6):
        process = start_apply(project, environment)
        while process.poll() is None and not processing.exists():
            time.sleep(0.001)
        time.sleep(pause * 0.02)
        process.kill()
        killed += process.wait() != 0
    finished = kas("signals", "apply", cwd=project.path)
    assert (finished.status, finished.err) == (0, "")
    assert killed
    assert_each_counted_once(kas, project, count)
