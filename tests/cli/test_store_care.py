"""``git kas store check`` and ``git kas store backup``, over every kind of store."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy

from postgresql import driven, new_database
from support import GIT_KAS, Finished, Repo, Run

KINDS = ("json", "sqlite", "file", "postgresql")


class World:
    """A repository with plans in a store."""

    def __init__(self, repo: Repo, kas: Run, url: str) -> None:
        self.repo, self._kas, self.url = repo, kas, url

    def __call__(self, *arguments: str, store: str | None = None, project: str = "shop") -> Finished:
        env = {"KAS_STORE": store or self.url, "KAS_PROJECT": project}
        return self._kas(*arguments, cwd=self.repo.path, env=env)

    def fill(self) -> None:
        text = self.repo.path / "docs/plans/2026-01-03-billing.md"
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text("# Billing\n")
        for arguments in (
            ("plan", "register", str(text)),
            ("plan", "create", "one", "-d", "<first> & \u2028", "--topic", "api", "--key", "k"),
            ("plan", "transition", "one", "implement_start"),
            ("plan", "create", "two"),
            ("plan", "rename", "two", "three"),
        ):
            finished = self(*arguments)
            assert finished.status == 0, finished

    @property
    def database(self) -> Path:
        place: str = self("where", "--json").data["place"]
        return Path(place)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "postgresql":
        with new_database() as made:
            yield made
    else:
        yield f"sqlite:///{tmp_path}/plans of all.db" if request.param == "file" else request.param


@pytest.fixture
def world(repo: Repo, kas: Run, url: str) -> World:
    made = World(repo, kas, url)
    made.fill()
    return made


def test_a_sound_store_is_found_sound(world: World) -> None:
    found = world("store", "check", "--json")
    assert (found.status, found.data["findings"], found.data["sound"]) == (0, [], True)
    assert [one["plans"] for one in found.data["projects"]] == [3]
    assert world("store", "check").out.endswith("sound.\n")


@pytest.mark.parametrize("url", ["json", "sqlite", "file"], indirect=True)
def test_a_store_that_nobody_has_written_is_sound_and_stays_so(repo: Repo, kas: Run, url: str) -> None:
    world = World(repo, kas, url.replace("plans of all.db", "deep/nothing.db"))
    before = sorted(repo.path.parent.rglob("*"))
    assert world("store", "check").status == 0
    refused = world("store", "backup", "copy.db")
    assert (refused.status, "nothing to copy" in refused.err) == (3, True)
    assert sorted(repo.path.parent.rglob("*")) == before


def test_a_backup_is_the_same_again(world: World, tmp_path: Path) -> None:
    if world.url != "json":
        world("plan", "create", "elsewhere", project="zoo")
    exported = world("export").out
    copied = world("store", "backup", str(tmp_path / "copy.db"), "--json")
    assert copied.status == 0, copied
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    copy = f"sqlite:///{tmp_path}/copy.db"
    projects = [one["project"] for one in copied.data["projects"]]
    assert projects == (["shop"] if world.url == "json" else ["shop", "zoo"])
    assert world("export", store=copy).out == exported
    if len(projects) == 2:
        assert world("export", store=copy, project="zoo").out == world("export", project="zoo").out
    assert world("store", "check", store=copy).status == 0
    assert world("plan", "create", "later", store=copy).status == 0
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name or "tmp" in path.name] == [
        "copy.db"
    ]


def test_what_is_there_is_never_written_over(world: World, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("mine", "link"):
        refused = world("store", "backup", str(tmp_path / name))
        assert (refused.status, "exists" in refused.err) == (4, True)
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()
    assert world("store", "backup", str(tmp_path / "missing/copy.db")).status == 1


@pytest.mark.parametrize("url", ["json"], indirect=True)
def test_what_the_earlier_system_wrote_is_copied_before_it_was_taken_over(
    repo: Repo, kas: Run, url: str, tmp_path: Path
) -> None:
    repo.write_state({"2026-01-01-a.md": {"status": "reviewing", "topic": "api"}}, shared=False)
    world = World(repo, kas, url)
    assert world("store", "check").status == 0
    assert world("store", "backup", str(tmp_path / "copy.db")).status == 0
    shown = world("plan", "show", "2026-01-01-a", "--json", store=f"sqlite:///{tmp_path}/copy.db").data["plan"]
    assert (shown["status"], shown["topic"]) == ("reviewing", "api")


@pytest.mark.parametrize("url", ["file"], indirect=True)
def test_a_copy_that_is_killed_leaves_nothing_that_looks_like_one(world: World, tmp_path: Path) -> None:
    environment = {**os.environ, "KAS_STORE": world.url, "HOME": str(tmp_path)}
    for milliseconds in range(200, 1000, 100):
        process = subprocess.Popen(
            [str(GIT_KAS), "store", "backup", str(tmp_path / f"copy-{milliseconds}.db")],
            cwd=world.repo.path,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(milliseconds / 1000)
        process.kill()
        process.wait()
    for copy in tmp_path.glob("copy-*.db"):
        assert world("export", store=f"sqlite:///{copy}").out == world("export").out


DAMAGES = {
    "UPDATE plans SET document = '{'": "cannot be read",
    "UPDATE plans SET status = 'done'": "listed otherwise",
    "UPDATE history SET document = '{}' WHERE change = 2": "of change 2 in the history cannot be read",
    "UPDATE history SET identity = 'x' WHERE change = 2": "does not belong",
    "UPDATE keys SET document = '[]'": "idempotency key k cannot be read",
    "UPDATE contents SET data = CAST('other' AS BLOB)": "was changed",
    "UPDATE projects SET passengers = '[1'": "cannot be read",
    "UPDATE projects SET change = 99": "nothing about change",
    "DELETE FROM contents": "is missing",
    "DELETE FROM plans WHERE name = 'three.md'": "which is not there",
    "DELETE FROM history WHERE change = 3": "nothing about change 3",
    "UPDATE plans SET document = replace(document, 'implementing', 'done'), status = 'done' "
    "WHERE status = 'implementing'": "the history left it 'implementing'",
}


@contextmanager
def changed(url: str, statement: str) -> Iterator[None]:
    """The database with that done to it, as it was afterwards."""
    engine = sqlalchemy.create_engine(driven(url))
    tables = sqlalchemy.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        kept = {
            table: [dict(row._mapping) for row in connection.execute(table.select())]
            for table in tables.sorted_tables
        }
    if engine.dialect.name == "postgresql":
        statement = statement.replace("CAST('other' AS BLOB)", "'other'::bytea")
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    yield
    with engine.begin() as connection:
        for table in reversed(kept):
            connection.execute(table.delete())
        for table, rows in kept.items():
            if rows:
                connection.execute(table.insert(), rows)
    engine.dispose()


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_each_damage_is_told(world: World) -> None:
    url = world.url if "://" in world.url else f"sqlite:///{world.database}"
    kept = world("export").out
    for damage, says in DAMAGES.items():
        with changed(url, damage):
            found = world("store", "check", "--json")
        assert found.status == 1, damage
        assert found.json()["kind"] == "store.check"
        assert says in json.dumps(found.data["findings"], ensure_ascii=False), damage
    assert world("store", "check").status == 0
    assert world("export").out == kept


@pytest.mark.parametrize("url", ["file"], indirect=True)
def test_a_damaged_file_is_told_and_not_copied(world: World, tmp_path: Path) -> None:
    path = tmp_path / "plans of all.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    for page in range(1, len(data) // size):
        data[page * size : page * size + 200] = b"\xff" * 200
    path.write_bytes(data)
    found = world("store", "check")
    assert found.status == 1
    assert "SQLite says" in found.out or "cannot be understood" in found.out
    assert world("store", "backup", str(tmp_path / "copy.db")).status == 1
    assert not (tmp_path / "copy.db").exists()
    path.write_bytes(b"these are my notes, and no database\n" * 300)
    assert world("store", "check").status == 1


@pytest.mark.parametrize("url", ["json"], indirect=True)
def test_a_damaged_json_store_is_told(world: World, tmp_path: Path) -> None:
    (text,) = (world.repo.path / ".git/kas/content").rglob("*")
    text.chmod(0o644)
    text.write_text("another\n")
    found = world("store", "check", "--json")
    assert found.status == 1
    assert "was changed" in found.data["findings"][0]["message"]
    assert world("store", "backup", str(tmp_path / "copy.db")).status == 1
    assert not (tmp_path / "copy.db").exists()


def test_a_password_is_never_shown(repo: Repo, kas: Run) -> None:
    for words in (("check",), ("backup", "copy.db")):
        finished = kas(
            "store", *words, cwd=repo.path, env={"KAS_STORE": "postgresql://ada:hunter2@127.0.0.1:1/plans"}
        )
        assert finished.status in {1, 6}
        assert "hunter2" not in finished.out + finished.err
    assert not (repo.path / "copy.db").exists()
