"""``git kas lint``: whole output, exit statuses, and what is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import Repo, Run

GOOD = "# t\n\n**Goal:** g\n\n## Wave 1\n\n### Task 1: x\n\na\n"
WARNED = GOOD.replace("**Goal:** g\n\n", "")
WRONG = "# t\n\n## Wave 1\n\n### Task 1 x\n\na\n\n```\n## Wave 2\n"

WARNING = "1: warning: the plan has no goal; write '**Goal:** …' below the title [no_goal]\n"
ERRORS = (
    "3: error: wave 1 has no task; add one or remove the wave [empty_wave]\n",
    "5: error: 'Task 1 x' is not read as '## Wave 1: title' or '### Task 1: title' [unread_header]\n",
    "9: error: this code fence has no end; write '```' where it ends [unclosed_block]\n",
)


def output(path: str, *lines: str) -> str:
    return "".join(f"{path}:{line}" for line in lines)


@pytest.fixture
def plans(repo: Repo) -> Repo:
    repo.commit(
        "plans", {"docs/plans/wrong.md": WRONG, "docs/plans/good.md": GOOD, "docs/plans/warned.md": WARNED}
    )
    return repo


def test_all_plans(kas: Run, plans: Repo) -> None:
    finished = kas("lint", cwd=plans.path)
    wrong = output("docs/plans/wrong.md", WARNING, *ERRORS)
    assert finished.out == output("docs/plans/warned.md", WARNING) + wrong
    assert (finished.status, finished.err) == (1, "")


def test_paths_are_relative_to_the_current_folder(kas: Run, plans: Repo) -> None:
    (plans.path / "src").mkdir()
    assert kas("lint", "warned", cwd=plans.path / "src").out == output("../docs/plans/warned.md", WARNING)
    assert kas("lint", "warned.md", cwd=plans.path / "docs/plans").out == output("warned.md", WARNING)
    assert kas("lint", "warned", cwd=plans.path / "docs/plans").out == output("warned.md", WARNING)


@pytest.mark.parametrize("argument", ["warned", "warned.md", "docs/plans/warned.md", "docs/plans/warned"])
def test_one_plan(kas: Run, plans: Repo, argument: str) -> None:
    finished = kas("lint", argument, cwd=plans.path)
    assert (finished.status, finished.out) == (0, output("docs/plans/warned.md", WARNING))


def test_the_plans_of_this_worktree(kas: Run, plans: Repo) -> None:
    linked = plans.worktree("linked")
    (linked / "docs/plans/wrong.md").unlink()
    (linked / "docs/plans/warned.md").write_text(GOOD)
    finished = kas("lint", cwd=linked)
    assert (finished.status, finished.out, finished.err) == (0, "", "")


def test_the_plans_folder_is_configured(kas: Run, plans: Repo) -> None:
    plans.git("config", "kas.plans", "notes")
    plans.commit("note", {"notes/warned.md": WARNED})
    assert kas("lint", cwd=plans.path).out == output("notes/warned.md", WARNING)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["good"], 0),
        (["warned"], 0),
        (["wrong"], 1),
        (["--strict", "good"], 0),
        (["--strict", "warned"], 1),
        (["good", "wrong"], 1),
    ],
)
def test_exit_status(kas: Run, plans: Repo, arguments: list[str], status: int) -> None:
    assert kas("lint", *arguments, cwd=plans.path).status == status
    assert kas("lint", "--json", *arguments, cwd=plans.path).status == status


def test_json(kas: Run, plans: Repo) -> None:
    finished = kas("lint", "--json", "good", "warned", cwd=plans.path)
    assert finished.data == {
        "findings": [
            {
                "file": "docs/plans/warned.md",
                "line": 1,
                "rule": "no_goal",
                "severity": "warning",
                "message": "the plan has no goal; write '**Goal:** …' below the title",
            }
        ],
        "files": 2,
    }


def test_a_plan_that_is_not_there(kas: Run, plans: Repo) -> None:
    finished = kas("lint", "good", "docs/other.md", cwd=plans.path)
    assert (finished.status, finished.out) == (3, "")
    assert finished.err == (
        "git-kas: There is no plan 'other.md' in docs/plans.\n"
        "git-kas: 'git kas lint' without a name checks every plan that is there.\n"
    )


def test_outside_a_repository_paths_are_checked(kas: Run, tmp_path: Path) -> None:
    (tmp_path / "draft.md").write_text(WRONG)
    finished = kas("lint", "draft.md", cwd=tmp_path)
    assert (finished.status, finished.out) == (1, output("draft.md", WARNING, *ERRORS))
    path = str(tmp_path / "draft.md")
    assert kas("lint", path, cwd=tmp_path).out == output(path, WARNING, *ERRORS)


@pytest.mark.parametrize("arguments", [[], ["draft"], ["other.md"]])
def test_outside_a_repository_there_are_no_plans(kas: Run, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "draft.md").write_text(GOOD)
    finished = kas("lint", *arguments, cwd=tmp_path)
    assert (finished.status, finished.out) == (3, "")
    assert finished.err == (
        f"git-kas: {tmp_path} is not in a Git repository.\ngit-kas: Change to a repository's folder.\n"
    )


def test_a_bare_repository(kas: Run, plans: Repo, tmp_path: Path) -> None:
    plans.git("clone", "-q", "--bare", str(plans.path), str(tmp_path / "bare.git"))
    finished = kas("lint", cwd=tmp_path / "bare.git")
    assert (finished.status, finished.out) == (3, "")
    assert finished.err == (
        f"git-kas: {tmp_path}/bare.git is in no worktree, so there is no plans folder.\n"
        "git-kas: Change to a worktree, or name the path of a file.\n"
    )


def test_what_cannot_be_read_does_not_hide_the_rest(kas: Run, plans: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("## Wave 1 secret\n")
    (plans.path / "docs/plans/link.md").symlink_to(tmp_path / "secret")
    (plans.path / "docs/plans/wrong.md").unlink()
    finished = kas("lint", cwd=plans.path)
    folder = plans.path / "docs/plans"
    assert finished.status == 1
    assert finished.out == (
        f"docs/plans/link.md:1: error: The plan text {folder}/link.md cannot be read: it is a symbolic link"
        " [unreadable]\n" + output("docs/plans/warned.md", WARNING)
    )


def test_nothing_in_a_plan_acts_on_the_terminal(kas: Run, plans: Repo) -> None:
    (plans.path / "docs/plans").joinpath("evil.md").write_text(f"{GOOD}### Task 2 \x1b[31mred\u202e\n")
    finished = kas("lint", "evil", cwd=plans.path)
    assert finished.out == output(
        "docs/plans/evil.md",
        "10: warning: the character U+001B acts on a terminal or hides text; remove it [control_character]\n",
        "10: error: 'Task 2 \\x1b[31mred\\u202e' is not read as '## Wave 1: title' or '### Task 1: title'"
        " [unread_header]\n",
    )
