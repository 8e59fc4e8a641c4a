"""The port ``Repository``, history and files: every installed reader agrees with plain git and dulwich."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from dulwich.objects import ObjectID
from dulwich.repo import Repo as DulwichRepo

from contract.readers import Open, object_ids
from git_kas.domain.history import Parents
from git_kas.domain.names import BranchName, ObjectId
from git_kas.errors import KasError, ProgramFailed, UnsupportedRepository
from support import Repo

NewRepo = Callable[..., Repo]
NOWHERE = ObjectId("deadbeef" * 5)


def tips_of(repo: Repo, *names: str, cwd: Path | None = None) -> list[ObjectId]:
    return object_ids([repo.git("rev-parse", *(names or ["--branches"]), cwd=cwd)])


def parents_by_git(repo: Repo, *arguments: str, cwd: Path | None = None) -> dict[str, list[str]]:
    lines = repo.git("rev-list", "--parents", *(arguments or ["--branches"]), cwd=cwd).splitlines()
    return {commit: parents for commit, *parents in (line.split() for line in lines)}


def parents_by_dulwich(folder: Path, tips: list[ObjectId]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    pending: list[str] = list(tips)
    with DulwichRepo(str(folder)) as dulwich:
        while pending:
            commit = pending.pop()
            if commit not in found:
                found[commit] = [parent.decode() for parent in dulwich.get_parents(ObjectID(commit.encode()))]
                pending += found[commit]
    return found


def plain(parents: Parents) -> dict[str, list[str]]:
    return {commit: list(above) for commit, above in parents.items()}


# -- parents ---------------------------------------------------------------------------------------------


def linear(repo: Repo) -> None:
    for _ in range(3):
        repo.commit()


def merged(repo: Repo) -> None:
    repo.git("switch", "-q", "-c", "side")
    repo.commit()
    repo.git("switch", "-q", "main")
    repo.commit()
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")


def criss_cross(repo: Repo) -> None:
    merged(repo)
    one, two = repo.git("rev-parse", "main^1", "main^2").split()
    tree = repo.git("rev-parse", "main^{tree}")
    repo.git("branch", "crossed", repo.git("commit-tree", "-p", two, "-p", one, "-m", "crossed", tree))


def octopus(repo: Repo) -> None:
    for name in ("one", "two", "three", "four"):
        repo.git("switch", "-q", "-c", name, "main")
        repo.commit()
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "-m", "octopus", "one", "two", "three", "four")


def several_roots(repo: Repo) -> None:
    for name in ("lone", "other"):
        repo.git("switch", "-q", "--orphan", name)
        repo.commit()
        repo.commit()
    repo.git("merge", "-q", "--allow-unrelated-histories", "-m", "joined", "lone")


SHAPES = [linear, merged, criss_cross, octopus, several_roots]


@pytest.mark.parametrize("shape", SHAPES)
def test_parents_are_those_of_git_and_dulwich(
    repo: Repo, open_reader: Open, shape: Callable[[Repo], None]
) -> None:
    shape(repo)
    tips = tips_of(repo)
    read = plain(open_reader(repo.path).parents(tips))
    assert read == parents_by_git(repo)
    assert read == parents_by_dulwich(repo.path, tips)


@pytest.mark.parametrize("storage", ["packed", "commit-graph", "split-graph"])
def test_parents_do_not_depend_on_how_objects_are_stored(repo: Repo, open_reader: Open, storage: str) -> None:
    octopus(repo)
    expected = parents_by_git(repo)
    repo.git("gc", "-q")
    if storage != "packed":
        split = ["--split"] if storage == "split-graph" else []
        repo.git("commit-graph", "write", "--reachable", "--changed-paths", *split)
    assert plain(open_reader(repo.path).parents(tips_of(repo))) == expected


def test_parents_of_some_tips_are_only_what_they_reach(repo: Repo, open_reader: Open) -> None:
    octopus(repo)
    assert plain(open_reader(repo.path).parents(tips_of(repo, "one"))) == parents_by_git(repo, "one")


def test_tips_may_repeat_and_contain_one_another(repo: Repo, open_reader: Open) -> None:
    linear(repo)
    tips = tips_of(repo, "main", "main", "main~1", "main~3")
    assert plain(open_reader(repo.path).parents(tips)) == parents_by_git(repo, "main")


def test_no_tips_have_no_history(repo: Repo, open_reader: Open) -> None:
    assert plain(open_reader(repo.path).parents([])) == {}


def test_parents_with_borrowed_objects(repo: Repo, open_reader: Open, tmp_path: Path) -> None:
    merged(repo)
    repo.git("clone", "-q", "--shared", str(repo.path), str(tmp_path / "borrower"))
    assert plain(open_reader(tmp_path / "borrower").parents(tips_of(repo))) == parents_by_git(repo)


def test_missing_tip_is_an_error(repo: Repo, open_reader: Open) -> None:
    with pytest.raises(ProgramFailed):
        open_reader(repo.path).parents([*tips_of(repo), NOWHERE])


def test_missing_parent_is_an_error(repo: Repo, open_reader: Open) -> None:
    linear(repo)
    lost = repo.git("rev-parse", "main~1")
    (repo.path / ".git/objects" / lost[:2] / lost[2:]).unlink()
    with pytest.raises(ProgramFailed):
        open_reader(repo.path).parents(tips_of(repo, "main"))


@pytest.mark.parametrize(
    "arguments", [["replace", "--graft", "main", "main~2"], ["replace", "main~1", "main~2"]]
)
def test_replaced_commits_are_as_in_git_or_refused(repo: Repo, open_reader: Open, arguments: list[str]) -> None:
    linear(repo)
    repo.git(*arguments)
    try:
        read = plain(open_reader(repo.path).parents(tips_of(repo)))
    except UnsupportedRepository:
        return
    assert read == parents_by_git(repo)


# -- shallow clones --------------------------------------------------------------------------------------


def shallow_clone(repo: Repo, tmp_path: Path, depth: int) -> Path:
    clone = tmp_path / "shallow"
    repo.git("clone", "-q", f"--depth={depth}", "--no-single-branch", repo.path.as_uri(), str(clone))
    return clone


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("shape", SHAPES)
def test_parents_in_a_shallow_clone_are_cut_off(
    repo: Repo, open_reader: Open, tmp_path: Path, shape: Callable[[Repo], None], depth: int
) -> None:
    shape(repo)
    clone = shallow_clone(repo, tmp_path, depth)
    tips = tips_of(repo, "--remotes", cwd=clone)
    read = plain(open_reader(clone).parents(tips))
    assert read == parents_by_git(repo, "--remotes", cwd=clone)
    assert read == parents_by_dulwich(clone, tips)
    assert all(parent in read for above in read.values() for parent in above)


def test_deepened_clone_is_read_anew(repo: Repo, open_reader: Open, tmp_path: Path) -> None:
    linear(repo)
    clone = shallow_clone(repo, tmp_path, 1)
    repo.git("fetch", "-q", "--deepen=1", cwd=clone)
    tips = tips_of(repo, "main", cwd=clone)
    assert plain(open_reader(clone).parents(tips)) == parents_by_git(repo, "main", cwd=clone)


def test_shallow_is_told_in_main_and_linked_worktree(repo: Repo, open_reader: Open, tmp_path: Path) -> None:
    linear(repo)
    clone = shallow_clone(repo, tmp_path, 1)
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"), cwd=clone)
    assert open_reader(clone).is_shallow()
    assert open_reader(tmp_path / "linked").is_shallow()
    repo.git("fetch", "-q", "--unshallow", cwd=clone)
    assert not open_reader(clone).is_shallow()


def test_whole_repository_is_not_shallow(repo: Repo, open_reader: Open) -> None:
    assert not open_reader(repo.path).is_shallow()


# -- reflog ----------------------------------------------------------------------------------------------


def reflog_by_git(repo: Repo, branch: str) -> list[str]:
    return repo.git("reflog", "show", "--format=%gs", branch, "--").splitlines()[::-1]


@pytest.mark.parametrize("branch", ["side", "plan/deep/er", "ünï"])
def test_reflog_is_oldest_first(repo: Repo, open_reader: Open, branch: str) -> None:
    linked = repo.worktree(branch, "-b", branch)
    repo.commit("one: täsk", cwd=linked)
    repo.commit("two", cwd=linked)
    repo.git("reset", "-q", "--hard", "HEAD~1", cwd=linked)
    read = list(open_reader(repo.path).reflog(BranchName(branch)))
    assert read == reflog_by_git(repo, branch)
    assert [message.partition(":")[0] for message in read] == ["branch", "commit", "commit", "reset"]


def test_reflog_from_a_linked_worktree(repo: Repo, open_reader: Open) -> None:
    linked = repo.worktree("side")
    assert list(open_reader(linked).reflog(BranchName("main"))) == ["commit (initial): first"]


def test_reflog_entry_may_have_no_message(repo: Repo, open_reader: Open) -> None:
    repo.git("branch", "side")
    repo.git("update-ref", "refs/heads/side", repo.commit())
    messages = list(open_reader(repo.path).reflog(BranchName("side")))
    assert messages == ["branch: Created from main", ""]


@pytest.mark.parametrize("branch", ["unlogged", "no-such-branch"])
def test_reflog_that_is_not_kept_is_empty(repo: Repo, open_reader: Open, branch: str) -> None:
    repo.git("-c", "core.logAllRefUpdates=false", "branch", "unlogged")
    assert list(open_reader(repo.path).reflog(BranchName(branch))) == []


# -- read_file and existing_paths ------------------------------------------------------------------------

FILES = {
    "README.md": b"# hello\n",
    "empty": b"",
    "binary.bin": bytes(range(256)) * 3,
    "crlf.txt": b"one\r\ntwo\r\n",
    "no-end": b"no line end",
    "docs/plans/a.md": b"plan",
    "docs/plans/with space.md": b"space",
    "docs/plans/ünï.md": b"unicode",
    "docs/line\nbreak.md": b"break",
    "docs/trailing ": b"trailing",
    "a:b.md": b"colon",
    ":top.md": b"magic",
    "big.bin": b"0123456789abcdef" * 100_000,
}


@pytest.fixture
def commit(repo: Repo) -> ObjectId:
    """A commit of FILES, an executable, a symbolic link and a submodule entry."""
    for name, data in FILES.items():
        (repo.path / name).parent.mkdir(parents=True, exist_ok=True)
        (repo.path / name).write_bytes(data)
    (repo.path / "link").symlink_to("docs")
    (repo.path / "run.sh").write_bytes(b"#!/bin/sh\n")
    (repo.path / "run.sh").chmod(0o755)
    repo.git("add", "--all")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{NOWHERE},module")
    repo.git("commit", "-q", "-m", "files")
    return ObjectId(repo.git("rev-parse", "HEAD"))


@pytest.mark.parametrize("path", [*FILES, "run.sh"])
def test_file_has_its_bytes(repo: Repo, open_reader: Open, commit: ObjectId, path: str) -> None:
    expected = (repo.path / path).read_bytes()
    assert open_reader(repo.path).read_file(commit, path) == expected


@pytest.mark.parametrize(
    "path", ["nothing", "docs/nothing.md", "README.md/below", "docs", "docs/plans", "module"]
)
def test_what_is_no_file_is_none(repo: Repo, open_reader: Open, commit: ObjectId, path: str) -> None:
    assert open_reader(repo.path).read_file(commit, path) is None


def test_file_is_read_from_the_commit_that_was_asked_for(
    repo: Repo, open_reader: Open, commit: ObjectId
) -> None:
    older = repo.commit("older", {"only-here.md": "1"})
    newer = ObjectId(repo.commit("newer", {"only-here.md": "2"}))
    repository = open_reader(repo.path)
    contents = [repository.read_file(at, "only-here.md") for at in (commit, ObjectId(older), newer)]
    assert contents == [None, b"1", b"2"]


CANDIDATES = [
    *FILES,
    "run.sh",
    "link",
    "docs",
    "docs/plans",
    "module",
    "nothing",
    "docs/nothing.md",
    "link/plans",
]


def exists_by_git(repo: Repo, commit: str, path: str) -> bool:
    return bool(repo.git("ls-tree", "-z", "--full-tree", commit, "--", f":(literal){path}"))


def exists_by_dulwich(repo: Repo, commit: str, path: str) -> bool:
    with DulwichRepo(str(repo.path)) as dulwich:
        entry: object = dulwich[ObjectID(commit.encode())]
        for segment in os.fsencode(path).split(b"/"):
            tree_id = getattr(entry, "tree", None)
            tree = dulwich[tree_id] if tree_id else entry
            try:
                _, child = tree[segment]  # type: ignore[index]  # a tree, or a TypeError below
            except (KeyError, TypeError):
                return False
            entry = dulwich[child] if child in dulwich.object_store else None
    return True


@pytest.mark.parametrize("path", CANDIDATES)
def test_path_exists_as_git_and_dulwich_say(repo: Repo, open_reader: Open, commit: ObjectId, path: str) -> None:
    read = open_reader(repo.path).existing_paths([(commit, path)])
    assert list(read) == [exists_by_dulwich(repo, commit, path)]
    assert list(read) == [exists_by_git(repo, commit, path)]


def test_answers_come_in_the_order_of_the_questions(repo: Repo, open_reader: Open, commit: ObjectId) -> None:
    first = ObjectId(repo.git("rev-parse", f"{commit}~1"))
    questions = [(at, path) for path in (*CANDIDATES, *CANDIDATES) for at in (commit, first)]
    read = open_reader(repo.path).existing_paths(questions)
    assert list(read) == [exists_by_dulwich(repo, at, path) for at, path in questions]


def test_thousands_of_questions(repo: Repo, open_reader: Open, commit: ObjectId) -> None:
    questions = [(commit, f"docs/plans/{number}.md" if number % 2 else "README.md") for number in range(4000)]
    assert list(open_reader(repo.path).existing_paths(questions)) == [number % 2 == 0 for number in range(4000)]


def test_no_question_has_no_answer(repo: Repo, open_reader: Open) -> None:
    assert list(open_reader(repo.path).existing_paths([])) == []


# -- partial clones: "never fetches" ---------------------------------------------------------------------


@pytest.fixture
def partial(repo: Repo, tmp_path: Path) -> Path:
    """A clone that lacks the blobs and would fetch them on demand."""
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = tmp_path / "partial"
    repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", repo.path.as_uri(), str(clone))
    return clone


def objects(folder: Path) -> set[str]:
    return {path.name for path in (folder / ".git/objects").rglob("*") if path.is_file()}


def test_reading_a_file_that_is_not_here_never_fetches_it(repo: Repo, open_reader: Open, partial: Path) -> None:
    before = objects(partial)
    with suppress(KasError):
        open_reader(partial).read_file(ObjectId(repo.git("rev-parse", "main")), "README.md")
    assert objects(partial) == before


def test_asking_for_a_path_never_fetches_its_file(repo: Repo, open_reader: Open, partial: Path) -> None:
    before = objects(partial)
    tip = ObjectId(repo.git("rev-parse", "main"))
    read = open_reader(partial).existing_paths([(tip, "README.md"), (tip, "nothing")])
    assert objects(partial) == before
    assert list(read) == [True, False]
