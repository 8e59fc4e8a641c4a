"""``git kas import`` of the earlier system's database, and straight from another store."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from base64 import b64decode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from earlier_databases import SHOP, in_use, insert, make_earlier, picture, tables
from git_kas_sql.earlier import CopiedDatabase
from plan_commands import AS_AGENT, ZERO, Plans
from support import Repo

REPORT = """\
plan                      status          effect  fields
2026-02-20-login-form.md  done            new     -
2026-02-21-rate-limit.md  implementing    new     -
2026-02-22-billing.md     blocked by law  new     -
2026-02-23-times.md       ready           new     -
{done}: 4 new; 1 new topic; from {path} (project shop).
"""
WARNINGS = """\
git-kas: warning: 2026-02-20-login-form.md: 'completed' is read as 'done'.
git-kas: warning: 2026-02-21-rate-limit.md: 'in_progress' is read as 'implementing'.
git-kas: warning: 2026-02-22-billing.md: status 'blocked by law' is not known, kept as it is.
git-kas: warning: 2026-02-23-times.md: it was created at 'yesterday', which is no time, and is taken for none.
git-kas: warning: not read as a plan: 'notes' is not a plan name: it must end in .md.
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with two projects."""
    return make_earlier(tmp_path / "kasmos/plans.db", {"shop": SHOP, "other": SHOP[:1]})


@pytest.fixture
def shop(new_repo: Callable[..., Repo], environment: dict[str, str]) -> Plans:
    """The commands in an empty repository of the name that a project has."""
    return Plans(new_repo("shop"), environment)


def test_all_of_it_is_taken_over_and_nothing_is_written_there(shop: Plans, database: Path) -> None:
    before = picture(database.parent)
    assert list(before) == ["plans.db"]
    dry = shop("import", str(database), "--dry-run")
    assert (dry.status, dry.out) == (0, REPORT.format(done="Nothing was changed", path=database))
    assert not (shop.path / ".git/kas").exists()
    done = shop("import", str(database), "-m", "moving in")
    assert (done.status, done.out) == (0, REPORT.format(done="Imported", path=database))
    assert dry.err == done.err
    assert done.err.splitlines()[:4] == WARNINGS.splitlines()[:4]
    assert "not read as a plan" in done.err.splitlines()[4]
    assert picture(database.parent) == before
    plans = json.loads(shop.state())["plans"]
    assert plans["2026-02-20-login-form.md"] == {
        "status": "done",
        "branch": "plan/login-form",
        "created_at": "2026-02-20T10:12:44.5Z",
        "implemented": "2026-02-21",
    }
    assert plans["2026-02-21-rate-limit.md"]["created_at"] == "2026-02-21T09:15:02.114503887Z"
    assert plans["2026-02-22-billing.md"]["created_at"] == plans["2026-02-23-times.md"]["created_at"] == ZERO
    assert plans["notes"] == {"status": "ready", "content": "no plan"}
    text = shop.raw("plan", "show", "2026-02-20-login-form", "--text").stdout
    assert text.decode() == SHOP[0]["content"]
    assert [topic["name"] for topic in shop.data("plan", "topic")["topics"]] == ["api", "orphan"]
    assert "moving in" in shop("plan", "history").out


def test_a_second_time_changes_nothing_and_update_takes_what_differs(shop: Plans, database: Path) -> None:
    shop("import", str(database), "--key", "once")
    change = len(shop.data("plan", "history"))
    assert shop("import", str(database), "--key", "once").status == 0
    assert len(shop.data("plan", "history")) == change
    assert {row["effect"] for row in shop.data("import", str(database))["plans"]} == {"same"}
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE plans SET status = 'reviewing', content = '# new' WHERE branch != ''")
        connection.commit()
    left = shop.data("import", str(database))["plans"][0]
    assert (left["effect"], left["fields"]) == ("different", ["status", "content"])
    taken = shop.data("import", str(database), "--update")["plans"][0]
    assert taken["effect"] == "updated"
    assert shop.raw("plan", "show", "2026-02-20-login-form", "--text").stdout == b"# new"
    assert shop.status("2026-02-20-login-form.md") == "reviewing"


def test_which_project_is_meant(shop: Plans, plans: Plans, database: Path, tmp_path: Path) -> None:
    assert shop.data("import", str(database), "--dry-run")["project"] == "shop"
    refused = plans.refused("import", str(database))
    assert (refused.exit, refused.code) == (2, "usage")
    assert refused.message.startswith("There are 2 projects in ")
    assert refused.next == "Name one with --from-project: other, shop."
    assert not (plans.path / ".git/kas").exists()
    assert len(plans.data("import", str(database), "--from-project", "other")["plans"]) == 1
    missing = shop.refused("import", str(database), "--from-project", "nosuch")
    assert (missing.exit, "other, shop" in missing.next) == (3, True)
    single = make_earlier(tmp_path / "single.db", {"shop": SHOP[:1]})
    assert plans.data("import", str(single), "--dry-run")["project"] == "shop"
    with closing(sqlite3.connect(single)) as connection:
        connection.executescript("DELETE FROM plans; DELETE FROM topics;")
    empty = plans.data("import", str(single), "--dry-run")
    assert (empty["project"], empty["plans"]) == (None, [])


def test_a_database_that_is_in_use(shop: Plans, database: Path) -> None:
    """What is committed counts, though it stands in the log alone; what is not committed does not."""
    with in_use(database) as connection:
        insert(connection, "shop", [{"filename": "committed.md", "content": "# c\n"}])
        connection.commit()
        connection.execute("PRAGMA cache_size = 1")  # so that uncommitted pages go to the log, too
        rows = [{"filename": f"uncommitted-{number}.md", "content": "x" * 4000} for number in range(50)]
        insert(connection, "shop", rows)
        before = picture(database.parent)
        assert sorted(before) == ["plans.db", "plans.db-shm", "plans.db-wal"]
        imported = [row["filename"] for row in shop.data("import", str(database))["plans"]]
        assert picture(database.parent) == before
    assert "committed.md" in imported
    assert not [name for name in imported if name.startswith("uncommitted")]
    assert shop.raw("plan", "show", "committed", "--text").stdout == b"# c\n"


def test_a_log_that_was_left_is_read_and_stays(shop: Plans, database: Path, tmp_path: Path) -> None:
    """As after a crash: a log, and nobody who has it open; in a folder that nobody may write to."""
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with in_use(database) as connection:
        insert(connection, "shop", [{"filename": "in-the-log.md"}])
        connection.commit()
        for suffix in ("", "-wal"):
            (crashed / f"plans.db{suffix}").write_bytes(Path(f"{database}{suffix}").read_bytes())
    crashed.chmod(0o555)
    before = picture(crashed)
    link = tmp_path / "link.db"
    link.symlink_to(crashed / "plans.db")
    try:
        names = [row["filename"] for row in shop.data("import", str(link), "--dry-run")["plans"]]
        assert picture(crashed) == before
    finally:
        crashed.chmod(0o755)
    assert "in-the-log.md" in names


def test_a_transaction_that_was_cut_off_is_not_seen(shop: Plans, tmp_path: Path) -> None:
    """Without a log ahead, the old pages lie in a journal beside the database."""
    folder = tmp_path / "crashed"
    folder.mkdir()
    whole = tmp_path / "whole.db"
    with closing(sqlite3.connect(whole)) as connection:
        connection.executescript(tables())
        insert(connection, "shop", SHOP[:1])
        connection.commit()
        connection.execute("PRAGMA cache_size = 1")
        insert(
            connection, "shop", [{"filename": f"{number}.md", "content": "x" * 4000} for number in range(50)]
        )
        for suffix in ("", "-journal"):
            (folder / f"plans.db{suffix}").write_bytes(Path(f"{whole}{suffix}").read_bytes())
    assert (folder / "plans.db").stat().st_size > 50_000
    before = picture(folder)
    names = [row["filename"] for row in shop.data("import", str(folder / "plans.db"))["plans"]]
    assert names == ["2026-02-20-login-form.md"]
    assert picture(folder) == before


def test_while_somebody_writes_every_reading_is_of_one_moment(database: Path) -> None:
    """Each commit gives both plans the same text; checkpoints come all the time."""
    ended = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA wal_autocheckpoint = 3")
            number = 0
            while not ended.is_set():
                number += 1
                text = f"{number} " * 2000
                connection.execute("UPDATE plans SET content = ? WHERE project = 'shop'", (text,))
                connection.commit()
                ended.wait(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(15):
            with closing(CopiedDatabase(str(database))) as copied:
                texts = {plan.content for plan in copied.read("shop").plans}
            assert len(texts) == 1 or texts == {str(row.get("content", "")).encode() for row in SHOP}
    finally:
        ended.set()
        writer.join(60)


def test_an_older_database_without_texts(shop: Plans, tmp_path: Path) -> None:
    older = make_earlier(tmp_path / "older.db", {"shop": SHOP}, with_content=False)
    assert len(shop.data("import", str(older))["plans"]) == 4
    assert shop.raw("plan", "show", "2026-02-20-login-form", "--text").stdout == b""


def test_texts_that_are_no_text_come_as_they_are(shop: Plans, tmp_path: Path) -> None:
    rows = [{"filename": "a.md", "content": b"\xff\x00\r\n"}, {"filename": "", "content": b"\xff"}]
    path = make_earlier(tmp_path / "binary.db", {"shop": rows})
    assert shop("import", str(path)).status == 0
    (text,) = json.loads(shop.out("export"))["contents"].values()
    assert b64decode(text["base64"]) == b"\xff\x00\r\n"
    assert json.loads(shop.state())["plans"][""]["content"] == {"base64": "/w=="}


def test_what_else_is_there_is_named_and_left(shop: Plans, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("INSERT INTO audit_events (kind) VALUES ('plan_created'), ('plan_merged')")
        connection.commit()
    assert "the table audit_events is left behind, with 2 rows." in shop("import", str(database)).err


def broken_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * len(data[4096:])
    path.write_bytes(data)


def with_statement(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(statement)

    return change


NOT_READ = {
    "damaged pages": (broken_pages, 1, "store_corrupt", "cannot be understood"),
    "cut off": (lambda path: os.truncate(path, 5000), 1, "store_corrupt", "cannot be understood"),
    "a header alone": (lambda path: os.truncate(path, 16), 1, "store_corrupt", "cannot be understood"),
    "something else": (
        with_statement("DROP TABLE plans"),
        1,
        "store_corrupt",
        "lacks the table plans",
    ),
    "a column is missing": (
        with_statement("ALTER TABLE plans DROP COLUMN branch"),
        1,
        "store_corrupt",
        "lacks the column branch of the table plans",
    ),
    "a later version": (
        with_statement("DROP TABLE plans; CREATE TABLE tasks (id INTEGER)"),
        1,
        "schema_too_new",
        "keeps tasks",
    ),
    "a later version beside": (
        with_statement("CREATE TABLE tasks (id INTEGER); INSERT INTO tasks VALUES (1)"),
        1,
        "schema_too_new",
        "keeps tasks",
    ),
    "a number": (
        with_statement("UPDATE plans SET description = x'ff' WHERE status = 'completed'"),
        1,
        "store_corrupt",
        "no UTF-8 in the column description",
    ),
    "ours": (
        with_statement("CREATE TABLE kas_schema (version INTEGER)"),
        2,
        "usage",
        "is a plan store of git-kas",
    ),
}


@pytest.mark.parametrize(("change", "exit_", "code", "says"), NOT_READ.values(), ids=NOT_READ)
def test_what_cannot_be_read_is_refused_as_a_whole(
    shop: Plans, database: Path, change: Callable[[Path], None], exit_: int, code: str, says: str
) -> None:
    change(database)
    before = picture(database.parent)
    refused = shop.refused("import", str(database))
    assert (refused.exit, refused.code, says in refused.message) == (exit_, code, True), refused
    assert str(database) in refused.message
    assert picture(database.parent) == before
    assert not (shop.path / ".git/kas").exists()


def test_what_does_not_fit_together(shop: Plans, database: Path) -> None:
    (shop.path / "state.json").write_text("{}")
    for arguments in (
        ("-",),
        ("state.json", "--from-project", "x"),
        (str(database), "--from", "json"),
        ("--from", ""),
        ("--from", "nosuch:"),
        ("--from", "json"),
    ):
        finished = shop("import", *arguments, stdin=database.read_bytes())
        assert finished.status == 2, finished
    assert shop.refused("import", str(database), env=AS_AGENT).exit == 9
    assert not (shop.path / ".git/kas").exists()


# -- from another store ------------------------------------------------------------------------------------


def test_a_store_takes_over_another_one_whole(shop: Plans, tmp_path: Path) -> None:
    shop.write("2026-01-01-a.md", b"# caf\xe9\r\n")
    shop.out("plan", "register", "2026-01-01-a", "--key", "reg", "-m", "a note", "-t", "api")
    shop.out("plan", "create", "b")
    shop.out("plan", "rename", "b", "c")
    exported = shop.raw("export").stdout
    url = f"sqlite:///{tmp_path}/plans.db"
    dry = shop.data("import", "--from", "json", "--store", url, "--dry-run")
    assert not (tmp_path / "plans.db").exists()
    done = shop.data("import", "--from", "json", "--store", url)
    assert done == dry | {"dry_run": False}
    assert (done["project"], done["file"]) == ("shop", str(shop.path / ".git/kas/plan-state.json"))
    assert shop.raw("export", "--store", url).stdout == exported == shop.raw("export").stdout
    assert {row["effect"] for row in shop.data("import", "--from", url)["plans"]} == {"same"}
    other = {"KAS_PROJECT": "other", "KAS_STORE": url}
    missing = shop.refused("import", "--from", url, "--from-project", "nosuch", env=other)
    assert missing.exit == 3
    itself = shop.refused("import", "--from", url, "--from-project", "other", env=other)
    assert (itself.exit, "where they are to go" in itself.message) == (2, True)
    shop.data("import", "--from", url, "--from-project", "shop", env=other)
    assert shop.raw("export", env=other).stdout == exported


def test_the_earlier_file_is_taken_along_from_a_store_that_only_shows_it(shop: Plans, tmp_path: Path) -> None:
    path = shop.repo.write_state({"a.md": {"status": "completed"}}, shared=False)
    before = path.read_bytes()
    url = f"sqlite:///{tmp_path}/plans.db"
    finished = shop("import", "--from", "json", "--store", url)
    assert "'completed' is read as 'done'" in finished.err
    assert [plan["status"] for plan in shop.data("plan", "list", "--store", url)] == ["done"]
    assert path.read_bytes() == before
    assert not (shop.path / ".git/kas").exists()
