"""``git kas where`` gives one answer wherever in a repository it is asked (DESIGN 4 and 11)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scenario.rows import Triage, configuration
from support import GIT_KAS, Finished, Repo, Run

ONE_TRUTH = ("store", "project", "base", "plans", "repository")
NewRepo = Callable[..., Repo]


def where(kas: Run, cwd: Path, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What every place of a repository must agree on."""
    data = kas("where", "--json", cwd=cwd, env=env).data
    return {key: data[key] for key in ONE_TRUTH}


@dataclass
class Git:
    """``git *arguments kas where --json``, as people type it."""

    environment: dict[str, str]

    def where(self, *arguments: str, cwd: Path) -> dict[str, Any]:
        finished = subprocess.run(
            ["git", *arguments, "kas", "where", "--json"],
            cwd=cwd,
            env=self.environment,
            capture_output=True,
            check=False,
        )
        assert finished.returncode == 0, finished
        data = json.loads(finished.stdout)["data"]
        return {key: data[key] for key in ONE_TRUTH}


@pytest.fixture
def git(environment: dict[str, str]) -> Git:
    return Git(environment)


@pytest.fixture
def linked(repo: Repo) -> Path:
    return repo.worktree("side")


def expected(repo: Repo, project: str = "repo") -> dict[str, Any]:
    common_dir = repo.git("rev-parse", "--path-format=absolute", "--git-common-dir")
    return {
        "store": "json",
        "project": project,
        "base": "main",
        "plans": "docs/plans",
        "repository": common_dir,
    }


# -- places ------------------------------------------------------------------------------------------------

PLACES = [
    "repo",
    "repo/some/folder",
    "repo/.git",
    "repo/.git/refs/heads",
    "repo/.git/worktrees/wt-side",
    "wt-side",
    "wt-side/some/folder",
]


@pytest.mark.parametrize("place", PLACES)
def test_every_place_gives_the_same_answer(
    repo: Repo, kas: Run, linked: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    assert where(kas, tmp_path / place) == expected(repo)


@pytest.mark.parametrize("place", ["repo", "wt-side", "repo/docs"])
def test_symbolic_link_to_a_place(repo: Repo, kas: Run, linked: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / "link").symlink_to(tmp_path / place)
    answer = where(kas, tmp_path / "link", {"PWD": str(tmp_path / "link")})
    assert answer == expected(repo)


def test_moved_worktree_gives_the_same_answer(repo: Repo, kas: Run, linked: Path, tmp_path: Path) -> None:
    linked.rename(tmp_path / "moved")
    assert where(kas, tmp_path / "moved") == expected(repo)


@pytest.mark.parametrize(
    "place", ["bare.git", "bare.git/refs/heads", "wt", "wt/below", "bare.git/worktrees/wt"]
)
def test_bare_repository(repo: Repo, kas: Run, tmp_path: Path, place: str) -> None:
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    bare = Repo(tmp_path / "bare.git", repo._environment)
    bare.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "wt"))
    (tmp_path / "wt/below").mkdir()
    assert where(kas, tmp_path / place) == expected(bare, project="bare")


@pytest.mark.parametrize("place", ["", ".git", "one", "one/below"])
def test_bare_repository_in_a_project_folder(repo: Repo, kas: Run, tmp_path: Path, place: str) -> None:
    project = tmp_path / "project"
    repo.git("clone", "-q", "--bare", str(repo.path), str(project / ".git"))
    bare = Repo(project / ".git", repo._environment)
    bare.git("worktree", "add", "-q", "-b", "side", str(project / "one"))
    (project / "one/below").mkdir()
    assert where(kas, project / place) == expected(bare, project="project")


@pytest.mark.parametrize(
    "place", ["super/module", "super/module/below", "super/.git/modules/module", "wt-module"]
)
def test_submodule_is_a_repository_of_its_own(
    repo: Repo, new_repo: NewRepo, kas: Run, tmp_path: Path, place: str
) -> None:
    outer = new_repo("super")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo.path), "module")
    module = Repo(outer.path / "module", repo._environment)
    module.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "wt-module"))
    (module.path / "below").mkdir()
    assert where(kas, tmp_path / place) == expected(module, project="module")


@pytest.mark.parametrize("place", ["main", "wt"])
def test_separate_git_dir(new_repo: NewRepo, kas: Run, tmp_path: Path, place: str) -> None:
    repo = new_repo("main", "--separate-git-dir", str(tmp_path / "elsewhere.git"))
    repo.commit()
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "wt"))
    answers = [where(kas, folder) for folder in (tmp_path / place, tmp_path / "elsewhere.git")]
    assert answers[0] == answers[1]


def test_nested_repository_is_not_the_outer_one(repo: Repo, kas: Run) -> None:
    repo.git("init", "-q", "inner")
    assert where(kas, repo.path / "inner")["repository"] == str(repo.path / "inner/.git")


def test_project_configured_in_git_counts_everywhere(repo: Repo, kas: Run, linked: Path) -> None:
    repo.git("config", "kas.project", "athena")
    assert where(kas, repo.path) == where(kas, linked) == expected(repo, project="athena")


# -- GIT_DIR and options of git ----------------------------------------------------------------------------


@pytest.mark.parametrize("git_dir", ["repo/.git", "wt-side/.git", "repo/.git/worktrees/wt-side"])
@pytest.mark.parametrize("cwd", ["", "repo", "wt-side", "repo/docs"])
def test_git_dir(repo: Repo, kas: Run, linked: Path, tmp_path: Path, git_dir: str, cwd: str) -> None:
    (tmp_path / cwd).mkdir(exist_ok=True)
    assert where(kas, tmp_path / cwd, {"GIT_DIR": str(tmp_path / git_dir)}) == expected(repo)


@pytest.mark.parametrize("work_tree", ["repo", "elsewhere", "wt-side"])
def test_git_dir_with_work_tree(repo: Repo, kas: Run, linked: Path, tmp_path: Path, work_tree: str) -> None:
    (tmp_path / work_tree).mkdir(exist_ok=True)
    env = {"GIT_DIR": str(repo.path / ".git"), "GIT_WORK_TREE": str(tmp_path / work_tree)}
    assert where(kas, tmp_path, env) == expected(repo)


def test_relative_git_dir(repo: Repo, kas: Run, tmp_path: Path) -> None:
    assert where(kas, tmp_path, {"GIT_DIR": "repo/.git", "GIT_WORK_TREE": "repo"}) == expected(repo)
    assert where(kas, repo.path, {"GIT_DIR": ".git"}) == expected(repo)


def test_git_dir_outranks_the_current_folder(repo: Repo, new_repo: NewRepo, kas: Run) -> None:
    other = new_repo("other")
    assert where(kas, other.path, {"GIT_DIR": str(repo.path / ".git")}) == expected(repo)


def test_git_dir_of_a_bare_repository(repo: Repo, kas: Run, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    bare = Repo(tmp_path / "bare.git", repo._environment)
    assert where(kas, tmp_path, {"GIT_DIR": "bare.git"}) == expected(bare, project="bare")


OPTIONS = [
    ["--git-dir=repo/.git"],
    ["--git-dir=repo/.git", "--work-tree=repo"],
    ["--git-dir=wt-side/.git"],
    ["-C", "repo"],
    ["-C", "wt-side"],
    ["-C", "repo/.git"],
    ["-C", "repo", "--git-dir=.git"],
]


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_options_of_git(repo: Repo, git: Git, linked: Path, tmp_path: Path, options: list[str]) -> None:
    assert git.where(*options, cwd=tmp_path) == expected(repo)


def test_configuration_on_the_command_line(repo: Repo, git: Git, linked: Path) -> None:
    assert git.where("-c", "kas.base=side", cwd=repo.path)["base"] == "side"


# -- no repository -----------------------------------------------------------------------------------------


def refusal(finished: Finished) -> str:
    """The one sentence of a refusal with exit status 3; its next step may follow on a line of its own."""
    assert (finished.status, finished.out) == (3, "")
    first, *following = finished.err.splitlines()
    assert first.startswith("git-kas: ")
    assert len(following) <= 1
    assert "Traceback" not in finished.err
    return first


COMMANDS = [["where"], ["triage"], ["plan", "list"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_outside_a_repository(kas: Run, tmp_path: Path, command: list[str]) -> None:
    assert str(tmp_path) in refusal(kas(*command, cwd=tmp_path))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_outside_a_repository_as_json(kas: Run, tmp_path: Path, command: list[str]) -> None:
    finished = kas(*command, "--json", cwd=tmp_path)
    assert (finished.status, finished.json()["error"]["exit"]) == (3, 3)
    assert finished.json()["error"]["code"] == "not_a_repository"


def test_search_stops_at_the_ceiling(repo: Repo, kas: Run) -> None:
    (repo.path / "below").mkdir()
    refusal(kas("where", cwd=repo.path / "below", env={"GIT_CEILING_DIRECTORIES": str(repo.path)}))


@pytest.mark.parametrize("git_dir", ["nowhere", "repo", "repo/README.md"])
def test_git_dir_that_is_no_repository(repo: Repo, kas: Run, tmp_path: Path, git_dir: str) -> None:
    refusal(kas("where", cwd=repo.path, env={"GIT_DIR": str(tmp_path / git_dir)}))


def test_current_folder_was_removed(repo: Repo, environment: dict[str, str]) -> None:
    script = f'mkdir gone && cd gone && rmdir ../gone && exec "{GIT_KAS}" where'
    finished = subprocess.run(
        ["sh", "-c", script], cwd=repo.path, env=environment, capture_output=True, text=True, check=False
    )
    refusal(Finished(finished.returncode, finished.stdout, finished.stderr))


def test_worktree_whose_repository_is_gone(repo: Repo, kas: Run, linked: Path) -> None:
    shutil.rmtree(repo.path)
    refusal(kas("where", cwd=linked))


# -- somebody else's repository ----------------------------------------------------------------------------


@pytest.fixture
def foreign(repo: Repo) -> Repo:
    """A repository of another account; only root can make one."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a repository to another account")
    for top, folders, files in os.walk(repo.path):
        for name in (*folders, *files):
            os.lchown(os.path.join(top, name), 12345, 12345)
    os.chown(repo.path, 12345, 12345)
    with pytest.raises(AssertionError, match="dubious ownership"):
        repo.git("status")
    return repo


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_repository_of_somebody_else_is_refused_as_git_does(
    foreign: Repo, kas: Run, command: list[str]
) -> None:
    assert "dubious ownership" in refusal(kas(*command, cwd=foreign.path))


@pytest.mark.parametrize("reader", ["gitcli", "pygit2", "dulwich"])
def test_repository_of_somebody_else_that_the_user_trusts(
    foreign: Repo, triage: Triage, environment: dict[str, str], reader: str
) -> None:
    with (Path(environment["HOME"]) / ".gitconfig").open("a") as config:
        config.write(f"[safe]\n\tdirectory = {foreign.path}\n")
    answer = triage(env=configuration(kas__reader=reader))
    assert (answer.base, answer.worktree(foreign.path)["dirty"]) == ("main", 0)


# -- other formats -----------------------------------------------------------------------------------------


@pytest.fixture(params=[["--object-format=sha256"], ["--ref-format=reftable"]], ids=["sha256", "reftable"])
def other_format(request: pytest.FixtureRequest, new_repo: NewRepo) -> Repo:
    try:
        made = new_repo("other", *request.param)
    except AssertionError:
        pytest.skip(f"this git does not know {request.param[0]}")
    made.commit()
    return made


def test_other_format_is_read_from_every_worktree(other_format: Repo, triage: Triage, kas: Run) -> None:
    linked = other_format.worktree("side")
    commit = other_format.commit(cwd=linked)
    (linked / "new.txt").write_text("new")
    for place in (other_format.path, linked):
        row = triage(place).branch("side")
        assert (row["tip"], row["ahead"], row["behind"], row["dirty"]) == (commit, 1, 0, 1)
        assert row["verdict"] == "unmerged"
        assert where(kas, place) == expected(other_format, project="other")


@pytest.mark.parametrize("reader", ["pygit2", "dulwich"])
def test_reader_without_that_format_refuses_with_a_sentence(other_format: Repo, kas: Run, reader: str) -> None:
    finished = kas("triage", "--json", cwd=other_format.path, env=configuration(kas__reader=reader))
    document = finished.json()
    if finished.status == 0:
        assert [row["tip"] for row in document["data"]["rows"]] == [other_format.git("rev-parse", "main")]
    else:
        assert (finished.status, document["error"]["code"]) == (1, "unsupported_repository")
