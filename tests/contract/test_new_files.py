"""The port NewFiles: there as a whole or not at all, and never in the place of another."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from git_kas.errors import AlreadyExists, ReadOnly
from git_kas.ports.fake_new_files import FakeNewFiles
from git_kas.ports.files import NewFiles
from git_kas_files.new_files import DiskNewFiles


@pytest.fixture(params=[DiskNewFiles, FakeNewFiles])
def files(request: pytest.FixtureRequest) -> NewFiles:
    made: NewFiles = request.param()
    return made


def test_what_is_there_is_never_replaced(files: NewFiles, tmp_path: Path) -> None:
    wanted = str(tmp_path / "wanted")
    first, second = files.begin(wanted), files.begin(wanted) if isinstance(files, DiskNewFiles) else None
    first.publish()
    with pytest.raises(AlreadyExists):
        files.begin(wanted)
    if second is not None:
        with pytest.raises(AlreadyExists):
            second.publish()
        second.discard()
    first.discard()
    with pytest.raises(AlreadyExists):
        files.begin(wanted)


def test_what_is_discarded_leaves_nothing(files: NewFiles, tmp_path: Path) -> None:
    new = files.begin(str(tmp_path / "wanted"))
    if isinstance(files, DiskNewFiles):
        Path(new.path + "-wal").write_text("what a database may leave")
    new.discard()
    new.discard()
    assert list(tmp_path.iterdir()) == []
    files.begin(str(tmp_path / "wanted")).discard()


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    new = DiskNewFiles().begin(str(tmp_path / "wanted"))
    Path(new.path).write_text("all plans")
    new.publish()
    new.discard()
    (found,) = tmp_path.iterdir()
    assert (found.name, found.read_text()) == ("wanted", "all plans")
    assert stat.S_IMODE(os.stat(found).st_mode) == 0o600


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReadOnly, match="cannot be written"):
        DiskNewFiles().begin(str(tmp_path / "missing" / "wanted"))
