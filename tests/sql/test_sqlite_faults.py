"""What goes wrong with a SQLite file: each has its own error, nothing is lost, nothing is written elsewhere."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from git_kas.domain.lifecycle import Actor, Event
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.mutation import Author, Create, Request, Transition
from git_kas.domain.names import PlanName
from git_kas.errors import (
    Busy,
    KasError,
    PluginUnusable,
    ReadOnly,
    SchemaTooNew,
    StoreCorrupt,
    StoreFull,
    Unreachable,
    UsageError,
)
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store import Store, StoreRequest
from git_kas_files.watch import DiskWatch
from git_kas_sql import database
from git_kas_sql.opening import open_store
from small_disks import mount, unmount
from support import EPOCH, needs_program

PLAN, OTHER = PlanName("2026-01-01-a.md"), PlanName("2026-01-02-b.md")
USER = Request(Author(Actor.USER, "Ada"))


def opened(path: Path, project: str = "p") -> Store:
    return opened_url(f"sqlite:///{path}", project)


def opened_url(url: str, project: str = "p") -> Store:
    location = RepositoryLocation("/nowhere/.git", "/nowhere/.git", "/nowhere", "/nowhere")
    return open_store(
        StoreRequest(url, location, lambda: project, lambda: "docs/plans", FakeClock(EPOCH), DiskWatch)
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with a plan in it."""
    made = tmp_path / "plans.db"
    store = opened(made)
    store.commit(Create(PLAN, content=b"# A\n"), USER)
    store.close()
    return made


def query(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def check_unchanged_by_refusal(path: Path, error: type[KasError], says: str) -> None:
    """Reading and writing are refused, and not a byte changes."""
    before = path.read_bytes()
    acts: tuple[Callable[[Store], object], ...] = (
        lambda store: store.list_plans(),
        lambda store: store.commit(Create(OTHER), USER),
    )
    for act in acts:
        store = opened(path)
        with pytest.raises(error, match=says) as raised:
            act(store)
        assert str(path) in raised.value.message
        assert raised.value.next_step
        store.close()
    assert path.read_bytes() == before


def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, and no database\n" * 200)
    check_unchanged_by_refusal(path, StoreCorrupt, "not a database")


def test_a_database_of_the_earlier_system_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "taskstore.db"
    query(path, "CREATE TABLE plans (id INTEGER PRIMARY KEY, project TEXT NOT NULL, filename TEXT NOT NULL)")
    check_unchanged_by_refusal(path, StoreCorrupt, "has a table plans")


def test_a_newer_schema_is_refused(path: Path) -> None:
    query(path, "UPDATE kas_schema SET version = 99")
    query(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    check_unchanged_by_refusal(path, SchemaTooNew, "schema 99")


def test_a_document_that_is_none_is_told_with_its_place(path: Path) -> None:
    query(path, "UPDATE plans SET document = '{'")
    store = opened(path)
    with pytest.raises(StoreCorrupt, match=r"plans\.db is damaged"):
        store.get_plan(PLAN)
    store.close()


def test_a_text_that_was_changed_is_not_shown(path: Path) -> None:
    query(path, "UPDATE contents SET data = CAST('other' AS BLOB)")
    store = opened(path)
    with pytest.raises(StoreCorrupt, match="was changed"):
        store.get_content(PLAN)
    assert store.get_plan(PLAN).filename == PLAN
    store.close()


def test_a_damaged_page_is_told(path: Path) -> None:
    query(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    for page in range(1, len(data) // size):
        data[page * size : page * size + 100] = b"\xff" * 100
    path.write_bytes(data)
    store = opened(path)
    with pytest.raises(StoreCorrupt, match=r"plans\.db"):
        store.get_plan(PLAN)
    store.close()


def test_a_writer_that_holds_the_file_is_waited_for_and_then_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    store = opened(path)
    with pytest.raises(Busy, match="locked"):
        store.commit(Transition(PLAN, (Event.PLAN_START,)), USER)
    assert store.get_plan(PLAN).revision == 1  # readers wait for nobody
    holder.execute("ROLLBACK")
    holder.close()
    assert store.commit(Transition(PLAN, (Event.PLAN_START,)), USER).change == 2
    store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with little room."""
    folder = tmp_path / "small"
    mount(folder, "512k")
    yield folder
    unmount(folder)


def create_until_full(store: Store, acknowledged: list[PlanName]) -> None:
    for number in range(200):
        name = PlanName(f"2026-02-01-{number:03}.md")
        store.commit(Create(name, content=str(number).encode() * 2000), USER)
        acknowledged.append(name)


def test_a_full_disk_loses_nothing_and_room_is_all_that_is_needed(small_disk: Path) -> None:
    path = small_disk / "plans.db"
    store = opened(path)
    store.commit(Create(PLAN, content=b"# A\n"), USER)
    acknowledged = [PLAN]
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 100_000)
    with pytest.raises(StoreFull, match="Nothing was changed"):
        create_until_full(store, acknowledged)
    assert [plan.filename for plan in store.list_plans()] == acknowledged
    filler.unlink()
    store.commit(Create(OTHER), USER)
    store.close()
    again = opened(path)
    assert {plan.filename for plan in again.list_plans()} == {*acknowledged, OTHER}
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    again.close()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = opened(tmp_path / "file" / "plans.db")
    with pytest.raises(ReadOnly, match="cannot be made"):
        store.commit(Create(PLAN), USER)


def test_a_path_that_is_a_folder_is_told(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(Unreachable, match="unable to open"):
        store.list_plans()
    with pytest.raises(Unreachable, match="unable to open"):
        store.commit(Create(PLAN), USER)


def test_a_file_that_may_not_be_written_is_told(path: Path) -> None:
    needs_program("mount")
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    folder = path.parent / "read only"
    folder.mkdir()
    query(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    query(path, "PRAGMA journal_mode = DELETE")
    (folder / path.name).write_bytes(path.read_bytes())
    for options in (["--bind"], ["-o", "remount,bind,ro"]):
        subprocess.run(["mount", *options, str(folder), str(folder)], check=True)
    try:
        store = opened(folder / path.name)
        assert store.get_plan(PLAN).filename == PLAN
        with pytest.raises(ReadOnly, match="Nothing was changed"):
            store.commit(Create(OTHER), USER)
        store.close()
    finally:
        unmount(folder)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "absolute path"),
        ("sqlite:///relative.db", "absolute path"),
        ("sqlite:///:memory:", "absolute path"),
        ("sqlite:////x.db?mode=ro", "cannot be used"),
        ("sqlite+aiosqlite:////x.db", "cannot be used"),
        ("mysql://host/db", "'mysql'"),
        ("nonsense", "no database URL"),
    ],
)
def test_urls_that_name_no_database(url: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        opened_url(url)
    assert "sqlite:////" in raised.value.next_step


def test_a_password_is_never_shown() -> None:
    store = opened_url("postgresql://ada:secret@127.0.0.1:1/plans")
    assert "secret" not in store.describe().place
    with pytest.raises(Unreachable, match=r"plan store unreachable") as raised:
        store.list_plans()
    assert "secret" not in f"{raised.value.message} {raised.value.next_step}"


def test_without_its_driver_postgresql_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(PluginUnusable, match="psycopg") as raised:
        opened_url("postgresql://ada@127.0.0.1:1/plans").list_plans()
    assert "'.[postgresql]'" in raised.value.next_step


def test_reading_where_there_is_nothing_makes_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path / "deep" / "plans.db")
    assert list(store.list_plans()) == []
    with pytest.raises(KasError, match="plan not found"):
        store.commit(Transition(PLAN, (Event.PLAN_START,)), USER)
    assert list(tmp_path.iterdir()) == []


def test_projects_of_one_database_do_not_see_each_other(path: Path) -> None:
    one, other = opened(path), opened(path, "other")
    assert list(other.list_plans()) == []
    assert other.commit(Create(PLAN), Request(USER.by, key="k")).change == 1
    assert one.outcome_of("k") is None
    assert one.changes(0, 0) == 1
    assert one.get_content(PLAN) == b"# A\n"
    assert other.get_content(PLAN) is None
    for store in (one, other):
        store.close()
