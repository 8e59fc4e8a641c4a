"""From each earlier schema to the newest: nothing is lost, whoever is there first, wherever it is killed."""

from __future__ import annotations

import json
import multiprocessing
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from git_kas.domain.codec import encode_project
from git_kas.domain.lifecycle import Actor
from git_kas.domain.mutation import Author, Create, Request
from git_kas.domain.names import PlanName
from git_kas.errors import AlreadyExists, KasError, ProjectMismatch, ReadOnly, SchemaTooNew, StoreCorrupt
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store_host import Asked, HostRequest
from git_kas_files.watch import DiskWatch
from git_kas_sql import schema
from git_kas_sql.checking import damages
from git_kas_sql.database import Database
from git_kas_sql.host import SqlHost
from git_kas_sql.opening import open_host
from old_databases import make_old_database
from postgresql import driven
from support import EPOCH

PLAN = PlanName("2026-02-01-new.md")
USER = Request(Author(Actor.USER, "Ada"))
OLD = [1, 2]
WRITERS = 6


def opened(url: str) -> SqlHost:
    return open_host(HostRequest(url, FakeClock(EPOCH), DiskWatch))


def exports(url: str) -> dict[str, Any]:
    host = opened(url)
    try:
        return {project: encode_project(host.store(project).export()) for project in host.projects()}
    finally:
        host.close()


def asked(url: str, statement: str) -> list[Any]:
    engine = sqlalchemy.create_engine(driven(url))
    try:
        with engine.begin() as connection:
            found = connection.exec_driver_sql(statement)
            return [tuple(row) for row in found] if found.returns_rows else []
    finally:
        engine.dispose()


def version(url: str) -> int:
    ((found,),) = asked(url, "SELECT version FROM kas_schema")
    return int(found)


def shape(url: str) -> dict[str, Any]:
    """Tables with their columns, keys and indexes."""
    engine = sqlalchemy.create_engine(driven(url))
    found = sqlalchemy.inspect(engine)
    indexes = {table: found.get_indexes(table) for table in found.get_table_names()}
    described = {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(table)],
            found.get_pk_constraint(table)["constrained_columns"],
            [
                (index["name"], index["column_names"], bool(index["unique"]))
                for index in found.get_indexes(table)
            ],
        )
        for table in sorted(indexes)
    }
    engine.dispose()
    return described


def backups(url: str) -> list[str]:
    """The names of what was kept from before."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        return sorted(str(found) for found in path.parent.glob(f"{path.name}.*"))
    found = asked(url, "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'kas%%'")
    return sorted(name for (name,) in found)


@contextmanager
def taken_for(url: str, backup: str) -> Iterator[str]:
    """A URL at which the backup is found as a database."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{backup}"
        return
    name = sqlalchemy.make_url(url).database
    asked(url, f"ALTER DATABASE {name} SET search_path = {backup}")
    yield url
    asked(url, f"ALTER DATABASE {name} RESET search_path")


def write(url: str, name: PlanName = PLAN) -> None:
    host = opened(url)
    try:
        host.store("shop").commit(Create(name), USER)
    finally:
        host.close()


def check_went_well(url: str, before: dict[str, Any], old: int) -> None:
    """``before`` is all there, and in one backup at the least."""
    assert version(url) == schema.VERSION
    after = exports(url)
    assert {key: after[key] for key in before if key != "shop"} == {
        key: before[key] for key in before if key != "shop"
    }
    assert before["shop"]["history"] == after["shop"]["history"][: len(before["shop"]["history"])]
    assert all(plan in after["shop"]["plans"] for plan in before["shop"]["plans"])
    assert backups(url)
    for backup in backups(url):
        with taken_for(url, backup) as place:
            assert version(place) == old
            assert exports(place) == before


@pytest.mark.parametrize("old", OLD)
def test_reading_an_older_schema_changes_nothing(url: str, old: int) -> None:
    before = make_old_database(url, old)
    old_shape = shape(url)
    assert exports(url) == before
    assert (version(url), shape(url), backups(url)) == (old, old_shape, [])


@pytest.mark.parametrize("old", OLD)
def test_an_older_schema_is_no_damage(url: str, old: int) -> None:
    make_old_database(url, old)
    database = Database(url)
    try:
        assert damages(database) == []
    finally:
        database.close()


@pytest.mark.parametrize("old", OLD)
def test_a_project_of_an_older_schema_is_bound_once_it_is_written(url: str, old: int) -> None:
    make_old_database(url, old)
    host = opened(url)
    try:
        assert host.repository_of("shop") == ""
        mine, theirs = Asked("shop", Create(PLAN), USER, "a" * 40), Asked("shop", Create(PLAN), USER, "b" * 40)
        assert not isinstance(host.commit_all([mine])[0], KasError)
        assert host.repository_of("shop") == "a" * 40
        assert isinstance(host.commit_all([theirs])[0], ProjectMismatch)
    finally:
        host.close()


@pytest.mark.parametrize("old", OLD)
def test_the_first_writer_brings_it_up_to_date_after_a_backup(url: str, old: int) -> None:
    before = make_old_database(url, old)
    write(url)
    check_went_well(url, before, old)
    assert len(backups(url)) == 1
    write(url, PlanName("2026-02-02-second.md"))
    assert len(backups(url)) == 1


@pytest.mark.parametrize("old", OLD)
def test_an_upgraded_database_has_the_shape_of_a_new_one(url: str, old: int, tmp_path: Path) -> None:
    make_old_database(url, old)
    write(url)
    upgraded = shape(url)
    if url.startswith("sqlite"):
        fresh = f"sqlite:///{tmp_path}/fresh.db"
    else:
        fresh = url
        asked(url, "DROP SCHEMA public CASCADE")
        asked(url, "CREATE SCHEMA public")
    write(fresh)
    assert shape(fresh) == upgraded


def test_a_backup_is_never_written_over(url: str) -> None:
    before = make_old_database(url, 1)
    write(url)
    asked(url, "DROP TABLE tokens")
    asked(url, "ALTER TABLE projects DROP COLUMN repository")
    asked(url, "UPDATE kas_schema SET version = 1")
    write(url, PlanName("2026-02-02-second.md"))
    found = []
    for backup in backups(url):
        with taken_for(url, backup) as place:
            found.append(exports(place)["shop"]["change"])
    assert sorted(found) == [before["shop"]["change"], before["shop"]["change"] + 1]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_nobody_may_read_the_backup_who_may_not_read_the_file(url: str) -> None:
    make_old_database(url, 1)
    path = Path(url.removeprefix("sqlite:///"))
    path.chmod(0o600)
    write(url)
    (backup,) = backups(url)
    assert stat.S_IMODE(Path(backup).stat().st_mode) == 0o600


def test_without_room_for_a_backup_nothing_is_changed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = make_old_database(url, 1)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    if url.startswith("sqlite"):
        monkeypatch.setattr("git_kas_sql.backup._copy_pages", refuse)
        with pytest.raises(ReadOnly, match="Nothing was changed"):
            write(url)
    else:
        name = sqlalchemy.make_url(url).database
        asked(url, f"CREATE ROLE poor_{name} LOGIN")
        asked(url, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO poor_{name}")
        poor = url.replace("postgres@", f"poor_{name}@")
        with pytest.raises(ReadOnly, match="permission denied"):
            write(poor)
        asked(url, f"DROP OWNED BY poor_{name}")
        asked(url, f"DROP ROLE poor_{name}")
    assert (version(url), exports(url), backups(url)) == (1, before, [])


def test_a_table_of_others_is_left_alone(url: str) -> None:
    before = make_old_database(url, 1)
    asked(url, "CREATE TABLE tokens (theirs TEXT)")
    with pytest.raises(StoreCorrupt, match="it has a table tokens"):
        write(url)
    assert (version(url), exports(url), backups(url)) == (1, before, [])
    assert [column[0] for column in shape(url)["tokens"][0]] == ["theirs"]


def test_a_newer_schema_is_refused_to_readers_and_writers(url: str) -> None:
    write(url)
    asked(url, "UPDATE kas_schema SET version = 99")
    with pytest.raises(SchemaTooNew, match="schema 99"):
        exports(url)
    with pytest.raises(SchemaTooNew, match="schema 99"):
        write(url, PlanName("2026-02-02-second.md"))
    assert version(url) == 99


def test_a_writer_that_is_at_work_notices_a_newer_schema(url: str) -> None:
    host = opened(url)
    host.store("shop").commit(Create(PLAN), USER)
    asked(url, "UPDATE kas_schema SET version = 99")
    with pytest.raises(SchemaTooNew, match="schema 99"):
        host.store("shop").commit(Create(PlanName("2026-02-02-second.md")), USER)
    host.close()


@pytest.mark.parametrize("broken", ["DELETE FROM kas_schema", "UPDATE kas_schema SET version = 0"])
def test_a_schema_without_a_version_is_told(url: str, broken: str) -> None:
    write(url)
    asked(url, broken)
    with pytest.raises(StoreCorrupt, match="which schema"):
        exports(url)
    with pytest.raises(StoreCorrupt, match="which schema"):
        write(url, PlanName("2026-02-02-second.md"))


def _be_first(url: str, barrier: Any, answers: Any, number: int) -> None:
    host = opened(url)
    barrier.wait()
    try:
        answers.put(host.store("shop").commit(Create(PlanName(f"2026-03-01-{number}.md")), USER).change)
    except KasError as error:
        answers.put(error.message)
    finally:
        host.close()


def race(url: str) -> list[Any]:
    """What several first writers are told who begin at the same time."""
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(WRITERS), context.Queue()
    writers = [
        context.Process(target=_be_first, args=(url, barrier, answers, number)) for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    told = [answers.get(timeout=100) for _ in writers]
    for writer in writers:
        writer.join()
    return sorted(told, key=str)


def test_first_writers_of_a_new_database_do_not_hurt_each_other(url: str) -> None:
    assert race(url) == list(range(1, WRITERS + 1))
    assert version(url) == schema.VERSION


@pytest.mark.parametrize("old", OLD)
def test_first_writers_of_an_older_database_do_not_hurt_each_other(url: str, old: int) -> None:
    before = make_old_database(url, old)
    last = before["shop"]["change"]
    assert race(url) == sorted(range(last + 1, last + WRITERS + 1), key=str)
    check_went_well(url, before, old)
    assert len(backups(url)) == 1


KILLED_EVERYWHERE = """
import json, os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine

url, paths = json.loads(sys.argv[1])
sys.path[:0] = paths
import sql.test_migrations as migrations
from git_kas_sql import tables

steps, last, upgrade = 0, 0, tables.upgrade

def step(*_):
    global steps
    steps += 1
    if steps == last:
        os.kill(os.getpid(), signal.SIGKILL)

def watched_upgrade(*arguments):
    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, name, step)
    sys.addaudithook(lambda name, _: step() if name.startswith(("open", "os.", "sqlite3.")) else None)
    upgrade(*arguments)

tables.upgrade = watched_upgrade
found = []
while True:
    last += 1
    child = os.fork()
    if not child:
        migrations.write(url)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found.append([status, migrations.version(url), migrations.exports(url), migrations.shape(url)])
    if status != -signal.SIGKILL or found[-1][1] != found[0][1]:
        break
print(json.dumps(found))
"""


@pytest.mark.parametrize("old", OLD)
def test_whoever_is_killed_leaves_the_one_version_or_the_other(url: str, old: int) -> None:
    """Each first writer is killed one step later than the one before: a statement, a file, a commit."""
    before = make_old_database(url, old)
    old_shape = json.loads(json.dumps(shape(url)))
    arguments = json.dumps([url, [str(Path(__file__).parents[1])]])
    finished = subprocess.run(
        [sys.executable, "-c", KILLED_EVERYWHERE, arguments], capture_output=True, check=False
    )
    assert finished.returncode == 0, finished.stderr.decode()
    *killed, after = json.loads(finished.stdout)
    assert len(killed) > 10
    assert all(found == [-signal.SIGKILL, old, before, old_shape] for found in killed)
    assert after[1] == schema.VERSION
    with suppress(AlreadyExists):
        write(url)
    check_went_well(url, before, old)
