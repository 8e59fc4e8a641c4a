"""The ports ``Contents`` and ``FileMerge`` over real repositories, with Git as the witness."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_kas.domain.landing import PathChange, TreeEntry
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.names import ObjectId
from git_kas.errors import ProgramFailed
from git_kas.ports.contents import Contents
from git_kas_gitcli.blobs import BlobReader
from git_kas_gitcli.contents import PlumbingContents
from git_kas_pygit2.file_merge import LibgitFileMerge
from support import Repo


@pytest.fixture
def contents(repo: Repo, environment: dict[str, str]) -> Iterator[Contents]:
    opened = open_contents(repo.path, environment)
    yield opened
    opened.close()


def open_contents(path: Path, environment: dict[str, str]) -> PlumbingContents:
    folder = str(path / ".git")
    return PlumbingContents(RepositoryLocation(folder, folder, str(path), str(path)), environment)


def head(repo: Repo, name: str = "HEAD") -> ObjectId:
    return ObjectId(repo.git("rev-parse", name))


def held(repo: Repo, path: str, commit: str = "HEAD") -> TreeEntry:
    mode, _, id_ = repo.git("ls-tree", commit, "--", path).split()[:3]
    return TreeEntry(int(mode, 8), ObjectId(id_))


def changes(
    contents: Contents, *pairs: tuple[ObjectId, ObjectId], renames: bool = False
) -> list[list[PathChange]]:
    return [list(found) for found in contents.changes(pairs, renames=renames)]


def test_every_kind_of_change_is_told(repo: Repo, contents: Contents) -> None:
    repo.commit("before", {"kept": "1\n", "edited": "1\n", "removed": "1\n", "tool": "1\n", "turned": "1\n"})
    before = head(repo)
    repo.git("rm", "-q", "removed")
    (repo.path / "tool").chmod(0o755)
    (repo.path / "turned").unlink()
    (repo.path / "turned").symlink_to("kept")
    repo.git("add", "-A")
    repo.commit("after", {"edited": "2\n", "new\nname é": "1\n"})
    after = head(repo)
    (found,) = changes(contents, (before, after))
    old = {name: held(repo, name, before) for name in ("edited", "removed", "tool", "turned")}
    assert sorted(found) == sorted(
        [
            PathChange(b"edited", old["edited"], held(repo, "edited")),
            PathChange("new\nname é".encode(), None, old["edited"]),
            PathChange(b"removed", old["removed"], None),
            PathChange(b"tool", old["tool"], TreeEntry(0o100755, old["tool"].id)),
            PathChange(b"turned", old["turned"], held(repo, "turned")),
        ]
    )
    assert [change.after.is_regular for change in found if change.after] == [True, True, True, False]
    (back,) = changes(contents, (after, before))
    assert {(change.path, change.after, change.before) for change in back} == {change[:3] for change in found}


def test_pairs_are_answered_in_order_and_empty_ones_too(repo: Repo, contents: Contents) -> None:
    first = head(repo)
    repo.commit("two", {"a": "1\n"})
    second = head(repo)
    repo.git("commit", "-q", "--allow-empty", "-m", "nothing")
    third = head(repo)
    pairs = [(first, first), (first, second), (second, third), (first, third), (first, second), (second, first)]
    assert [len(found) for found in changes(contents, *pairs)] == [0, 1, 0, 1, 1, 1]
    assert changes(contents) == []


def test_renames_are_looked_for_if_asked(repo: Repo, contents: Contents) -> None:
    text = "".join(f"{number}\n" for number in range(50))
    repo.commit("before", {"old": text})
    before, entry = head(repo), held(repo, "old")
    repo.git("mv", "old", "new")
    repo.commit("after", {"new": text.replace("7\n", "seven\n", 1)})
    pair = (before, head(repo))
    assert sorted(changes(contents, pair)[0]) == [
        PathChange(b"new", None, held(repo, "new")),
        PathChange(b"old", entry, None),
    ]
    assert sorted(changes(contents, pair, renames=True)[0]) == [
        PathChange(b"new", entry, held(repo, "new"), renamed_from=b"old"),
        PathChange(b"old", entry, None),
    ]


def test_a_merge_is_compared_with_the_commit_that_was_named(repo: Repo, contents: Contents) -> None:
    fork = head(repo)
    repo.git("switch", "-q", "-c", "side")
    repo.commit("side", {"side": "1\n"})
    side = head(repo)
    repo.git("switch", "-q", "main")
    repo.commit("main", {"main": "1\n"})
    main = head(repo)
    repo.git("merge", "-q", "--no-ff", "side", "-m", "merge")
    merge = head(repo)
    found = changes(contents, (main, merge), (side, merge), (fork, merge))
    assert [[change.path for change in each] for each in found] == [[b"side"], [b"main"], [b"main", b"side"]]


def test_configuration_that_changes_diffs_does_not_count(repo: Repo, contents: Contents) -> None:
    before = head(repo)
    repo.commit("change", {"a": "1 \n", "b": "1\n"})
    (repo.path / "order").write_text("b\na\n")
    for key, value in {
        "diff.renames": "copies",
        "diff.orderFile": str(repo.path / "order"),
        "diff.ignoreSubmodules": "all",
        "diff.external": "false",
        "core.quotePath": "true",
        "diff.noprefix": "true",
    }.items():
        repo.git("config", key, value)
    assert {change.path for change in changes(contents, (before, head(repo)))[0]} == {b"a", b"b"}


def test_blobs(repo: Repo, contents: Contents) -> None:
    data = {"text": b"a\nb\n", "empty": b"", "binary": bytes(range(256)) * 40}
    for name, content in data.items():
        (repo.path / name).write_bytes(content)
    repo.git("add", "-A")
    repo.commit("blobs")
    for name, content in data.items():
        assert contents.blob(held(repo, name).id) == content
    assert contents.blob(ObjectId("1" * 40)) is None
    assert contents.blob(head(repo)) is None
    assert contents.blob(held(repo, "text").id) == data["text"]


def test_a_blob_that_is_too_large_to_compare_is_none(repo: Repo, contents: Contents) -> None:
    (repo.path / "large").write_bytes(b"x" * (5 * 1024 * 1024))
    repo.git("add", "large")
    repo.commit("large", {"small": "1\n"})
    assert contents.blob(held(repo, "large").id) is None
    assert contents.blob(held(repo, "small").id) == b"1\n"


def test_a_partial_clone_fetches_nothing(repo: Repo, tmp_path: Path, environment: dict[str, str]) -> None:
    repo.commit("file", {"a": "1\n"})
    repo.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    repo.git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repo.path}", str(clone))
    contents = open_contents(clone, environment)
    count = len(list((clone / ".git/objects").rglob("*")))
    assert contents.blob(held(repo, "a").id) is None
    pair = (ObjectId(repo.git("rev-parse", "HEAD~1")), head(repo))
    assert [change.path for change in changes(contents, pair)[0]] == [b"a"]
    contents.close()
    assert len(list((clone / ".git/objects").rglob("*"))) == count


def test_authors_and_reverts(repo: Repo, contents: Contents) -> None:
    repo.commit("work", {"a": "1\n"})
    work = head(repo)
    repo.git("commit", "-q", "--amend", "--no-edit", "--date=2020-01-01T00:00:00Z")
    other = head(repo)
    repo.git("commit", "-q", "--amend", "-m", "another message")
    again = head(repo)
    first, second, third = contents.author_lines([work, other, again])
    assert second == third != first
    since = head(repo)
    repo.commit("more", {"b": "1\n"})
    repo.git("revert", "--no-edit", again)
    assert contents.reverted_by(head(repo), since) == [(head(repo), again)]
    assert contents.reverted_by(since, since) == []


def test_signatures_shown_in_every_log_do_not_count(repo: Repo, contents: Contents) -> None:
    reverted = repo.commit("work")
    tree = repo.git("rev-parse", "HEAD^{tree}")
    who = "Ada <ada@example.invalid> 1767225600 +0000"
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----"
    text = f"tree {tree}\nparent {reverted}\nauthor {who}\ncommitter {who}\n{signature}\n\nback\n\n"
    text += f"This reverts commit {reverted}.\n"
    signed = ObjectId(repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=text))
    repo.git("config", "log.showSignature", "true")
    assert [line.split("\0") for line in contents.author_lines([signed])] == [
        ["Ada", "ada@example.invalid", "1767225600"]
    ]
    assert list(contents.reverted_by(signed, ObjectId(reverted))) == [(signed, reverted)]


def test_an_answer_that_is_cut_short_is_an_error(tmp_path: Path, environment: dict[str, str]) -> None:
    ends = tmp_path / "bin" / "git"
    ends.parent.mkdir()
    ends.write_text('#!/bin/sh\nread id; printf "%s blob 10\\n12345" "$id"\n')
    ends.chmod(0o755)
    reader = BlobReader(str(tmp_path), environment | {"PATH": f"{ends.parent}:{environment['PATH']}"})
    with pytest.raises(ProgramFailed, match="cat-file"):
        list(reader.read([ObjectId("a" * 40)]))
    reader.close()


def test_a_missing_commit_is_an_error(repo: Repo, contents: Contents) -> None:
    with pytest.raises(ProgramFailed):
        changes(contents, (ObjectId("1" * 40), head(repo)))


def children() -> set[str]:
    """The processes that this one has started and not waited for."""
    return {child for path in Path("/proc/self/task").glob("*/children") for child in path.read_text().split()}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system has no /proc")
def test_nothing_is_written_and_no_process_stays(repo: Repo, environment: dict[str, str]) -> None:
    repo.commit("two", {"a": "1\n"})
    before = sorted(path for path in (repo.path / ".git").rglob("*"))
    others = children()
    contents = open_contents(repo.path, environment)
    changes(contents, (ObjectId(repo.git("rev-parse", "HEAD~1")), head(repo)))
    contents.blob(held(repo, "a").id)
    started = children() - others
    assert started
    contents.close()
    contents.close()
    assert sorted(path for path in (repo.path / ".git").rglob("*")) == before
    assert not children() & started


# -- merging -------------------------------------------------------------------------------------------------

lines = st.lists(
    st.sampled_from([b"a\n", b"b\n", b"c\n", b"\xff\n", b" a\n", b"a\r\n", b"long line\n"]), max_size=8
)
texts = lines.map(b"".join)


@given(texts, texts, texts)
@settings(max_examples=150, deadline=None)
def test_texts_are_merged_as_git_merges_them(
    tmp_path_factory: pytest.TempPathFactory, ancestor: bytes, ours: bytes, theirs: bytes
) -> None:
    folder = tmp_path_factory.mktemp("merge")
    for name, data in (("ours", ours), ("ancestor", ancestor), ("theirs", theirs)):
        (folder / name).write_bytes(data)
    finished = subprocess.run(
        ["git", "merge-file", "-p", "-q", "ours", "ancestor", "theirs"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    expected = finished.stdout if finished.returncode == 0 else None
    assert LibgitFileMerge().merged(ancestor, ours, theirs) == expected


def test_binary_files_are_not_merged() -> None:
    merge = LibgitFileMerge()
    assert merge.merged(b"a\0", b"a\0b", b"a\0c") is None
    assert merge.merged(b"a\n", b"b\n", b"c\n") is None
    assert merge.merged(b"a\nb\nc\nd\n", b"a\nb\nc\nD\n", b"A\nb\nc\nd\n") == b"A\nb\nc\nD\n"
