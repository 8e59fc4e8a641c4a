"""``git kas token``: secrets are shown once and kept nowhere."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_kas.domain.tokens import read_token
from git_kas_sql.schema import VERSION
from old_databases import make_old_database
from postgresql import new_database
from support import Repo, Run


@pytest.fixture(params=["path", "sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database as ``--db`` takes it."""
    if request.param == "postgresql":
        with new_database() as url:
            yield url
    else:
        yield "plans.db" if request.param == "path" else f"sqlite:///{tmp_path}/plans.db"


def test_a_token_is_printed_once_and_can_be_revoked(kas: Run, tmp_path: Path, db: str) -> None:
    made = kas("token", "create", "Ada", "--project", "shop", "--expires", "30d", "--db", db)
    assert made.status == 0
    token = made.out.removesuffix("\n")
    presented = read_token(token)
    assert presented is not None
    assert "not shown again" in made.err
    assert presented.secret not in made.err
    listed = kas("token", "list", "--db", db, "--json")
    assert presented.secret not in listed.out
    (row,) = listed.data
    assert (row["id"], row["name"], row["role"], row["project"]) == (presented.id, "Ada", "user", "shop")
    assert (row["state"], row["revoked_at"]) == ("valid", None)
    assert "Ada" in kas("token", "list", "--db", db).out
    taken = kas("token", "create", "Ada", "--db", db)
    assert (taken.status, taken.out) == (4, "")
    revoked = kas("token", "revoke", "Ada", "--db", db)
    assert (revoked.status, revoked.err) == (0, "")
    assert kas("token", "list", "--db", db, "--json").data[0]["state"] == "revoked"
    assert kas("token", "create", "Ada", "--role", "agent", "--db", db).status == 0
    assert kas("token", "revoke", presented.id, "--db", db).status == 0
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or presented.secret.encode() not in path.read_bytes()


def test_a_token_that_got_out_is_revoked_by_itself_and_never_shown(kas: Run) -> None:
    token = kas("token", "create", "Ada", "--db", "plans.db").out.strip()
    secret = token.rpartition("_")[2]
    revoked = kas("token", "revoke", token, "--db", "plans.db")
    assert revoked.status == 0
    missing = kas("token", "revoke", f"kas_{'0' * 12}_{secret}", "--db", "plans.db")
    assert missing.status == 3
    assert secret not in revoked.out + missing.err + missing.out


def test_no_two_tokens_are_alike(kas: Run) -> None:
    made = {kas("token", "create", f"n{number}", "--db", "plans.db").out for number in range(5)}
    assert len(made) == 5


def test_agents_make_and_revoke_no_tokens(kas: Run, tmp_path: Path) -> None:
    kas("token", "create", "Ada", "--db", "plans.db")
    for actor in ("agent", "system"):
        for command in (("create", "me"), ("revoke", "Ada")):
            refused = kas("token", *command, "--db", "plans.db", env={"KAS_ACTOR": actor})
            assert (refused.status, refused.out) == (9, "")
            assert "Only a user" in refused.err
    assert [row["state"] for row in kas("token", "list", "--db", "plans.db", "--json").data] == ["valid"]


def test_the_configured_database_is_meant_without_another(kas: Run, repo: Repo, tmp_path: Path) -> None:
    for store in ("sqlite", f"sqlite:///{tmp_path}/all.db"):
        env = {"KAS_STORE": store}
        assert kas("token", "create", "Ada", cwd=repo.path, env=env).status == 0
        assert len(kas("token", "list", "--json", cwd=repo.path, env=env).data) == 1
    assert (repo.path / ".git/kas/plans.sqlite").exists()
    for store in ("json", "http://127.0.0.1:1"):
        refused = kas("token", "list", cwd=repo.path, env={"KAS_STORE": store})
        assert refused.status == 2
        assert "--db" in refused.err


def test_passwords_of_databases_are_not_shown(kas: Run) -> None:
    for words in (("create", "Ada"), ("list",)):
        finished = kas("token", *words, "--db", "postgresql://ada:hunter2@127.0.0.1:1/plans")
        assert finished.status == 6
        assert "hunter2" not in finished.out + finished.err


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["create", ""], 2),
        (["create", "a\nb"], 2),
        (["create", "a", "--role", "root"], 2),
        (["create", "a", "--expires", "0d"], 2),
        (["create", "a", "--expires", "soon"], 2),
        (["revoke", "nobody"], 3),
        (["revoke", "0123456789ab"], 3),
        (["list", "--db", ""], 2),
        (["list", "--db", "mysql://x"], 2),
    ],
)
def test_what_is_refused_makes_nothing(kas: Run, tmp_path: Path, arguments: list[str], status: int) -> None:
    rest = [] if "--db" in arguments else ["--db", "plans.db"]
    finished = kas("token", *arguments, *rest)
    assert (finished.status, finished.out) == (status, "")
    assert not (tmp_path / "plans.db").exists()


def test_listing_changes_no_older_database_and_making_one_keeps_a_copy(kas: Run, tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    make_old_database(f"sqlite:///{path}", 1)
    os.chmod(path, 0o600)
    assert kas("token", "list", "--db", "old.db", "--json").data == []
    assert kas("token", "create", "Ada", "--db", "old.db").status == 0
    backup = tmp_path / "old.db.schema-1.backup"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    for file, version in ((path, VERSION), (backup, 1)):
        connection = sqlite3.connect(file)
        assert connection.execute("SELECT version FROM kas_schema").fetchall() == [(version,)]
        connection.close()


@pytest.mark.parametrize("command", [("create", "Ada"), ("list",), ("revoke", "nobody")], ids=lambda it: it[0])
def test_whose_repository_one_stands_in_does_not_matter(
    kas: Run, repo: Repo, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """An account that owns the database makes its tokens from wherever it is, as with sudo."""
    database = str(tmp_path / "plans.db")
    env = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1", "GIT_CONFIG_NOSYSTEM": "1"}
    assert kas("where", cwd=repo.path, env=env).status == 3
    ended = kas("token", *command, "--db", database, cwd=repo.path, env=env)
    assert ended.status == (3 if command[0] == "revoke" else 0), ended
    assert "ownership" not in ended.err
