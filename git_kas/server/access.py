"""Who may ask what: one protocol, whatever stands behind it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from git_kas.domain.timestamps import timestamp
from git_kas.domain.tokens import Role, TokenState, read_token
from git_kas.errors import NotAllowed, Unauthenticated

if TYPE_CHECKING:
    from git_kas.domain.lifecycle import Actor
    from git_kas.domain.tokens import Presented, Token
    from git_kas.ports.clock import Clock
    from git_kas.ports.tokens import TokenStore


__all__ = ["Access", "Grant", "OpenAccess", "Role", "TokenAccess", "acting", "require"]

_SCHEME: Final = "bearer "
_FRESH: Final = 1.0
"""Seconds for which a token that was looked up is not looked up again: so long after it was revoked it may be
let in. That it ends is known at once."""

_MOMENT: Final = 0.2
_MOST_KNOWN: Final = 1024


class Grant(NamedTuple):
    """What a request may do, and the name of whoever asks; empty if that is not known."""

    role: Role
    name: str = ""


class Access(Protocol):
    """Decides who asks; called from any thread, for every request that is not open to all."""

    def grant(self, authorization: str | None, project: str | None) -> Grant:
        """What the bearer of that ``Authorization`` header may do in ``project`` (None: outside of projects).

        Raises:
            Unauthenticated: there is no token, or none that is accepted.
            NotAllowed: the token is good, but not for this project.
        """

    def remembers(self, authorization: str | None) -> bool:
        """Whether :meth:`grant` needs to wait for nothing, from now on for a moment."""


class OpenAccess:
    """Grants everybody the same role: a server without tokens."""

    def __init__(self, role: Role) -> None:
        self._grant = Grant(role)

    def grant(self, authorization: str | None, project: str | None) -> Grant:
        """See :class:`Access`."""
        del authorization, project
        return self._grant

    def remembers(self, authorization: str | None) -> bool:
        """See :class:`Access`."""
        del authorization
        return True

    def close(self) -> None:
        """Nothing is held open."""


class TokenAccess:
    """Grants what the token says that comes with a request: ``Authorization: Bearer kas_…`` (RFC 6750, 2.1)."""

    def __init__(self, tokens: TokenStore, clock: Clock) -> None:
        self.tokens = tokens
        self._clock = clock
        self._known: dict[str, tuple[float, Token]] = {}

    def grant(self, authorization: str | None, project: str | None) -> Grant:
        """See :class:`Access`. Outside of projects, the token of one project may only see."""
        if not authorization:
            raise Unauthenticated("This server wants a token.", next_step=_HOW_TO_SHOW)
        presented = _presented(authorization)
        token = self._find(presented.id) if presented else None
        if presented is None or token is None or not presented.proves(token):
            raise Unauthenticated("This server does not know the token.", next_step=_HOW_TO_GET)
        state = token.state(timestamp(self._clock.now_ns()))
        if state is not TokenState.VALID:
            raise Unauthenticated(f"The token {token.id} is {state}.", next_step=_HOW_TO_GET)
        if project is None and token.project is not None:
            return Grant(Role.READ, token.name)
        if not token.opens(project):
            raise NotAllowed(f"The token {token.id} is for another project.", next_step=_HOW_TO_GET)
        return Grant(token.role, token.name)

    def remembers(self, authorization: str | None) -> bool:
        """See :class:`Access`."""
        presented = _presented(authorization or "")
        found = self._known.get(presented.id) if presented else None
        return found is not None and time.monotonic() - found[0] < _FRESH - _MOMENT

    def close(self) -> None:
        """Close where the tokens are kept."""
        self.tokens.close()

    def _find(self, id_: str) -> Token | None:
        now = time.monotonic()
        found = self._known.get(id_)
        if found is not None and now - found[0] < _FRESH:
            return found[1]
        token = self.tokens.find(id_)
        if token is None:
            return None  # not remembered: anybody can think of ids
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[id_] = now, token
        return token


def _presented(authorization: str) -> Presented | None:
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        return None
    return read_token(authorization[len(_SCHEME) :].strip())


_HOW_TO_SHOW: Final = "Give it by KAS_TOKEN, or by the header Authorization: Bearer."
_HOW_TO_GET: Final = "Ask whoever runs the server for a token: 'git kas token create' makes one."


def require(grant: Grant, role: Role) -> None:
    """Go on only if ``grant`` reaches ``role``.

    Raises:
        NotAllowed: it does not.
    """
    if grant.role < role:
        raise NotAllowed(
            f"This needs the role '{role.word}', and the request has '{grant.role.word}'.",
            next_step="Ask whoever runs the server for a token of that role.",
        )


def acting(grant: Grant, asked: str) -> Actor:
    """On whose behalf a request acts: an agent's token is always an agent's, others say it (default: user).

    Raises:
        UsageError: there is no such actor.
    """
    from git_kas.domain.lifecycle import Actor
    from git_kas.errors import UsageError

    if asked and asked not in set(Actor):
        raise UsageError(f"'{asked[:80]}' is no actor.", next_step=f"Use one of: {', '.join(Actor)}.")
    if grant.role <= Role.AGENT:
        return Actor.AGENT
    return Actor(asked or Actor.USER)
