"""``git kas triage`` in a pipe, compared whole: rows, columns, order, filters."""

from __future__ import annotations

import pytest

from support import Repo, Run

PLANS = {
    "2026-01-01-work.md": {"status": "implementing", "branch": "plan/work", "topic": "api"},
    "2026-01-02-next.md": {"status": "ready", "topic": "api"},
    "2026-01-03-merged.md": {"status": "done", "branch": "plan/merged"},
    "2026-01-04-gone.md": {"status": "cancelled"},
    "2026-01-05-lost.md": {"status": "reviewing", "branch": "plan/lost"},
}

TABLE = """\
plan                  status        moved  branch       ahead  behind  last_commit           worktree  dirty  verdict   flags      next
2026-01-01-work.md    implementing  -      plan/work    1      2       2026-01-01T00:03:00Z  {work}    1      unmerged  stalled    git log --oneline main..plan/work
2026-01-05-lost.md    reviewing     -      plan/lost    -      -       -                     -         -      -         no_branch  git worktree add -b plan/lost .worktrees/plan-lost main
2026-01-02-next.md    ready         -      -            -      -       -                     -         -      -         -          git worktree add -b plan/next .worktrees/plan-next main
-                     -             -      main         0      0       2026-01-01T00:05:00Z  {main}    0      base      -          -
-                     -             -      spare        0      2       2026-01-01T00:02:00Z  -         -      fresh     no_plan    -
2026-01-03-merged.md  done          -      plan/merged  0      1       2026-01-01T00:04:00Z  -         -      ancestor  -          git kas cleanup 2026-01-03-merged.md
2026-01-04-gone.md    cancelled     -      -            -      -       -                     -         -      -         -          -
"""  # noqa: E501 - the output as it is


@pytest.fixture
def stage(repo: Repo) -> Repo:
    repo.commit("plans", {f"docs/plans/{name}": "# plan\n" for name in PLANS})
    repo.git("branch", "spare")
    work = repo.worktree("plan/work")
    repo.commit("work", cwd=work)
    (work / "README.md").write_text("changed\n")
    repo.git("switch", "-q", "-c", "plan/merged")
    repo.commit("merged")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "plan/merged", at=1_767_225_900)
    repo.write_state(PLANS)
    return repo


def fields(text: str) -> list[list[str]]:
    """The fields of each line; paths differ in length from run to run, so the gaps do."""
    return [[field.strip() for field in line.split("  ") if field.strip()] for line in text.splitlines()]


def test_whole_table(kas: Run, stage: Repo) -> None:
    finished = kas("triage", cwd=stage.path)
    assert (finished.status, finished.err) == (0, "")
    assert fields(finished.out) == fields(
        TABLE.format(main=stage.path, work=stage.path.parent / "wt-plan-work")
    )
    lines = finished.out.splitlines()
    place = lines[0].index("status")
    assert all(line[place - 1] == " " != line[place] for line in lines), "columns are aligned"
    assert not any(line.endswith(" ") for line in lines)


def test_settled_plans_are_marked(kas: Run, stage: Repo) -> None:
    rows = kas("triage", "--json", cwd=stage.path).data["rows"]
    assert [row["plan"] for row in rows if row["settled"]] == ["2026-01-04-gone.md"]
    assert kas("triage", cwd=stage.path).out == kas("triage", "--all", cwd=stage.path).out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--status", "ready"], ["2026-01-02-next.md"]),
        (["--status", "ready", "--status", "done"], ["2026-01-02-next.md", "2026-01-03-merged.md"]),
        (["--flag", "no_branch"], ["2026-01-05-lost.md"]),
        (["--flag", "no_branch", "--flag", "no_plan"], ["2026-01-05-lost.md", "spare"]),
        (["--flag", "no_branch", "--status", "ready"], []),
        (["--verdict", "ancestor"], ["2026-01-03-merged.md"]),
        (["--verdict", "fresh"], ["spare"]),
        (["--topic", "api"], ["2026-01-01-work.md", "2026-01-02-next.md"]),
        (["--dirty"], ["2026-01-01-work.md"]),
        (["--open"], ["2026-01-01-work.md", "2026-01-05-lost.md", "2026-01-02-next.md"]),
        (["--open", "--sort", "name"], ["2026-01-01-work.md", "2026-01-02-next.md", "2026-01-05-lost.md"]),
        (["--open", "--sort", "name", "--reverse"],
         ["2026-01-05-lost.md", "2026-01-02-next.md", "2026-01-01-work.md"]),
        (["--sort", "ahead", "--verdict", "unmerged"], ["2026-01-01-work.md"]),
        (["--sort", "behind", "--verdict", "ancestor", "--verdict", "fresh"],
         ["spare", "2026-01-03-merged.md"]),
    ],
)  # fmt: skip
def test_filters_and_order(kas: Run, stage: Repo, arguments: list[str], expected: list[str]) -> None:
    rows = kas("triage", "--json", *arguments, cwd=stage.path).data["rows"]
    assert [row["plan"] or row["branch"] for row in rows] == expected


def test_oldest_first(kas: Run, stage: Repo) -> None:
    rows = kas("triage", "--json", "--sort", "age", cwd=stage.path).data["rows"]
    dates = [row["last_commit"] for row in rows if row["last_commit"]]
    assert dates == sorted(dates)
    assert len(dates) == 4


def test_suggested_commands_run(kas: Run, stage: Repo) -> None:
    """Each suggestion is a command that works as it stands, from the main worktree."""
    rows = kas("triage", "--json", cwd=stage.path).data["rows"]
    suggested = [row["next"] for row in rows if row["next"]]
    assert len(suggested) == 4
    for command in suggested:
        program, *arguments = command.split()
        assert program == "git"
        stage.git(*arguments)
    assert (stage.path / ".worktrees/plan-next").is_dir()


def test_nothing_to_show(kas: Run, stage: Repo) -> None:
    finished = kas("triage", "--topic", "none", cwd=stage.path)
    assert finished.status == 0
    assert fields(finished.out) == [TABLE.splitlines()[0].split()]
