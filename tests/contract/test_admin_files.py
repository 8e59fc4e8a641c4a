"""The port ``AdminFiles`` on disk: what is set aside is what was judged, and nothing is lost on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_kas.domain.worktree import Operation, Worktree
from git_kas.errors import Conflict, ReadOnly
from git_kas_files.admin_files import DiskAdminFiles


@pytest.fixture
def common(tmp_path: Path) -> Path:
    (tmp_path / "repo/.git").mkdir(parents=True)
    return tmp_path / "repo/.git"


@pytest.fixture
def files(common: Path) -> DiskAdminFiles:
    return DiskAdminFiles(str(common))


@pytest.fixture
def lock(common: Path) -> Path:
    path = common / "index.lock"
    path.write_bytes(b"judged")
    return path


def aside(common: Path) -> list[bytes]:
    return [path.read_bytes() for path in (common / "kas/set-aside").glob("*")]


def test_file_is_moved_with_its_bytes(files: DiskAdminFiles, common: Path, lock: Path) -> None:
    facts = files.facts(str(lock))
    assert facts is not None
    kept = Path(files.set_aside(str(lock), facts.stamp))
    assert (kept.read_bytes(), kept.parent, lock.exists()) == (b"judged", common / "kas/set-aside", False)


def test_files_of_one_name_do_not_meet(files: DiskAdminFiles, common: Path, lock: Path) -> None:
    for text in (b"one", b"two"):
        lock.write_bytes(text)
        facts = files.facts(str(lock))
        assert facts is not None
        files.set_aside(str(lock), facts.stamp)
    assert sorted(aside(common)) == [b"one", b"two"]


@pytest.mark.parametrize("change", ["rewritten", "replaced", "gone"])
def test_file_that_has_changed_is_left(files: DiskAdminFiles, common: Path, lock: Path, change: str) -> None:
    facts = files.facts(str(lock))
    assert facts is not None
    if change == "rewritten":
        lock.write_bytes(b"at work")
    else:
        lock.unlink()
    if change == "replaced":
        lock.write_bytes(b"judged")
        os.utime(lock, ns=(0, facts.stamp.modified_ns + 1))
    with pytest.raises(Conflict):
        files.set_aside(str(lock), facts.stamp)
    assert lock.exists() == (change != "gone")
    assert aside(common) == []


@pytest.mark.parametrize("meanwhile", ["nothing", "a third"])
def test_file_that_changes_at_the_last_moment_is_put_back(
    files: DiskAdminFiles, common: Path, lock: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """Between the last look and the rename another process makes a lock of its own, and perhaps a third one."""
    facts = files.facts(str(lock))
    assert facts is not None
    rename = os.rename

    def late(source: str, target: str) -> None:
        lock.unlink()
        lock.write_bytes(b"alive")
        rename(source, target)
        if meanwhile == "a third":
            lock.write_bytes(b"third")

    monkeypatch.setattr(os, "rename", late)
    with pytest.raises(Conflict):
        files.set_aside(str(lock), facts.stamp)
    assert lock.read_bytes() == (b"alive" if meanwhile == "nothing" else b"third")
    assert aside(common) == ([] if meanwhile == "nothing" else [b"alive"])


def test_text_is_kept_byte_for_byte(files: DiskAdminFiles) -> None:
    text = os.fsdecode(b"latin-\xe9\nline")
    kept = [files.keep("section", text) for _ in range(2)]
    assert [Path(path).read_bytes() for path in kept] == [b"latin-\xe9\nline"] * 2
    assert kept[0] != kept[1]


def test_folder_that_cannot_be_made_is_an_error(files: DiskAdminFiles, common: Path, lock: Path) -> None:
    (common / "kas").write_text("a file in the way")
    facts = files.facts(str(lock))
    assert facts is not None
    with pytest.raises(ReadOnly):
        files.set_aside(str(lock), facts.stamp)
    with pytest.raises(ReadOnly):
        files.keep("section", "text")
    assert lock.exists()


def test_link_is_not_followed(files: DiskAdminFiles, common: Path, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("elsewhere")
    link = common / "HEAD.lock"
    link.symlink_to(tmp_path / "target")
    facts = files.facts(str(link))
    assert facts is not None
    files.set_aside(str(link), facts.stamp)
    assert (tmp_path / "target").read_text() == "elsewhere"
    assert not link.is_symlink()


def test_operation_went_on_when_its_newest_file_was_written(files: DiskAdminFiles, common: Path) -> None:
    tree = Worktree("", str(common.parent), str(common), operations=(Operation.REBASE,))
    assert files.last_touched(tree) is None
    folder = common / "rebase-merge"
    folder.mkdir()
    for number, name in enumerate(("done", "todo")):
        (folder / name).touch()
        os.utime(folder / name, (1000 + number, 1000 + number))
    os.utime(folder, (900, 900))
    assert files.last_touched(tree) == 1001
