"""What every journal of operations keeps, the memory fake included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_kas.domain.operation_ids import began_ns, is_operation_id
from git_kas.errors import Busy, KasError, NotFound, ReadOnly, StoreCorrupt
from git_kas.ports.fake_operations import FakeOperationJournal
from git_kas.ports.operations import OperationJournal
from git_kas_files.operations import DiskOperationJournal

NOW = 1_767_225_600_000_000_001


@pytest.fixture(params=["memory", "disk"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> OperationJournal:
    return FakeOperationJournal() if request.param == "memory" else DiskOperationJournal(str(tmp_path), 0.05)


@pytest.fixture
def disk(tmp_path: Path) -> DiskOperationJournal:
    return DiskOperationJournal(str(tmp_path), 0.05)


def steps_file(tmp_path: Path, operation: str) -> Path:
    return tmp_path / "kas" / "operations" / operation / "steps.jsonl"


def test_what_was_recorded_is_read_in_order(journal: OperationJournal) -> None:
    operation = journal.begin("cleanup", {"names": ["a\n\udcff"]}, NOW)
    journal.record(operation, {"step": "one", "object": None})
    journal.record(operation, {"step": "two", "number": 2, "list": [1, "x"]})
    record = journal.read(operation)
    assert (record.id, record.kind, record.began) == (operation, "cleanup", "2026-01-01T00:00:00.000000Z")
    assert [dict(step) for step in record.steps] == [
        {"names": ["a\n\udcff"]},
        {"step": "one", "object": None},
        {"step": "two", "number": 2, "list": [1, "x"]},
    ]
    assert list(journal.operations()) == [record]


def test_ids_are_unique_and_sort_by_time_even_if_the_clock_goes_back(journal: OperationJournal) -> None:
    ids = [journal.begin("cleanup", {}, now) for now in (NOW, NOW, NOW - 10**12, NOW + 5)]
    assert ids == sorted(set(ids))
    assert all(map(is_operation_id, ids))
    assert [record.id for record in journal.operations()] == ids
    assert began_ns(ids[0]) == NOW


def test_files_are_kept(journal: OperationJournal) -> None:
    operation = journal.begin("cleanup", {}, NOW)
    other = journal.begin("cleanup", {}, NOW)
    journal.keep(operation, "reflogs-1", b"\0\xff\n")
    journal.keep(operation, "reflogs-1", b"again")
    assert journal.kept(operation, "reflogs-1") == b"again"
    with pytest.raises(NotFound):
        journal.kept(other, "reflogs-1")


def test_what_is_forgotten_is_gone(journal: OperationJournal) -> None:
    operation = journal.begin("cleanup", {}, NOW)
    journal.keep(operation, "file", b"x")
    other = journal.begin("cleanup", {}, NOW)
    journal.forget(operation)
    assert [record.id for record in journal.operations()] == [other]
    for ask in (
        lambda: journal.read(operation),
        lambda: journal.record(operation, {}),
        lambda: journal.forget(operation),
        lambda: journal.kept(operation, "file"),
        lambda: journal.read("../../nonsense"),
    ):
        with pytest.raises(NotFound):
            ask()


def test_one_at_a_time(journal: OperationJournal, tmp_path: Path) -> None:
    with journal.exclusive(), pytest.raises(Busy), journal.exclusive():
        pass
    with journal.exclusive():
        pass


def test_the_holder_is_named(disk: DiskOperationJournal) -> None:
    with disk.exclusive(), pytest.raises(Busy, match=f"process {os.getpid()} on "), disk.exclusive():
        pass


def test_a_torn_last_line_is_passed_over_and_taken_away(disk: DiskOperationJournal, tmp_path: Path) -> None:
    operation = disk.begin("cleanup", {}, NOW)
    disk.record(operation, {"step": "one"})
    path = steps_file(tmp_path, operation)
    path.write_bytes(path.read_bytes() + b'{"step":"two","nu')
    assert [dict(step) for step in disk.read(operation).steps] == [{}, {"step": "one"}]
    disk.record(operation, {"step": "three"})
    assert [dict(step) for step in disk.read(operation).steps] == [{}, {"step": "one"}, {"step": "three"}]


def test_an_operation_whose_first_line_is_torn_was_never_begun(
    disk: DiskOperationJournal, tmp_path: Path
) -> None:
    operation = disk.begin("cleanup", {}, NOW)
    path = steps_file(tmp_path, operation)
    path.write_bytes(path.read_bytes()[:-1])
    assert list(disk.operations()) == []
    with pytest.raises(NotFound):
        disk.read(operation)
    assert disk.begin("cleanup", {}, NOW) > operation


@pytest.mark.parametrize("damage", [b"no json\n", b"[]\n", b"\0\0\0\n"])
def test_damage_elsewhere_is_refused_and_left(
    disk: DiskOperationJournal, tmp_path: Path, damage: bytes
) -> None:
    operation = disk.begin("cleanup", {}, NOW)
    path = steps_file(tmp_path, operation)
    first = path.read_bytes()
    path.write_bytes(first + damage + b'{"step":"two"}\n')
    with pytest.raises(StoreCorrupt, match="line 2"):
        disk.read(operation)
    with pytest.raises(StoreCorrupt):
        disk.operations()
    path.write_bytes(b'{"kind":"cleanup"}\n')
    with pytest.raises(StoreCorrupt, match="line 1"):
        disk.read(operation)
    assert path.read_bytes() == b'{"kind":"cleanup"}\n'


def test_what_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "kas").write_text("a file in the way")
    journal = DiskOperationJournal(str(tmp_path))
    with pytest.raises(ReadOnly):
        journal.begin("cleanup", {}, NOW)
    with pytest.raises(KasError), journal.exclusive():
        pass


def test_a_kept_file_stays_in_its_folder(disk: DiskOperationJournal) -> None:
    operation = disk.begin("cleanup", {}, NOW)
    with pytest.raises(ValueError, match="no name of a kept file"):
        disk.keep(operation, "../outside", b"x")
