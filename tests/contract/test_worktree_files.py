"""Files of worktrees are written as a whole, and never through a link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_kas.errors import Conflict, KasError, ReadOnly
from git_kas.ports.fake_worktree_files import FakeWorktreeFiles
from git_kas.ports.files import WorktreeFiles
from git_kas_files.worktree_files import DiskWorktreeFiles


@pytest.fixture(params=["disk", "memory"])
def files(request: pytest.FixtureRequest) -> WorktreeFiles:
    return DiskWorktreeFiles() if request.param == "disk" else FakeWorktreeFiles()


def test_a_file_comes_changes_and_goes(files: WorktreeFiles, tmp_path: Path) -> None:
    root = str(tmp_path)
    files.replace(root, "a/b/c.md", b"one", None)
    assert files.read(root, "a/b/c.md") == b"one"
    files.replace(root, "a/b/c.md", b"two", b"one")
    assert files.read(root, "a/b/c.md") == b"two"
    files.remove(root, "a/b/c.md", b"two")
    assert files.read(root, "a/b/c.md") is None


def test_what_was_changed_meanwhile_is_left_alone(files: WorktreeFiles, tmp_path: Path) -> None:
    root = str(tmp_path)
    files.replace(root, "x", b"mine", None)
    for expected in (None, b"other"):
        with pytest.raises(Conflict):
            files.replace(root, "x", b"ours", expected)
    with pytest.raises(Conflict):
        files.remove(root, "x", b"other")
    assert files.read(root, "x") == b"mine"


def test_permissions_stay_and_nothing_is_left_over(tmp_path: Path) -> None:
    files = DiskWorktreeFiles()
    files.replace(str(tmp_path), "a/x", b"one", None)
    (tmp_path / "a/x").chmod(0o640)
    files.replace(str(tmp_path), "a/x", b"two", b"one")
    assert (tmp_path / "a/x").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x"]


def test_folders_with_something_else_in_them_stay(tmp_path: Path) -> None:
    files = DiskWorktreeFiles()
    files.replace(str(tmp_path), "a/b/x", b"one", None)
    (tmp_path / "a/other").write_text("")
    files.remove(str(tmp_path), "a/b/x", b"one")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["other"]


@pytest.mark.parametrize("link", ["a", "a/b", "a/b/x"])
def test_no_link_is_followed(tmp_path: Path, link: str) -> None:
    files, outside = DiskWorktreeFiles(), tmp_path / "outside"
    (outside / "b").mkdir(parents=True)
    (outside / "b/x").write_text("precious")
    (outside / "x").write_text("precious")
    root = tmp_path / "root"
    (root / link).parent.mkdir(parents=True)
    os.symlink(outside / "x" if link.endswith("x") else outside, root / link)
    for expected in (None, b"precious"):
        with pytest.raises(KasError):
            files.replace(str(root), "a/b/x", b"ours", expected)
    with pytest.raises(KasError):
        files.remove(str(root), "a/b/x", b"precious")
    assert (outside / "b/x").read_text() == (outside / "x").read_text() == "precious"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("x", "pipe"):
        with pytest.raises(KasError):
            DiskWorktreeFiles().replace(str(tmp_path), name, b"ours", None)
    (tmp_path / "file").write_text("")
    with pytest.raises(ReadOnly):
        DiskWorktreeFiles().replace(str(tmp_path), "file/x", b"ours", None)
