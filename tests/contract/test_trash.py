"""What every trash keeps, the memory fake included, and what only folders on disk can show."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from git_kas.domain.names import BranchName
from git_kas.domain.worktree import FolderState, Worktree
from git_kas.errors import AlreadyExists, NotFound, ReadOnly, StoreCorrupt, WouldLoseData
from git_kas.ports.fake_janitor import FakeAdminRecords, FakeTrash
from git_kas.ports.trash import AdminRecords, Trash
from git_kas_files import trash as trash_module
from git_kas_files.admin_records import DiskAdminRecords
from git_kas_files.trash import FolderTrash
from support import Repo

OPERATION = "20260101-000000-000000001"


class Ground:
    """A trash, with a way to make folders that it can move."""

    def __init__(self, trash: Trash, top: str, make: Callable[[str, str], None]) -> None:
        self.trash = trash
        self.top = top
        self.make = make

    def path(self, name: str) -> str:
        return f"{self.top}/{name}"

    def worktree(self, name: str) -> Worktree:
        self.make(self.path(name), "files")
        self.make(self.path(f"admin-{name}"), "admin")
        return Worktree(name, self.path(name), self.path(f"admin-{name}"))


@pytest.fixture(params=["memory", "disk"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    if request.param == "memory":
        fake = FakeTrash()
        return Ground(fake, "/common", fake.folders.__setitem__)

    def make(path: str, content: str) -> None:
        Path(path).mkdir()
        if content:
            Path(path, "content").write_text(content)

    common = tmp_path / "common"
    common.mkdir()
    return Ground(FolderTrash(str(common)), str(common), make)


def test_a_worktree_moves_there_and_back(ground: Ground) -> None:
    worktree = ground.worktree("wt")
    place = ground.trash.place(OPERATION, 1, worktree)
    assert ground.trash.move(worktree.path, place.tree)
    assert ground.trash.move(worktree.admin_dir, place.admin)
    assert not ground.trash.exists(worktree.path)
    assert ground.trash.exists(place.tree)
    assert list(ground.trash.operations()) == [OPERATION]
    assert (ground.trash.size(ground.trash.leftovers(OPERATION)[0]) or 0) > 0
    assert ground.trash.move(place.admin, worktree.admin_dir)
    assert ground.trash.move(place.tree, worktree.path)
    assert ground.trash.exists(worktree.path)
    assert not ground.trash.exists(place.tree)


def test_a_move_that_was_made_is_no_error(ground: Ground) -> None:
    worktree = ground.worktree("wt")
    place = ground.trash.place(OPERATION, 1, worktree)
    assert ground.trash.move(worktree.path, place.tree)
    assert not ground.trash.move(worktree.path, place.tree)


def test_nothing_is_moved_over_something(ground: Ground) -> None:
    one, two = ground.worktree("one"), ground.worktree("two")
    with pytest.raises(AlreadyExists):
        ground.trash.move(one.path, two.path)
    assert ground.trash.exists(one.path)
    assert ground.trash.exists(two.path)


def test_an_empty_folder_makes_room(ground: Ground) -> None:
    one = ground.worktree("one")
    ground.make(ground.path("empty"), "")
    assert not ground.trash.exists(ground.path("empty"))
    assert ground.trash.move(one.path, ground.path("empty"))
    assert ground.trash.exists(ground.path("empty"))


def test_what_is_nowhere_cannot_be_moved(ground: Ground) -> None:
    with pytest.raises(NotFound):
        ground.trash.move(ground.path("one"), ground.path("two"))


def test_only_what_is_in_a_trash_is_discarded(ground: Ground) -> None:
    worktree = ground.worktree("wt")
    place = ground.trash.place(OPERATION, 1, worktree)
    ground.trash.move(worktree.path, place.tree)
    for path in (ground.path("admin-wt"), ground.top, f"{ground.path('kas')}/trash"):
        with pytest.raises(WouldLoseData):
            ground.trash.discard([path])
    assert ground.trash.exists(worktree.admin_dir)
    ground.trash.discard(ground.trash.leftovers(OPERATION))
    assert not ground.trash.exists(place.tree)
    assert list(ground.trash.operations()) == []
    ground.trash.discard(ground.trash.leftovers(OPERATION))


def test_discarding_opens_no_folder_outside(
    disk: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    place = tmp_path / "beside" / ".kas-trash" / "20260102-030405-000000000-1" / "tree"
    (place / "closed").mkdir(parents=True)
    (place / "link").symlink_to(outside)
    remove_tree = shutil.rmtree

    def refused_once(path: str, onerror: Any = None) -> None:
        if onerror:
            onerror(os.unlink, path, None)
        remove_tree(path)

    monkeypatch.setattr(shutil, "rmtree", refused_once)
    disk.trash.discard([str(place)])
    assert not place.exists()
    assert outside.stat().st_mode & 0o777 == 0o755


def test_a_place_beside(ground: Ground) -> None:
    worktree = ground.worktree("wt")
    place = ground.trash.place_beside(OPERATION, 1, worktree)
    assert place.tree.startswith(f"{ground.top}/.kas-trash/")
    assert place.admin == ground.trash.place(OPERATION, 1, worktree).admin


# -- on disk ---------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Ground:
    common = tmp_path / "common"
    common.mkdir()

    def make(path: str, content: str) -> None:
        Path(path).mkdir(parents=True)
        (Path(path) / ".git").write_text(f"gitdir: {tmp_path}/admin-{Path(path).name}\n")
        (Path(path) / "content").write_text(content)

    return Ground(FolderTrash(str(common)), str(tmp_path), make)


def test_another_file_system_is_told(disk: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    worktree = disk.worktree("wt")

    def refuse(source: str, target: str) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(WouldLoseData, match="cross-device"):
        disk.trash.move(worktree.path, disk.trash.place(OPERATION, 1, worktree).tree)
    assert disk.trash.exists(worktree.path)


def test_the_trash_beside_is_ignored_by_git(disk: Ground) -> None:
    worktree = disk.worktree("wt")
    place = disk.trash.place_beside(OPERATION, 1, worktree)
    assert disk.trash.move(worktree.path, place.tree)
    assert Path(disk.path(".kas-trash/.gitignore")).read_text() == "*\n"
    disk.trash.discard([place.tree])
    assert not Path(place.tree).parent.exists()


def test_a_folder_that_cannot_be_written_is_an_error(disk: Ground) -> None:
    worktree = disk.worktree("wt")
    Path(disk.path("common/kas")).write_text("a file in the way")
    with pytest.raises(ReadOnly):
        disk.trash.move(worktree.path, disk.trash.place(OPERATION, 1, worktree).tree)
    assert disk.trash.exists(worktree.path)


def test_what_a_look_finds(disk: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    outer, inner = disk.worktree("wt"), Worktree("in", disk.path("wt/in"), disk.path("admin-in"))
    other = disk.worktree("wt-2")
    everything = (outer, inner, other)
    facts = disk.trash.look(outer, everything)
    assert (list(facts.nested), facts.here, facts.found_at, facts.submodules) == (
        [inner.path],
        False,
        "",
        False,
    )
    assert facts.used_at is None
    Path(outer.admin_dir, "HEAD").write_text("ref: refs/heads/x\n")
    os.utime(Path(outer.admin_dir, "HEAD"), (1, 12345))
    Path(outer.admin_dir, "modules", "sub").mkdir(parents=True)
    monkeypatch.chdir(outer.path)
    facts = disk.trash.look(outer, everything)
    assert (facts.used_at, facts.submodules, facts.here) == (12345, True, True)
    assert not disk.trash.look(other, everything).here


def test_a_file_is_whole_though_the_system_takes_it_in_pieces(
    disk: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    worktree = disk.worktree("wt")
    write = os.write
    monkeypatch.setattr(os, "write", lambda opened, data: write(opened, bytes(data[:3])))
    disk.trash.check_out(worktree.admin_dir, BranchName("plan/shop"))
    assert Path(worktree.admin_dir, "HEAD").read_text() == "ref: refs/heads/plan/shop\n"


def test_a_missing_folder_is_looked_for(disk: Ground) -> None:
    moved = disk.worktree("wt")
    Path(moved.path).rename(disk.path("elsewhere"))
    missing = Worktree("wt", moved.path, moved.admin_dir, folder=FolderState.MISSING)
    assert disk.trash.look(missing, [missing]).found_at == disk.path("elsewhere")
    Path(moved.path).mkdir()
    assert disk.trash.look(missing, [missing]).is_empty


def test_mounts_are_seen(disk: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worktree = disk.worktree("w t")
    listed = tmp_path / "mountinfo"
    point = f"{worktree.path}/data".replace(" ", "\\040")
    listed.write_text(f"1 2 0:1 / / rw - ext4 /dev/x rw\n3 1 0:2 / {point} rw - tmpfs x rw\n")
    monkeypatch.setattr(trash_module, "_MOUNTS", str(listed))
    assert list(disk.trash.look(worktree, [worktree]).mounts) == [f"{worktree.path}/data"]
    monkeypatch.setattr(trash_module, "_MOUNTS", str(tmp_path / "nowhere"))
    assert list(disk.trash.look(worktree, [worktree]).mounts) == []


def test_another_name_is_written_into_both_folders(disk: Ground) -> None:
    worktree = disk.worktree("wt")
    Path(worktree.admin_dir, "gitdir").write_text(f"{worktree.path}/.git\n")
    disk.trash.point(worktree.admin_dir, "/new/place", worktree.path)
    assert Path(worktree.admin_dir, "gitdir").read_text() == "/new/place/.git\n"
    assert Path(worktree.path, ".git").read_text() == f"gitdir: {worktree.admin_dir}\n"
    disk.trash.check_out(worktree.admin_dir, BranchName("plan/x"))
    assert Path(worktree.admin_dir, "HEAD").read_text() == "ref: refs/heads/plan/x\n"


# -- records in administrative folders -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_reflogs_are_read_and_written(kind: str, tmp_path: Path) -> None:
    records: AdminRecords = FakeAdminRecords() if kind == "memory" else DiskAdminRecords(str(tmp_path))
    branch = BranchName("plan/x")
    assert records.supported()
    assert records.branch_log(branch) is None
    records.put_branch_log(branch, b"\xff line\n")
    assert records.branch_log(branch) == b"\xff line\n"


def test_empty_folders_make_room_for_a_reflog(tmp_path: Path) -> None:
    (tmp_path / "logs/refs/heads/plan/x/y").mkdir(parents=True)
    records = DiskAdminRecords(str(tmp_path))
    records.put_branch_log(BranchName("plan/x"), b"line\n")
    assert records.branch_log(BranchName("plan/x")) == b"line\n"
    (tmp_path / "reftable").mkdir()
    assert not records.supported()


@pytest.mark.parametrize("version", [2, 3, 4])
def test_every_object_of_an_index_is_found(repo: Repo, version: int) -> None:
    """All that ``git fsck`` looks for: entries in all stages, cached trees, resolved conflicts."""
    for number in range(40):
        (repo.path / f"some/folder-{number % 3}").mkdir(parents=True, exist_ok=True)
        (repo.path / f"some/folder-{number % 3}/{'n' * number}.txt").write_text(str(number))
    (repo.path / ("long/" + "d" * 200)).mkdir(parents=True)
    (repo.path / ("long/" + "d" * 200) / ("f" * 250)).write_text("long")
    repo.git("add", "-A")
    repo.commit("all")
    repo.git("checkout", "-q", "-b", "other")
    repo.commit("theirs", {"README.md": "theirs\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("ours", {"README.md": "ours\n"})
    with pytest.raises(AssertionError):
        repo.git("merge", "other")
    stages = {line.split()[1] for line in repo.git("ls-files", "-s").splitlines()}
    (repo.path / "README.md").write_text("resolved\n")
    repo.git("add", "README.md")
    repo.git("update-index", "--index-version", str(version))
    if version == 3:
        repo.git("update-index", "--skip-worktree", "README.md")
    repo.git("write-tree")
    trees = set(repo.git("ls-tree", "-r", "-t", "--format=%(objectname)", repo.git("write-tree")).splitlines())
    assert (repo.path / ".git/index").read_bytes()[7] == version
    found = set(DiskAdminRecords(str(repo.path / ".git")).objects_of_worktree(str(repo.path / ".git")))
    assert stages | trees <= found
    assert repo.git("rev-parse", "MERGE_HEAD") in found
    assert set(repo.git("reflog", "--format=%H").splitlines()) <= found


def test_a_split_index_and_a_sparse_one(repo: Repo) -> None:
    repo.commit("files", {"a/b.txt": "b\n", "c/d.txt": "d\n", "e.txt": "e\n"})
    everything = {line.split()[1] for line in repo.git("ls-files", "-s").splitlines()}
    repo.git("update-index", "--split-index")
    repo.commit("more", {"f.txt": "f\n"})
    records = DiskAdminRecords(str(repo.path / ".git"))
    assert everything <= set(records.objects_of_worktree(str(repo.path / ".git")))
    repo.git("update-index", "--no-split-index")
    repo.git("sparse-checkout", "set", "--cone", "--sparse-index", "a")
    tree = repo.git("rev-parse", "HEAD:c")
    assert tree in records.objects_of_worktree(str(repo.path / ".git"))


def test_sha256(new_repo: Callable[..., Repo]) -> None:
    repo = new_repo("sha256", "--object-format=sha256")
    repo.commit("a file", {"a.txt": "a\n"})
    common = str(repo.path / ".git")
    assert repo.git("rev-parse", ":a.txt") in DiskAdminRecords(common).objects_of_worktree(common)


@pytest.mark.parametrize("cut", [3, 11, 40, 100, -25])
def test_an_index_that_is_not_understood_is_refused(repo: Repo, cut: int) -> None:
    index = repo.path / ".git/index"
    index.write_bytes(index.read_bytes()[:cut])
    records = DiskAdminRecords(str(repo.path / ".git"))
    with pytest.raises(StoreCorrupt):
        records.objects_of_worktree(str(repo.path / ".git"))
