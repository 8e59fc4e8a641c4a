"""The port TokenStore, over the fake and over databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from git_kas.domain.tokens import Granted, NewToken, Role, Token, make_token, read_token
from git_kas.errors import AlreadyExists, NotFound
from git_kas.ports.fake_tokens import FakeTokens
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store_host import HostRequest
from git_kas.ports.tokens import TokenStore
from git_kas_files.watch import DiskWatch
from git_kas_sql.opening import open_tokens
from old_databases import make_old_database
from postgresql import new_database

NOW, LATER = "2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z"
Open = Callable[[], TokenStore]


@pytest.fixture(params=["fake", "sqlite", "postgresql", "old sqlite", "old postgresql"])
def open_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same place each time."""
    if request.param == "fake":
        fake = FakeTokens()
        yield lambda: fake
        return
    if request.param.endswith("sqlite"):
        yield from _opener(f"sqlite:///{tmp_path}/plans.db", old=request.param.startswith("old"))
        return
    with new_database() as url:
        yield from _opener(url, old=request.param.startswith("old"))


def _opener(url: str, *, old: bool) -> Iterator[Open]:
    if old:
        make_old_database(url, 1)
    opened: list[TokenStore] = []

    def open_it() -> TokenStore:
        opened.append(open_tokens(HostRequest(url, FakeClock(), DiskWatch)))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def tokens(open_place: Open) -> TokenStore:
    return open_place()


def made(number: int = 1, name: str = "Ada", role: Role = Role.USER, project: str | None = None) -> NewToken:
    return make_token(bytes([number]) * 38, Granted(name, role, project), NOW)


def test_there_are_none_at_first(tokens: TokenStore) -> None:
    assert list(tokens.tokens()) == []
    assert tokens.find("0" * 12) is None
    with pytest.raises(NotFound, match="token not found"):
        tokens.revoke("0" * 12, NOW)
    assert list(tokens.tokens()) == []


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("project", [None, "", "shop", "a/\\ü\0\ud800"])
def test_what_is_added_is_found_as_it_was(open_place: Open, role: Role, project: str | None) -> None:
    token = made(role=role, project=project).token._replace(expires_at=LATER)
    open_place().add(token)
    other = open_place()
    assert other.find(token.id) == token
    found = other.find(token.id)
    assert found is not None
    assert (type(found), type(found.role)) == (Token, Role)
    assert list(other.tokens()) == [token]


def test_the_secret_is_nowhere(tokens: TokenStore, tmp_path: Path) -> None:
    new = made()
    tokens.add(new.token)
    presented = read_token(new.text)
    assert presented is not None
    found = tokens.find(presented.id)
    assert found is not None
    assert presented.proves(found)
    assert presented.secret not in repr(found)
    for path in tmp_path.rglob("plans.db*"):
        assert presented.secret.encode() not in path.read_bytes()


def test_no_two_tokens_have_a_name_or_an_id(tokens: TokenStore) -> None:
    tokens.add(made().token)
    for other in (made(2), made(name="Bob")):
        with pytest.raises(AlreadyExists, match="already exists"):
            tokens.add(other.token)
    assert list(tokens.tokens()) == [made().token]
    tokens.add(made(2, "Bob").token)


def test_a_revoked_one_stays_on_the_list_and_frees_its_name(open_place: Open) -> None:
    tokens = open_place()
    tokens.add(made().token)
    assert tokens.revoke(made().token.id, NOW).revoked_at == NOW
    assert tokens.revoke(made().token.id, LATER).revoked_at == NOW
    other = open_place()
    found = other.find(made().token.id)
    assert found is not None
    assert found.revoked_at == NOW
    other.add(made(2).token)
    other.revoke(made(2).token.id, LATER)
    other.add(made(3).token)
    assert [token.revoked_at for token in tokens.tokens()] == [NOW, LATER, ""]


def test_the_list_is_in_the_order_of_time(tokens: TokenStore) -> None:
    tokens.add(made(9, "first").token._replace(created_at=NOW))
    tokens.add(made(1, "second").token._replace(created_at=LATER))
    assert [token.name for token in tokens.tokens()] == ["first", "second"]
