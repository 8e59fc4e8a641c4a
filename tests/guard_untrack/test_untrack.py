"""``git kas init --untrack``: the plans, the index and the file itself."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from guard_untrack.worlds import RULE, TWO_PLANS, OldProject, deadly_git, state
from plan_commands import EARLIER, LONG_AGO
from support import Repo


def test_everything_at_once(project: OldProject) -> None:
    before = project.file.read_bytes()
    done = project.untrack()
    assert project.listed() == TWO_PLANS
    assert [line.split(": ", 1)[1] for line in project.history()[:2]] == [
        "2026-01-01-a.md imported: ready",
        "2026-01-02-b.md imported: reviewing",
    ]
    assert (project.file.read_bytes(), project.file.stat().st_mtime_ns) == (before, LONG_AGO)
    assert project.status_lines() == ["A  .gitignore", f"D  {EARLIER}"]
    assert (project.path / ".gitignore").read_text() == f"{RULE}\n"
    (file,) = done["files"]
    assert (file["path"], file["plans"]["new"]) == (EARLIER, sorted(TWO_PLANS))
    assert done["commit"] == f"git commit -m 'Stop tracking {EARLIER}'"
    assert done["other_staged"] == done["elsewhere"] == done["still_there"] == []


def test_nothing_is_committed_and_the_printed_commit_works(project: OldProject) -> None:
    head = project.repo.git("rev-parse", "HEAD")
    command = project.untrack()["commit"]
    assert project.repo.git("rev-parse", "HEAD") == head
    project.run_shell(command)
    assert project.status_lines() == []
    assert project.repo.git("show", "--format=", "--name-status") == f"A\t.gitignore\nD\t{EARLIER}"


def test_a_dry_run_changes_nothing(project: OldProject) -> None:
    before = project.everything()
    done = project.untrack("--dry-run")
    assert project.everything() == before
    assert done["dry_run"]
    assert done["files"][0]["plans"]["new"] == sorted(TWO_PLANS)
    assert done["ignore"] == [
        {"file": ".gitignore", "rules": [RULE], "written": True, "staged": True, "note": ""}
    ]


def test_a_second_run_finds_nothing_to_do(project: OldProject) -> None:
    first = project.untrack()
    before = project.history()
    again = project.untrack()
    assert project.history() == before
    assert again["files"][0]["plans"]["same"] == sorted(TWO_PLANS)
    assert (again["commit"], again["other_staged"]) == (first["commit"], [])
    assert project.status_lines() == ["A  .gitignore", f"D  {EARLIER}"]


def test_after_the_commit_nothing_is_tracked(project: OldProject) -> None:
    project.run_shell(project.untrack()["commit"])
    finished = project("init", "--untrack")
    assert (finished.status, finished.err) == (0, "")
    assert finished.out.startswith("Nothing is tracked here that the guard keeps out.\n")
    assert project.untrack()["baseline"]["commit"] == project.repo.git("rev-parse", "HEAD")


def test_where_nothing_ever_was_tracked(repo: Repo, environment: dict[str, str]) -> None:
    project = OldProject(repo, environment)
    before = project.everything()
    assert project.out("init", "--untrack") == "Nothing is tracked here that the guard keeps out.\n"
    assert project.everything() == before


def test_what_other_shapes_and_words_say_is_told(project: OldProject) -> None:
    project.file.write_text(json.dumps({"2026-01-03-c.md": {"status": "in_progress"}}))
    finished = project("init", "--untrack")
    assert "'in_progress' is read as 'implementing'" in finished.err
    assert project.listed() == {"2026-01-03-c.md": "implementing"}


def test_what_is_no_plan_is_told(project: OldProject) -> None:
    project("plan", "create", "first")  # the store has begun, and takes over no more than plans
    document = {"plans": {"2026-01-03-c.md": {"status": "ready"}, "notes": {"status": "ready"}}}
    project.file.write_text(json.dumps(document))
    finished = project("init", "--untrack")
    assert finished.status == 0
    assert "no plan name" in finished.err


def test_plans_that_the_store_has_otherwise_keep_its_word(project: OldProject) -> None:
    project("plan", "transition", "2026-01-01-a", "implement_start")
    plans = project.untrack()["files"][0]["plans"]
    assert (plans["new"], plans["different"]) == ([], ["2026-01-01-a.md"])
    assert project.listed()["2026-01-01-a.md"] == "implementing"


def test_plans_that_were_removed_or_renamed_in_the_store_do_not_come_back(project: OldProject) -> None:
    project("plan", "rename", "2026-01-01-a", "2026-01-09-z")
    project.file.write_text(state({**TWO_PLANS, "2026-01-05-e.md": "ready"}))
    plans = project.untrack()["files"][0]["plans"]
    assert (plans["new"], plans["gone"]) == (["2026-01-05-e.md"], ["2026-01-01-a.md"])
    assert sorted(project.listed()) == ["2026-01-02-b.md", "2026-01-05-e.md", "2026-01-09-z.md"]


def test_the_file_was_deleted_and_its_staged_version_counts(project: OldProject) -> None:
    project.file.unlink()
    done = project.untrack()
    assert done["files"][0]["plans"]["source"] == f"{project.repo.git('rev-parse', 'HEAD')}:{EARLIER}"
    assert project.listed() == TWO_PLANS


def test_the_deletion_was_committed_to_the_index_by_hand(project: OldProject) -> None:
    project.repo.git("rm", "-q", "--", EARLIER)
    done = project.untrack()
    assert done["files"][0]["was_in_index"] is False
    assert project.listed() == TWO_PLANS
    assert project.status_lines() == ["A  .gitignore", f"D  {EARLIER}"]


def test_unborn_branch(new_repo: object, environment: dict[str, str]) -> None:
    repo = new_repo("unborn")  # type: ignore[operator]  # a fixture
    project = OldProject(repo, environment)
    project.write("../../" + EARLIER, state(TWO_PLANS))
    repo.git("add", "-A")
    done = project.untrack()
    assert project.listed() == TWO_PLANS
    assert (project.tracked(), done["baseline"]) == ([".gitignore"], None)
    project.run_shell(done["commit"])


def test_other_staged_changes_are_named(project: OldProject) -> None:
    (project.path / "README.md").write_text("# new\n")
    project.repo.git("add", "README.md")
    done = project.untrack()
    assert done["other_staged"] == ["README.md"]
    assert "Also staged, so it would be in that commit, too: README.md." in project("init", "--untrack").out


def test_several_files_in_several_places_and_spellings(project: OldProject) -> None:
    project.repo.commit(
        "more",
        {
            "tools/plan-state.json": state({"2026-01-03-c.md": "ready"}),
            "Deep/er/Plan-State.JSON": state({"2026-01-04-d.md": "done"}),
            "plan-state.json/inner.txt": "no plan\n",
        },
    )
    done = project.untrack()
    paths = ["Deep/er/Plan-State.JSON", EARLIER, "plan-state.json/inner.txt", "tools/plan-state.json"]
    assert [file["path"] for file in done["files"]] == paths
    assert done["files"][2]["plans"] is None
    assert project.listed() == {**TWO_PLANS, "2026-01-03-c.md": "ready", "2026-01-04-d.md": "done"}
    assert project.tracked() == [".gitignore", "README.md"]
    assert (project.path / ".gitignore").read_text().split() == [f"/{path}" for path in paths]
    project.run_shell(done["commit"])
    assert project.status_lines() == []


def test_a_plans_folder_that_is_configured(new_repo: object, environment: dict[str, str]) -> None:
    repo = new_repo("elsewhere")  # type: ignore[operator]  # a fixture
    repo.git("config", "kas.plans", "work/plans")
    repo.commit("plans", {"work/plans/plan-state.json": state(TWO_PLANS)})
    project = OldProject(repo, environment)
    project.untrack()
    assert project.listed() == TWO_PLANS
    assert project.tracked() == [".gitignore"]


def test_names_that_mean_something_to_ignore_rules(project: OldProject) -> None:
    odd = [
        "a [x]*\\/plan-state.json",
        "# b/plan-state.json",
        "!c /plan-state.json",
        "plan-state.json",
        "ä\tö/plan-state.json",
    ]
    project.repo.commit("odd", dict.fromkeys(odd, "{}\n"))
    done = project.untrack()
    assert {file["path"] for file in done["files"]} == {*odd, EARLIER}
    assert project.tracked() == [".gitignore", "README.md"]
    project.run_shell(done["commit"])
    assert project.status_lines() == []
    (project.path / "a xy").mkdir()
    (project.path / "a xy/plan-state.json").write_text("{}")
    assert project.status_lines() == ['?? "a xy/"']


def test_a_link_is_taken_out_and_left_alone(project: OldProject) -> None:
    link = project.path / "more/plan-state.json"
    link.parent.mkdir()
    link.symlink_to("../" + EARLIER)
    project.repo.git("add", "-A")
    project.repo.git("commit", "-qm", "link")
    done = project.untrack()
    assert {file["path"]: file["kind"] for file in done["files"]} == {
        EARLIER: "file",
        "more/plan-state.json": "symlink",
    }
    assert os.readlink(link) == "../" + EARLIER
    assert project.tracked() == [".gitignore", "README.md"]


def test_a_link_to_the_plans_is_followed_by_the_store_alone(
    new_repo: object, environment: dict[str, str], tmp_path: Path
) -> None:
    """The earlier file may be a link: what the store shows through it must be in it before the link goes."""
    target = tmp_path / "kept-elsewhere.json"
    target.write_text(state(TWO_PLANS))
    repo = new_repo("linked")  # type: ignore[operator]  # a fixture
    (repo.path / "docs/plans").mkdir(parents=True)
    (repo.path / EARLIER).symlink_to(target)
    repo.git("add", "-A")
    repo.git("commit", "-qm", "link")
    project = OldProject(repo, environment)
    project.untrack()
    (repo.path / EARLIER).unlink()
    assert project.listed() == TWO_PLANS


def test_an_entry_that_was_only_announced(project: OldProject) -> None:
    other = project.path / "more/plan-state.json"
    other.parent.mkdir()
    other.write_text(state({"2026-01-03-c.md": "ready"}))
    project.repo.git("add", "--intent-to-add", "more/plan-state.json")
    project.untrack()
    assert project.listed() == {**TWO_PLANS, "2026-01-03-c.md": "ready"}
    assert project.tracked() == [".gitignore", "README.md"]
    assert other.exists()


def test_skip_worktree(project: OldProject) -> None:
    project.file.write_text(state({"2026-01-03-c.md": "ready"}))
    project.repo.git("update-index", "--skip-worktree", EARLIER)
    done = project.untrack()
    assert project.listed() == {"2026-01-03-c.md": "ready"}
    assert done["elsewhere"][0]["plans"] == sorted(TWO_PLANS)
    assert project.tracked() == [".gitignore", "README.md"]


@pytest.mark.parametrize("cone", ["--cone", "--no-cone"])
def test_sparse_checkout(project: OldProject, cone: str) -> None:
    project.repo.commit("code", {"src/a.txt": "a\n"})
    project.repo.git("sparse-checkout", "set", cone, "/src/" if cone == "--no-cone" else "src")
    assert not project.file.exists()
    done = project.untrack()
    assert project.listed() == TWO_PLANS
    assert EARLIER not in project.tracked()
    project.run_shell(done["commit"])


def test_sparse_checkout_that_leaves_out_the_ignore_file(project: OldProject) -> None:
    project.repo.commit("code", {"src/a.txt": "a\n", ".gitignore": "*.log\n"})
    project.repo.git("sparse-checkout", "set", "--no-cone", "/src/")
    done = project.untrack()
    assert "a sparse checkout leaves it out" in done["ignore"][0]["note"]
    assert not (project.path / ".gitignore").exists()
    assert EARLIER not in project.tracked()


@pytest.mark.parametrize(
    ("word", "count"), [("check-ignore", 1), ("check-ignore", 2), ("add", 1), ("rm", 1), ("cat-file", 1)]
)
def test_killed_in_between_it_goes_on(project: OldProject, tmp_path: Path, word: str, count: int) -> None:
    path = f"{deadly_git(tmp_path / 'deadly', word, count)}:{project.environment['PATH']}"
    killed = project("init", "--untrack", env={"PATH": path})
    assert killed.status == -9
    done = project.untrack()
    assert project.listed() == TWO_PLANS
    assert project.status_lines() == ["A  .gitignore", f"D  {EARLIER}"]
    assert (project.path / ".gitignore").read_text() == f"{RULE}\n"
    assert (done["commit"], done["other_staged"]) == (f"git commit -m 'Stop tracking {EARLIER}'", [])


def test_from_a_subfolder_and_with_git_dir(project: OldProject) -> None:
    env = {"GIT_DIR": str(project.path / ".git"), "GIT_WORK_TREE": str(project.path)}
    project.untrack(cwd=project.path / "docs", env=env)
    assert project.tracked() == [".gitignore", "README.md"]


def test_sha256_repository(new_repo: object, environment: dict[str, str]) -> None:
    repo = new_repo("sha256", "--object-format=sha256")  # type: ignore[operator]  # a fixture
    project = OldProject.of(repo, environment)
    done = project.untrack()
    assert project.listed() == TWO_PLANS
    assert len(done["baseline"]["commit"]) == 64
