"""What a token is, and what it opens."""

from __future__ import annotations

from hashlib import sha256

import pytest

from git_kas.domain.tokens import (
    ROLE_MEANINGS,
    Granted,
    Presented,
    Role,
    TokenState,
    make_token,
    parse_role,
    read_token,
)
from git_kas.errors import InvalidName, UsageError

NOW, LATER = "2026-01-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z"
RANDOM = bytes(range(38))
NEW = make_token(RANDOM, Granted("Ada", Role.USER), NOW)
SECRET = RANDOM[6:].hex()


def test_the_form() -> None:
    assert NEW.text == f"kas_000102030405_{SECRET}"
    assert len(SECRET) * 4 == 256
    assert NEW.token.digest == sha256(SECRET.encode()).hexdigest()
    assert read_token(NEW.text) == Presented("000102030405", SECRET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kas_",
        NEW.text[:-1],
        NEW.text + "0",
        NEW.text + "\n",
        NEW.text.upper(),
        NEW.text.replace("_", "-"),
        " " + NEW.text,
        NEW.text.replace("0", "٠"),  # noqa: RUF001 - a digit that is none of ours
    ],
)
def test_what_is_no_token(text: str) -> None:
    assert read_token(text) is None


def test_only_the_secret_proves_it() -> None:
    assert Presented(NEW.token.id, SECRET).proves(NEW.token)
    for wrong in ("", "0" * 64, SECRET[:-1], NEW.token.digest):
        assert not Presented(NEW.token.id, wrong).proves(NEW.token)


def test_a_secret_is_not_shown_by_accident() -> None:
    assert SECRET not in repr(read_token(NEW.text)) + str(read_token(NEW.text)) + f"{read_token(NEW.text)}"


def test_it_ends_in_the_moment_that_was_said() -> None:
    token = NEW.token._replace(expires_at=LATER)
    assert token.state(NOW) is TokenState.VALID
    assert token.state(LATER) is TokenState.EXPIRED
    assert NEW.token.state("9999") is TokenState.VALID
    assert token._replace(revoked_at=NOW).state(NOW) is TokenState.REVOKED


def test_what_it_opens() -> None:
    assert NEW.token.opens("shop")
    assert NEW.token.opens(None)
    scoped = NEW.token._replace(project="shop")
    assert scoped.opens("shop")
    assert not scoped.opens("Shop")
    assert not scoped.opens("")
    assert not scoped.opens(None)


def test_roles() -> None:
    assert [parse_role(role.word) for role in Role] == list(Role) == sorted(Role)
    assert set(ROLE_MEANINGS) == set(Role)
    for word in ("", "USER", "root", "1"):
        with pytest.raises(UsageError, match="is no role"):
            parse_role(word)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31m", "x" * 101])
def test_names_that_cannot_be_shown(name: str) -> None:
    with pytest.raises(InvalidName):
        make_token(RANDOM, Granted(name, Role.READ), NOW)
