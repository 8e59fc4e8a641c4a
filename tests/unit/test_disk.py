"""Files that are written as a whole, and what a refusal of the system is called."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from git_kas.disk import sync, write_all, write_file, writing
from git_kas.errors import KasError, ReadOnly, StoreFull

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of the system, which takes no more than three bytes at once."""
    made: list[str] = []
    write, fsync = os.write, os.fsync

    def take_three(opened: int, data: bytes) -> int:
        made.append("write")
        return write(opened, bytes(data[:3]))

    def note_and_sync(opened: int) -> None:
        made.append(f"fsync {os.readlink(f'/proc/self/fd/{opened}')}")
        fsync(opened)

    monkeypatch.setattr(os, "write", take_three)
    monkeypatch.setattr(os, "fsync", note_and_sync)
    return made


def test_all_is_written_though_the_system_takes_it_in_pieces(calls: list[str], tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        write_all(file.fileno(), b"seven b")
        write_all(file.fileno(), b"")
    assert (tmp_path / "file").read_bytes() == b"seven b"
    assert calls == ["write"] * 3


def test_a_file_is_on_the_disk_when_it_is_made(calls: list[str], tmp_path: Path) -> None:
    made = tmp_path / "file"
    write_file(str(made), [b"two", b" parts"], os.O_EXCL, 0o600)
    assert made.read_bytes() == b"two parts"
    assert made.stat().st_mode & 0o777 == 0o600
    assert calls == ["write"] * 3 + [f"fsync {made}"]
    with pytest.raises(FileExistsError):
        write_file(str(made), [b"x"], os.O_EXCL)
    write_file(str(made), [b"x"], os.O_TRUNC)
    assert made.read_bytes() == b"x"


def test_a_file_is_made_in_an_open_folder(tmp_path: Path) -> None:
    opened = os.open(tmp_path, os.O_RDONLY)
    try:
        write_file("file", [b"x"], os.O_EXCL, folder=opened)
    finally:
        os.close(opened)
    assert (tmp_path / "file").read_bytes() == b"x"


def test_files_and_folders_are_synced(calls: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sync(str(tmp_path / "file"))
    sync(str(tmp_path))
    assert calls == [f"fsync {tmp_path / 'file'}", f"fsync {tmp_path}"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_refusal_has_its_kind(number: int) -> None:
    with pytest.raises(KasError) as refused, writing("/some/file"):
        raise OSError(number, "The reason")
    assert type(refused.value) is (StoreFull if number in NO_ROOM else ReadOnly)
    assert refused.value.message == "/some/file cannot be written: The reason."
    assert isinstance(refused.value.__cause__, OSError)
