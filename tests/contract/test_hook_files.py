"""What every adapter of hooks folders keeps, the memory fake included, and what only a disk can show."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from git_kas.domain.hook_plan import Act, Step
from git_kas.domain.hooks import HookName, ShimOptions
from git_kas.errors import AlreadyExists, Busy, ReadOnly, StoreFull
from git_kas.ports.fake_hook_files import FakeHookFiles, a_file
from git_kas.ports.hook_files import HookFiles
from git_kas_hooks import hook_files as disk_module
from git_kas_hooks.hook_files import DiskHookFiles

HOOK = HookName.PRE_COMMIT
CHAINED = "pre-commit.chained-by-git-kas"
NEW = "pre-commit.new-by-git-kas"
OPTIONS = ShimOptions(("plan-state.json",))
LONG_AGO = 1_600_000_000_123_456_789


class Ground:
    """A hooks folder, with a way to put a file into it."""

    def __init__(self, files: HookFiles, folder: str, write: Callable[[str, bytes], None]) -> None:
        self.files = files
        self.folder = folder
        self.write = write

    def take(self, act: Act, name: str, to: str = "", data: bytes = b"") -> None:
        self.files.take(self.folder, Step(act, name, to, data))

    def data(self, name: str) -> bytes | None:
        found = self.files.look(self.folder, name)
        return found.data if found else None


def on_disk(folder: Path) -> Ground:
    def write(name: str, data: bytes) -> None:
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o750)
        os.utime(folder / name, ns=(LONG_AGO, LONG_AGO))

    return Ground(DiskHookFiles({"PATH": "/nowhere"}), str(folder), write)


@pytest.fixture(params=["memory", "disk"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    if request.param == "disk":
        (tmp_path / "hooks").mkdir()
        return on_disk(tmp_path / "hooks")
    fake = FakeHookFiles({"/hooks": {}})
    return Ground(fake, "/hooks", lambda name, data: fake.folders["/hooks"].__setitem__(name, a_file(data)))


@pytest.fixture
def disk(tmp_path: Path) -> Ground:
    (tmp_path / "hooks").mkdir()
    return on_disk(tmp_path / "hooks")


def test_a_file_gets_a_second_name_and_ours_its_place(ground: Ground) -> None:
    ground.write("pre-commit", b"mine\n")
    before = ground.files.look(ground.folder, "pre-commit")
    assert before
    assert (before.executable, before.replaceable, before.own) == (True, True, None)
    ground.take(Act.KEEP, "pre-commit", CHAINED)
    chained = ground.files.look(ground.folder, CHAINED)
    assert chained == before
    shim = ground.files.shim(HOOK, OPTIONS)
    ground.take(Act.PUT, "pre-commit", NEW, shim)
    ours = ground.files.look(ground.folder, "pre-commit")
    assert ours
    assert (ours.data, ours.is_intact, ours.executable) == (shim, True, True)
    assert ours.own
    assert (ours.own.hook, ours.own.options) == (HOOK, OPTIONS)
    assert ours.stamp != before.stamp
    ground.take(Act.MOVE, CHAINED, "pre-commit")
    assert ground.files.look(ground.folder, "pre-commit") == before
    assert ground.data(CHAINED) is None
    assert ground.data(NEW) is None
    ground.take(Act.REMOVE, "pre-commit")
    assert ground.data("pre-commit") is None


def test_no_second_name_takes_one_that_is_in_use(ground: Ground) -> None:
    ground.write("pre-commit", b"mine\n")
    ground.write(CHAINED, b"other\n")
    with pytest.raises(AlreadyExists):
        ground.take(Act.KEEP, "pre-commit", CHAINED)
    assert ground.data(CHAINED) == b"other\n"


def test_what_an_interrupted_run_has_left_is_no_obstacle(ground: Ground) -> None:
    ground.write(NEW, b"half")
    ground.take(Act.PUT, "pre-commit", NEW, b"whole")
    assert ground.data("pre-commit") == b"whole"
    assert ground.data(NEW) is None


def test_a_view_has_every_name_that_matters(ground: Ground) -> None:
    names = ("pre-commit", "pre-commit.legacy", "pre-commit.old", CHAINED, NEW)
    for name in (*names, "pre-push", "pre-commit.sample"):
        ground.write(name, b"x")
    view = ground.files.view(ground.folder, HOOK)
    assert set(view.files) == set(names)
    assert (view.hook, view.folder, tuple(view.links)) == (HOOK, ground.folder, ())


def test_a_folder_that_was_made_goes_when_nothing_is_left(ground: Ground) -> None:
    folder = f"{ground.folder}/in/it"
    assert ground.files.look(folder, "pre-commit") is None
    assert not ground.files.is_folder(folder)
    ground.files.make_folder(folder)
    assert ground.files.is_folder(folder)
    with ground.files.exclusive(folder):
        ground.files.take(folder, Step(Act.PUT, "pre-commit", NEW, ground.files.shim(HOOK, OPTIONS)))
    ground.files.leave_folder(folder)
    assert ground.files.is_folder(folder)
    ground.files.take(folder, Step(Act.REMOVE, "pre-commit"))
    ground.files.leave_folder(folder)
    assert not ground.files.is_folder(folder)


def test_a_folder_that_was_there_stays(ground: Ground) -> None:
    ground.files.make_folder(ground.folder)
    ground.files.leave_folder(ground.folder)
    assert ground.files.is_folder(ground.folder)


def test_programs() -> None:
    assert FakeHookFiles().finds_program("")
    assert not FakeHookFiles(found=False).finds_program("/x")
    files = DiskHookFiles({"PATH": "/nowhere"})
    assert not files.finds_program("")
    assert not files.finds_program("/bin")
    assert files.finds_program("/bin/sh")


# -- on disk ---------------------------------------------------------------------------------------------------


def test_mode_time_and_bytes_stay(disk: Ground) -> None:
    disk.write("pre-commit", b"mine\n")
    path = Path(disk.folder, "pre-commit")
    before = path.lstat()
    disk.take(Act.KEEP, "pre-commit", CHAINED)
    disk.take(Act.PUT, "pre-commit", NEW, b"ours")
    assert stat.S_IMODE(path.lstat().st_mode) == 0o755
    disk.take(Act.MOVE, CHAINED, "pre-commit")
    after = path.lstat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (
        before.st_ino,
        before.st_mode,
        before.st_mtime_ns,
    )


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_system_without_second_names(disk: Ground, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    path = Path(disk.folder, "pre-commit")
    if kind == "link":
        path.symlink_to("../elsewhere")
    else:
        disk.write("pre-commit", b"mine\n" * 20_000)
    before = disk.files.look(disk.folder, "pre-commit")
    monkeypatch.setattr(os, "link", refuse)
    disk.take(Act.KEEP, "pre-commit", CHAINED)
    assert disk.files.look(disk.folder, CHAINED) == before
    assert disk.data(NEW) is None


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize(
    ("number", "error"), [(errno.EROFS, ReadOnly), (errno.EACCES, ReadOnly), (errno.ENOSPC, StoreFull)]
)
def test_what_the_system_refuses_changes_nothing(
    disk: Ground, monkeypatch: pytest.MonkeyPatch, act: Act, number: int, error: type[Exception]
) -> None:
    disk.write("pre-commit", b"mine\n")
    before = {path.name: path.read_bytes() for path in Path(disk.folder).iterdir()}

    def refuse(*_: object, **__: object) -> Any:
        raise OSError(number, os.strerror(number))

    calls = {Act.KEEP: ["link"], Act.PUT: ["write", "fchmod", "fsync", "replace"], Act.MOVE: ["replace"]}
    for name in calls.get(act, ["unlink"]):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, refuse)
            with pytest.raises(error):
                disk.take(act, "pre-commit", CHAINED if act is Act.KEEP else NEW, b"ours")
        assert {path.name: path.read_bytes() for path in Path(disk.folder).iterdir()} == before


def test_a_link_where_ours_is_written_is_not_followed(disk: Ground, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("untouched")
    Path(disk.folder, NEW).symlink_to(tmp_path / "victim")
    disk.take(Act.PUT, "pre-commit", NEW, b"ours")
    assert (tmp_path / "victim").read_text() == "untouched"
    assert not Path(disk.folder, "pre-commit").is_symlink()


def test_odd_things_are_looked_at(disk: Ground) -> None:
    folder = Path(disk.folder)
    (folder / "pre-commit").symlink_to("pre-commit")
    (folder / "folder").mkdir()
    (folder / "to-folder").symlink_to("folder")
    os.mkfifo(folder / "pipe")
    assert [disk.data(name) for name in ("pre-commit", "folder", "to-folder", "pipe")] == [b""] * 4
    seen = [disk.files.look(disk.folder, name) for name in ("folder", "pipe")]
    assert [found.replaceable for found in seen if found] == [False, False]


def test_links_to_a_hook_are_named(disk: Ground) -> None:
    folder = Path(disk.folder)
    disk.write("pre-commit", b"mine\n")
    (folder / "commit-msg").symlink_to("pre-commit")
    (folder / "pre-push").symlink_to(folder / "pre-commit")
    (folder / "update").symlink_to("../hooks/pre-commit")
    (folder / "other").symlink_to("../other/pre-commit")
    assert disk.files.view(disk.folder, HOOK).links == ("commit-msg", "pre-push", "update")


def test_one_at_a_time(disk: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_module, "_PATIENCE", 0.05)
    with disk.files.exclusive(disk.folder):
        with pytest.raises(Busy), disk.files.exclusive(disk.folder):
            pass
        assert os.listdir(disk.folder) == []
