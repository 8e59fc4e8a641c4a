"""Who may ask what: one protocol, whatever stands behind it."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from git_kas.errors import NotAllowed

if TYPE_CHECKING:
    from git_kas.domain.lifecycle import Actor


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


class OpenAccess:
    """Grants everybody the same role: a server without tokens."""

    def __init__(self, role: Role) -> None:
        self._grant = Grant(role)

    def grant(self, authorization: str | None, project: str | None) -> Grant:
        """See :class:`Access`."""
        del authorization, project
        return self._grant


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
