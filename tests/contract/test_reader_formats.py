"""The port ``Repository`` on formats and oddities: every installed reader answers as Git does, or refuses."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from contract.readers import READERS, Open, OpenWith, object_ids
from git_kas.domain.names import BranchName, ObjectId
from git_kas.errors import UnsupportedRepository
from git_kas.ports.git import Repository
from scenario.rows import differences, listing
from support import Repo

NewRepo = Callable[..., Repo]
AnswerT = TypeVar("AnswerT")


def answer_or_refusal(open_reader: Open, folder: Path, ask: Callable[[Repository], AnswerT]) -> AnswerT | None:
    """What the reader answers; None if it says that it cannot answer rightly."""
    try:
        return ask(open_reader(folder))
    except UnsupportedRepository:
        return None


def parents_by_git(repo: Repo) -> dict[str, list[str]]:
    lines = repo.git("rev-list", "--parents", "--branches").splitlines()
    return {commit: parents for commit, *parents in (line.split() for line in lines)}


def parents_by_reader(repo: Repo, open_reader: Open) -> dict[str, list[str]] | None:
    tips = object_ids([repo.git("rev-parse", "--branches")])
    read = answer_or_refusal(open_reader, repo.path, lambda repository: repository.parents(tips))
    return None if read is None else {commit: list(above) for commit, above in read.items()}


def tips_by_git(repo: Repo) -> dict[str, str]:
    lines = repo.git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/").splitlines()
    return {name: tip for tip, _, name in (line.partition(" ") for line in lines)}


def tips_by_reader(repo: Repo, open_reader: Open) -> dict[str, str | None] | None:
    read = answer_or_refusal(open_reader, repo.path, lambda repository: repository.local_branches())
    return None if read is None else {branch.name: branch.tip for branch in read}


# -- history that is not what the commits say --------------------------------------------------------------


@pytest.mark.parametrize("graph", ["no graph", "graph"])
@pytest.mark.parametrize("parents", ["none", "one", "two"])
def test_grafts_are_as_in_git_or_refused(repo: Repo, open_reader: Open, parents: str, graph: str) -> None:
    commits = [repo.commit() for _ in range(5)]
    if graph == "graph":
        repo.git("commit-graph", "write", "--reachable")
    above = {"none": [], "one": commits[:1], "two": commits[:2]}[parents]
    (repo.path / ".git/info/grafts").write_text(" ".join([commits[3], *above]) + "\n")
    expected = parents_by_git(repo)
    assert expected[commits[3]] == above
    assert parents_by_reader(repo, open_reader) in (expected, None)


def test_stale_commit_graph_changes_nothing(repo: Repo, open_reader: Open) -> None:
    repo.commit()
    repo.git("commit-graph", "write", "--reachable")
    for _ in range(3):
        repo.commit()
    assert parents_by_reader(repo, open_reader) == parents_by_git(repo)


@pytest.mark.parametrize("what", ["multi-pack-index", "bitmaps", "many packs"])
def test_packs_change_nothing(repo: Repo, open_reader: Open, what: str) -> None:
    for _ in range(4):
        repo.commit()
        repo.git("repack", "-q", "-d")
    if what == "multi-pack-index":
        repo.git("multi-pack-index", "write")
    elif what == "bitmaps":
        repo.git("repack", "-q", "-a", "-d", "--write-bitmap-index")
    assert parents_by_reader(repo, open_reader) == parents_by_git(repo)
    assert tips_by_reader(repo, open_reader) == tips_by_git(repo)


# -- references --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["", "# pack-refs with: peeled fully-peeled sorted \n"])
def test_packed_references_may_be_empty(repo: Repo, open_reader: Open, content: str) -> None:
    (repo.path / ".git/packed-refs").write_text(content)
    assert tips_by_reader(repo, open_reader) in (tips_by_git(repo), None)


def test_packed_references_without_a_header(repo: Repo, open_reader: Open) -> None:
    repo.git("branch", "side")
    repo.git("tag", "-a", "-m", "a tag", "v1")
    repo.git("pack-refs", "--all", "--prune")
    packed = repo.path / ".git/packed-refs"
    lines = [line for line in packed.read_text().splitlines(keepends=True) if line[0] not in "#^"]
    packed.write_text("".join(lines))
    assert tips_by_reader(repo, open_reader) == tips_by_git(repo) != {}


def test_readers_agree_on_symbolic_references_that_lead_in_a_circle(repo: Repo, open_with: OpenWith) -> None:
    for name, target in (("one", "two"), ("two", "one")):
        (repo.path / ".git/refs/heads" / name).write_text(f"ref: refs/heads/{target}\n")
    answers = [[branch.name for branch in open_with(name, repo.path).local_branches()] for name in READERS]
    assert answers == [["main"]] * len(READERS)


def test_references_of_worktrees_are_their_own(repo: Repo, open_reader: Open) -> None:
    linked = repo.worktree("side")
    repo.git("update-ref", "refs/worktree/private", "HEAD", cwd=linked)
    repo.commit("on side", cwd=linked)
    for folder in (repo.path, linked):
        branches = open_reader(folder).local_branches()
        assert {branch.name: branch.tip for branch in branches} == tips_by_git(repo)


def test_head_is_that_of_the_main_worktree(repo: Repo, open_reader: Open) -> None:
    linked = repo.worktree("side")
    assert open_reader(linked).symbolic_target("HEAD") == "refs/heads/main"


def test_upstream_may_stand_in_an_included_file(repo: Repo, open_reader: Open) -> None:
    included = repo.path.parent / "included"
    included.write_text('[branch "main"]\n\tremote = origin\n\tmerge = refs/heads/main\n')
    repo.git("config", "include.path", str(included))
    repo.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    (branch,) = open_reader(repo.path).local_branches()
    assert branch.upstream == repo.git("for-each-ref", "--format=%(upstream)", "refs/heads/main")
    assert branch.upstream == "refs/remotes/origin/main"


# -- names that are not UTF-8 ------------------------------------------------------------------------------


def test_path_that_is_not_utf8(repo: Repo, open_reader: Open) -> None:
    folder = os.fsdecode(b"latin-\xe9")
    commit = ObjectId(repo.commit("latin", {f"{folder}/\udce9.txt": "text"}))
    repository = open_reader(repo.path)
    assert repository.read_file(commit, f"{folder}/\udce9.txt") == b"text"
    asked = [(commit, folder), (commit, f"{folder}/\udce9.txt"), (commit, f"{folder}/\udcea.txt")]
    assert list(repository.existing_paths(asked)) == [True, True, False]


# -- object and reference formats --------------------------------------------------------------------------


@pytest.mark.parametrize("storage", ["loose", "packed", "graph"])
def test_sha256(new_repo: NewRepo, reader: str, open_reader: Open, storage: str) -> None:
    """libgit2 refuses; dulwich is the second opinion here."""
    repo = new_repo("long", "--object-format=sha256")
    tip = ObjectId(repo.commit("common", {"in/file.txt": "text", "in/deep/er.txt": "deep"}))
    for name in ("one", "two", "three"):
        repo.git("switch", "-q", "-c", name, "main")
        repo.commit(name)
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "-m", "octopus", "one", "two", "three")
    repo.git("tag", "-a", "-m", "a tag", "v1")
    repo.git("update-ref", "refs/remotes/origin/tagged", "v1")
    if storage != "loose":
        repo.git("gc", "-q")
        repo.git("pack-refs", "--all")
    if storage == "graph":
        repo.git("commit-graph", "write", "--reachable")
    if reader == "pygit2":
        with pytest.raises(UnsupportedRepository):
            open_reader(repo.path)
        return
    assert parents_by_reader(repo, open_reader) == parents_by_git(repo)
    assert tips_by_reader(repo, open_reader) == tips_by_git(repo)
    repository = open_reader(repo.path)
    assert dict(repository.remote_branches()) == {"refs/remotes/origin/tagged": repo.git("rev-parse", "main")}
    assert repository.read_file(tip, "in/deep/er.txt") == b"deep"
    assert list(repository.existing_paths([(tip, "in/deep"), (tip, "in/none")])) == [True, False]
    if storage == "loose":  # gc lets entries expire
        assert list(repository.reflog(BranchName("one")))[1:] == ["commit: one"]


@pytest.mark.parametrize("reader", [name for name in READERS if name != "gitcli"])
@pytest.mark.parametrize("value", ["reftable", "RefTable", "something-new"])
def test_unread_reference_format_is_refused_and_left_as_it_is(
    repo: Repo, open_with: OpenWith, reader: str, value: str
) -> None:
    """Git 2.45 makes such repositories; older ones do not open them, so that it is only said to be one."""
    repo.git("config", "core.repositoryFormatVersion", "1")
    folder = repo.path / ".git"
    (folder / "config").write_text((folder / "config").read_text() + f"[extensions]\n\trefStorage = {value}\n")
    before = listing(folder)
    with pytest.raises(UnsupportedRepository):
        open_at(reader, folder)
    assert differences(before, listing(folder)) == []


def open_at(reader: str, git_dir: Path) -> Repository:
    """Open a repository that this Git itself may refuse to find."""
    from contract.readers import PLUGINS
    from git_kas.domain.location import RepositoryLocation

    where = RepositoryLocation(str(git_dir), str(git_dir), str(git_dir.parent), str(git_dir.parent))
    opened: Repository = PLUGINS.call(reader, "kas_repository", location=where, environment={})
    return opened
