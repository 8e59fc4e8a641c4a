"""Tokens: who may do what through a server, and how that is known from a secret that only they have.

A token is written ``kas_<id>_<secret>``: the id names the row, the secret is 256 random bits. Only the SHA-256
of the secret is stored. A slow hash, as passwords need it, would protect nothing: 256 random bits cannot be
guessed however fast guesses are checked, and each request would pay for it.
"""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.errors import AlreadyExists, InvalidName, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

ID_BYTES: Final = 6
SECRET_BYTES: Final = 32
LONGEST_NAME: Final = 100
_FORM: Final = re.compile(
    f"kas_(?P<id>[0-9a-f]{{{2 * ID_BYTES}}})_(?P<secret>[0-9a-f]{{{2 * SECRET_BYTES}}})", re.ASCII
)
_ID_FORM: Final = re.compile(f"[0-9a-f]{{{2 * ID_BYTES}}}", re.ASCII)


class Role(IntEnum):
    """What somebody may do; each role may do all that the ones before it may."""

    READ = 1
    AGENT = 2
    USER = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """As it is written in options, tokens and pages."""
        return self.name.lower()


ROLES: Final[Mapping[str, Role]] = {role.word: role for role in Role}
"""By their words."""

ROLE_MEANINGS: Final[Mapping[Role, str]] = {
    Role.READ: "see plans, texts and history",
    Role.AGENT: "change plans as an agent: none of the events that only a user may apply",
    Role.USER: "change plans as a user",
    Role.ADMIN: "all that a server offers",
}


class TokenState(StrEnum):
    """Whether a token opens anything."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Token(NamedTuple):
    """A token as it is stored, without its secret.

    ``digest`` is the SHA-256 of the secret in hexadecimal, ``project`` the only project that it opens (None:
    all of them), ``name`` whose it is; no two tokens that are not revoked have the same. Times are RFC 3339 in
    UTC with microseconds; ``expires_at`` and ``revoked_at`` are empty for never.
    """

    id: str
    digest: str
    role: Role
    project: str | None
    name: str
    created_at: str
    expires_at: str = ""
    revoked_at: str = ""

    def state(self, now: str) -> TokenState:
        """What it is worth at the time ``now``."""
        if self.revoked_at:
            return TokenState.REVOKED
        return TokenState.EXPIRED if self.expires_at and self.expires_at <= now else TokenState.VALID

    def opens(self, project: str | None) -> bool:
        """Whether it is for ``project``; None stands for what concerns all projects."""
        return self.project is None or self.project == project


class Presented(NamedTuple):
    """A token that somebody shows: the row that it claims to be of, and the secret that is to prove it."""

    id: str
    secret: str

    def proves(self, token: Token) -> bool:
        """Whether the secret is that of ``token``; the comparison takes the same time for every secret."""
        return compare_digest(digest_of(self.secret), token.digest)

    def __repr__(self) -> str:
        return f"Presented({self.id}, …)"  # a secret gets into no log


class NewToken(NamedTuple):
    """A token that was just made; ``text`` holds the secret, and is shown to its owner once."""

    text: str
    token: Token


def make_token(random: bytes, granted: Granted, now: str) -> NewToken:
    """A new token out of ``ID_BYTES + SECRET_BYTES`` random bytes.

    Raises:
        InvalidName: the name is none that can be shown on one line.
    """
    assert len(random) == ID_BYTES + SECRET_BYTES, "a token is made of too few random bytes"  # noqa: S101
    id_, secret = random[:ID_BYTES].hex(), random[ID_BYTES:].hex()
    name = checked_name(granted.name)
    token = Token(id_, digest_of(secret), granted.role, granted.project, name, now, granted.expires_at)
    return NewToken(f"kas_{id_}_{secret}", token)


class Granted(NamedTuple):
    """What a new token is to allow, to whom, and until when; see :class:`Token`."""

    name: str
    role: Role
    project: str | None = None
    expires_at: str = ""


def digest_of(secret: str) -> str:
    """What is stored of a secret."""
    return sha256(secret.encode()).hexdigest()


def read_token(text: str) -> Presented | None:
    """The parts of a token, None if ``text`` is none."""
    found = _FORM.fullmatch(text)
    return Presented(found["id"], found["secret"]) if found else None


def is_token_id(text: str) -> bool:
    """Whether ``text`` has the form of a token's id."""
    return _ID_FORM.fullmatch(text) is not None


def parse_role(word: str) -> Role:
    """The role that ``word`` names.

    Raises:
        UsageError: it names none.
    """
    role = ROLES.get(word)
    if role is None:
        raise UsageError(f"'{word}' is no role.", next_step=f"Use one of: {', '.join(ROLES)}.")
    return role


def checked_name(name: str) -> str:
    """``name``, if a token may have it.

    Raises:
        InvalidName: it is empty, too long, or cannot be shown on one line.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidName(
            "This is no name for a token.",
            next_step=f"Use 1 to {LONGEST_NAME} characters that can be seen, such as the owner's name.",
        )
    return name


def token_exists(token: Token) -> AlreadyExists:
    """The refusal of a token whose name another one has."""
    return AlreadyExists(
        f"A token of the name '{token.name}' already exists.",
        next_step="Choose another name, or revoke that one first: 'git kas token list' shows it.",
    )


def no_such_token(named: str) -> NotFound:
    """The answer to a question about a token that is not there."""
    return NotFound(f"token not found: {named}.", next_step="'git kas token list' shows the tokens.")
