"""Makes and revokes tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from git_kas.domain.lifecycle import Actor
from git_kas.domain.timestamps import later, timestamp
from git_kas.domain.tokens import (
    ID_BYTES,
    SECRET_BYTES,
    Granted,
    NewToken,
    Role,
    is_token_id,
    make_token,
    no_such_token,
    read_token,
)
from git_kas.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_kas.domain.tokens import Token
    from git_kas.ports.clock import Clock
    from git_kas.ports.tokens import TokenStore


class TokenPorts(NamedTuple):
    """Where tokens are kept, the time, and ``draw``, which gives as many random bytes as are asked for."""

    tokens: TokenStore
    clock: Clock
    draw: Callable[[int], bytes]


class Wanted(NamedTuple):
    """A token that is asked for; ``seconds`` is how long it is to be good, None for ever."""

    name: str
    role: Role
    project: str | None = None
    seconds: int | None = None


def create_token(ports: TokenPorts, actor: Actor, wanted: Wanted) -> NewToken:
    """Make a token, and keep it without its secret, which is in the answer only.

    Raises:
        NotAllowed: an agent asks: it could make itself a user.
        InvalidName, AlreadyExists: another name is needed.
    """
    _expect_user(actor, "make a token")
    now = timestamp(ports.clock.now_ns())
    expires_at = later(now, wanted.seconds) if wanted.seconds is not None else ""
    granted = Granted(wanted.name, wanted.role, wanted.project, expires_at)
    new = make_token(ports.draw(ID_BYTES + SECRET_BYTES), granted, now)
    ports.tokens.add(new.token)
    return new


def revoke_token(ports: TokenPorts, actor: Actor, named: str) -> Token:
    """Have a token open nothing any more. It is named by its id, its name, or by itself.

    Raises:
        NotAllowed: an agent asks.
        NotFound: there is no such token.
    """
    _expect_user(actor, "revoke a token")
    presented = read_token(named)
    id_ = presented.id if presented else named
    if not is_token_id(id_) or ports.tokens.find(id_) is None:
        ids = [token.id for token in ports.tokens.tokens() if token.name == named and not token.revoked_at]
        if not ids:
            raise no_such_token(id_)  # never the secret
        id_ = ids[0]
    return ports.tokens.revoke(id_, timestamp(ports.clock.now_ns()))


def first_token(ports: TokenPorts, name: str, keep: Callable[[str], None]) -> Token | None:
    """A user's token for whoever starts a server that never had any; None if there is one already.

    ``keep`` writes the token down where its owner finds it. That is done first: who is killed in between has
    written down a token that opens nothing, and the next start makes another one.
    """
    if ports.tokens.tokens():
        return None
    new = make_token(
        ports.draw(ID_BYTES + SECRET_BYTES), Granted(name, Role.USER), timestamp(ports.clock.now_ns())
    )
    keep(new.text)
    ports.tokens.add(new.token)
    return new.token


def _expect_user(actor: Actor, what: str) -> None:
    if actor is not Actor.USER:
        raise NotAllowed(
            f"Only a user may {what}; this was asked for by the {actor}.",
            next_step="Ask the person in charge to decide.",
        )
