"""The port ``Repository``, references: every installed reader agrees with plain git and with dulwich."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from dulwich.refs import Ref
from dulwich.repo import Repo as DulwichRepo

from contract.readers import READERS, Open, OpenWith, object_ids
from git_kas.domain.branch import LocalBranch
from git_kas.domain.names import BranchName
from git_kas.errors import UnsupportedRepository
from git_kas.ports.git import Repository
from support import Repo

NewRepo = Callable[..., Repo]

NOWHERE = "deadbeef" * 5
NAMES = [
    "plan/rate-limit",
    "plan/a/b/c",
    "a-b",
    "a.b",
    "a0",
    "Z",
    "ünï/çödé",
    "日本語",
    "emoji-🙂",
    "#1",
    "x'y",
    '"q"',
]


def as_git_lists(repo: Repo) -> list[tuple[str, str, int, str]]:
    """Name, tip, committer date and upstream of every branch, as git-for-each-ref(1) prints them."""
    fields = "%(refname:lstrip=2)%00%(objectname)%00%(committerdate:unix)%00%(upstream)"
    lines = repo.git("for-each-ref", f"--format={fields}", "refs/heads/").splitlines()
    rows = (line.split("\0") for line in lines)
    return [(name, tip, int(date), upstream) for name, tip, date, upstream in rows]


def as_read(repository: Repository) -> list[tuple[str, str | None, int | None, str]]:
    branches = repository.local_branches()
    return [(branch.name, branch.tip, branch.committed_at, branch.upstream) for branch in branches]


def by_name(repository: Repository) -> dict[str, LocalBranch]:
    return {branch.name: branch for branch in repository.local_branches()}


def write_ref(repo: Repo, name: str, text: str) -> None:
    """Write a reference behind Git's back, as a crash or a careless program would."""
    path = repo.path / ".git" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_built_in_readers_are_installed() -> None:
    assert {"dulwich", "gitcli", "pygit2"} <= set(READERS)


# -- local_branches --------------------------------------------------------------------------------------


def pack_none(repo: Repo) -> None:
    """All references are loose files."""


def pack_all(repo: Repo) -> None:
    repo.git("pack-refs", "--all", "--prune")


def pack_then_move(repo: Repo) -> None:
    """Packed references that are stale: loose ones over them, and one deleted since."""
    repo.git("pack-refs", "--all", "--prune")
    repo.git("update-ref", "refs/heads/a-b", repo.commit("newer"))
    repo.git("branch", "-q", "-D", "Z")


@pytest.mark.parametrize("pack", [pack_none, pack_all, pack_then_move])
def test_local_branches_are_those_of_git_in_its_order(
    repo: Repo, open_reader: Open, pack: Callable[[Repo], None]
) -> None:
    for number, name in enumerate(random.Random(7).sample(NAMES, len(NAMES))):
        repo.git("branch", name, repo.commit(f"tip {number}"))
    pack(repo)
    assert as_read(open_reader(repo.path)) == as_git_lists(repo)


def test_local_branches_are_those_of_dulwich(repo: Repo, open_reader: Open) -> None:
    for name in NAMES:
        repo.git("branch", name)
    repo.git("pack-refs", "--all")
    repo.git("branch", "loose")
    with DulwichRepo(str(repo.path)) as dulwich:
        heads = dulwich.refs.as_dict(Ref(b"refs/heads/"))
    read = {os.fsencode(branch.name): branch.tip for branch in open_reader(repo.path).local_branches()}
    assert read == {name: tip.decode() for name, tip in heads.items()}


def test_order_is_bytewise(repo: Repo, open_reader: Open) -> None:
    for name in NAMES:
        repo.git("branch", name)
    names = [os.fsencode(branch.name) for branch in open_reader(repo.path).local_branches()]
    assert names == sorted(names)


def test_name_that_is_not_utf8_does_not_hide_the_others(repo: Repo, open_reader: Open) -> None:
    repo.git("branch", "last")
    repo.git("update-ref", os.fsdecode(b"refs/heads/latin-\xe9"), "HEAD")
    names = [os.fsencode(branch.name) for branch in open_reader(repo.path).local_branches()]
    assert names == [b"last", b"latin-\xe9", b"main"]


def test_repository_without_commit_has_no_branch(new_repo: NewRepo, open_reader: Open) -> None:
    repository = open_reader(new_repo().path)
    assert list(repository.local_branches()) == []
    assert dict(repository.remote_branches()) == {}


def test_symbolic_branch_has_the_tip_it_leads_to(repo: Repo, open_reader: Open) -> None:
    repo.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    branches = by_name(open_reader(repo.path))
    assert branches["alias"].tip == repo.git("rev-parse", "main")
    assert (branches["alias"].leads_to, branches["main"].leads_to) == ("refs/heads/main", "")


def test_dangling_symbolic_branch_has_no_tip(repo: Repo, open_reader: Open) -> None:
    repo.git("symbolic-ref", "refs/heads/alias", "refs/heads/nowhere")
    branches = by_name(open_reader(repo.path))
    assert branches.pop("alias", LocalBranch(BranchName("alias"), None)).tip is None
    assert list(branches) == ["main"]


@pytest.mark.parametrize(
    "content",
    [f"{NOWHERE}\n", "", "not an object name\n", "0" * 40 + "\n"],
    ids=["gone", "empty", "text", "zero"],
)
def test_broken_branch_does_not_hide_the_others(repo: Repo, open_reader: Open, content: str) -> None:
    repo.git("branch", "zebra")
    write_ref(repo, "refs/heads/broken", content)
    branches = by_name(open_reader(repo.path))
    broken = branches.pop("broken", None)
    assert broken is None or (broken.tip is None and broken.committed_at is None)
    assert {name: branch.tip for name, branch in branches.items()} == dict.fromkeys(
        ["main", "zebra"], repo.git("rev-parse", "main")
    )


def test_branch_whose_object_is_missing_is_listed_without_tip(repo: Repo, open_reader: Open) -> None:
    write_ref(repo, "refs/heads/broken", f"{NOWHERE}\n")
    branch = by_name(open_reader(repo.path))["broken"]
    assert (branch.tip, branch.committed_at) == (None, None)


def test_branch_without_its_object_keeps_its_upstream(repo: Repo, open_reader: Open) -> None:
    repo.git("remote", "add", "origin", "/nowhere")
    repo.git("config", "branch.broken.remote", "origin")
    repo.git("config", "branch.broken.merge", "refs/heads/broken")
    write_ref(repo, "refs/heads/broken", f"{NOWHERE}\n")
    assert by_name(open_reader(repo.path))["broken"].upstream == "refs/remotes/origin/broken"


@pytest.mark.parametrize("what", ["HEAD:README.md", "HEAD^{tree}"])
def test_branch_that_names_no_commit_has_no_tip(repo: Repo, open_reader: Open, what: str) -> None:
    write_ref(repo, "refs/heads/odd", repo.git("rev-parse", what) + "\n")
    branches = by_name(open_reader(repo.path))
    assert branches["odd"].tip is None
    assert branches["main"].tip == repo.git("rev-parse", "main")


def test_tag_object_is_never_taken_for_a_commit(repo: Repo, open_reader: Open) -> None:
    repo.git("tag", "-a", "-m", "a tag", "v1")
    write_ref(repo, "refs/heads/odd", repo.git("rev-parse", "v1") + "\n")
    tip = by_name(open_reader(repo.path))["odd"].tip
    assert tip in {None, repo.git("rev-parse", "v1^{commit}")}


@pytest.mark.parametrize("kind", ["gone", "blob", "tag", "dangling", "empty"])
def test_readers_agree_on_an_odd_branch(repo: Repo, open_with: OpenWith, kind: str) -> None:
    repo.git("tag", "-a", "-m", "a tag", "v1")
    content = {
        "gone": NOWHERE,
        "blob": repo.git("rev-parse", "HEAD:README.md"),
        "tag": repo.git("rev-parse", "v1"),
        "dangling": "ref: refs/heads/nowhere",
        "empty": "",
    }[kind]
    write_ref(repo, "refs/heads/odd", f"{content}\n" if content else "")
    answers = [as_read(open_with(name, repo.path)) for name in READERS]
    assert all(answer == answers[0] for answer in answers)


# -- upstream --------------------------------------------------------------------------------------------

UPSTREAMS = {
    "plain": [("remote", "origin"), ("merge", "refs/heads/plain")],
    "other-name": [("remote", "origin"), ("merge", "refs/heads/plain")],
    "gone": [("remote", "origin"), ("merge", "refs/heads/gone")],
    "nested/deep.name": [("remote", "origin"), ("merge", "refs/heads/nested/deep.name")],
    "Case": [("remote", "origin"), ("merge", "refs/heads/Case")],
    "local": [("remote", "."), ("merge", "refs/heads/main")],
    "local-gone": [("remote", "."), ("merge", "refs/heads/nowhere")],
    "narrow": [("remote", "narrow"), ("merge", "refs/heads/one")],
    "outside-refspec": [("remote", "narrow"), ("merge", "refs/heads/two")],
    "renamed-remote": [("remote", "far/away"), ("merge", "refs/heads/x")],
    "no-such-remote": [("remote", "nobody"), ("merge", "refs/heads/x")],
    "url-as-remote": [("remote", "https://example.invalid/x.git"), ("merge", "refs/heads/x")],
    "remote-only": [("remote", "origin")],
    "merge-only": [("merge", "refs/heads/x")],
    "rebase-only": [("rebase", "true")],
    "tag-upstream": [("remote", "origin"), ("merge", "refs/tags/v1")],
    "middle": [("remote", "middle"), ("merge", "refs/heads/release/7/fix")],
}
REMOTES = {
    "origin": "+refs/heads/*:refs/remotes/origin/*",
    "narrow": "+refs/heads/one:refs/remotes/narrow/eins",
    "far/away": "refs/heads/*:refs/remotes/elsewhere/*",
    "middle": "+refs/heads/release/*/fix:refs/remotes/middle/*",
}


@pytest.mark.parametrize("branch", UPSTREAMS)
def test_upstream_is_what_git_prints(repo: Repo, open_reader: Open, branch: str) -> None:
    for remote, refspec in REMOTES.items():
        repo.git("config", f"remote.{remote}.url", "/nowhere")
        repo.git("config", f"remote.{remote}.fetch", refspec)
    repo.git("update-ref", "refs/remotes/origin/plain", "HEAD")
    repo.git("branch", branch)
    for key, value in UPSTREAMS[branch]:
        repo.git("config", f"branch.{branch}.{key}", value)
    assert as_read(open_reader(repo.path)) == as_git_lists(repo)


def test_upstream_of_a_clone(repo: Repo, new_repo: NewRepo, open_reader: Open, tmp_path: Path) -> None:
    repo.git("clone", "-q", "-o", "up/stream", str(repo.path), str(tmp_path / "clone"))
    clone = by_name(open_reader(tmp_path / "clone"))
    assert clone["main"].upstream == "refs/remotes/up/stream/main"


# -- remote_branches and symbolic_target -----------------------------------------------------------------


def with_remote_branches(repo: Repo, *, packed: bool) -> None:
    for name in ("main", "nested/deep", "ünï"):
        repo.git("update-ref", f"refs/remotes/origin/{name}", repo.commit(name))
    repo.git("update-ref", "refs/remotes/other/main", "HEAD")
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    repo.git("symbolic-ref", "refs/remotes/other/alias", "refs/remotes/other/gone")
    repo.git("tag", "v1")
    if packed:
        repo.git("pack-refs", "--all", "--prune")


@pytest.mark.parametrize("packed", [False, True])
def test_remote_branches_leave_symbolic_ones_out(repo: Repo, open_reader: Open, packed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    with_remote_branches(repo, packed=packed)
    listed = repo.git(
        "for-each-ref", "--format=%(refname) %(objectname) %(symref)", "refs/remotes/"
    ).splitlines()
    fields = [line.split(" ") for line in listed]
    assert dict(open_reader(repo.path).remote_branches()) == {
        name: tip for name, tip, symref in fields if not symref
    }


def test_remote_branches_are_those_of_dulwich(repo: Repo, open_reader: Open) -> None:
    with_remote_branches(repo, packed=True)
    with DulwichRepo(str(repo.path)) as dulwich:
        symbolic = dulwich.refs.get_symrefs()
        names = [
            ref for ref in dulwich.refs.allkeys() if ref.startswith(b"refs/remotes/") and ref not in symbolic
        ]
        expected = {os.fsdecode(name): dulwich.refs[name].decode() for name in names}
    assert dict(open_reader(repo.path).remote_branches()) == expected


@pytest.mark.parametrize(
    ("ref", "target"),
    [
        ("refs/remotes/origin/HEAD", "refs/remotes/origin/main"),
        ("refs/remotes/other/alias", "refs/remotes/other/gone"),
        ("refs/remotes/origin/main", ""),
        ("refs/remotes/nobody/HEAD", ""),
        ("HEAD", "refs/heads/main"),
    ],
)
def test_symbolic_target(repo: Repo, open_reader: Open, ref: str, target: str) -> None:
    with_remote_branches(repo, packed=True)
    assert open_reader(repo.path).symbolic_target(ref) == target


def test_detached_head_is_not_symbolic(repo: Repo, open_reader: Open) -> None:
    repo.git("checkout", "-q", "--detach")
    assert open_reader(repo.path).symbolic_target("HEAD") == ""


# -- formats and places ----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["main", "linked", "bare", "inside"])
def test_every_place_gives_the_same_references(
    repo: Repo, open_reader: Open, tmp_path: Path, place: str
) -> None:
    linked = repo.worktree("side")
    repo.commit("on side", cwd=linked)
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    folder = {"main": repo.path, "linked": linked, "bare": tmp_path / "bare.git", "inside": repo.path / ".git"}[
        place
    ]
    assert {name: branch.tip for name, branch in by_name(open_reader(folder)).items()} == {
        name: tip for name, tip, _, _ in as_git_lists(repo)
    }


@pytest.mark.parametrize("setting", ["sparse-index", "split-index", "worktree-config", "untracked-cache"])
def test_extensions_of_index_and_configuration_do_not_matter(
    repo: Repo, open_reader: Open, setting: str
) -> None:
    repo.commit("folder", {"in/a.txt": "a", "out/b.txt": "b"})
    commands = {
        "sparse-index": ["sparse-checkout", "set", "--cone", "--sparse-index", "in"],
        "split-index": ["update-index", "--split-index"],
        "worktree-config": ["config", "extensions.worktreeConfig", "true"],
        "untracked-cache": ["update-index", "--untracked-cache"],
    }
    repo.git(*commands[setting])
    assert as_read(open_reader(repo.path)) == as_git_lists(repo)


@pytest.mark.parametrize(
    "arguments", [["--object-format=sha256"], ["--ref-format=reftable"]], ids=["sha256", "reftable"]
)
def test_other_format_is_read_rightly_or_refused(
    new_repo: NewRepo, open_reader: Open, arguments: list[str]
) -> None:
    try:
        repo = new_repo("other", *arguments)
    except AssertionError:
        pytest.skip(f"this git does not know {arguments[0]}")
    commit = repo.commit("first")
    try:
        repository = open_reader(repo.path)
        branches, parents = as_read(repository), repository.parents(object_ids([commit]))
    except UnsupportedRepository:
        return
    assert branches == as_git_lists(repo)
    assert list(parents) == [commit]
