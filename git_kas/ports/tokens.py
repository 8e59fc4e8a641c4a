"""Where the tokens of a server are kept: beside the plans that they open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.tokens import Token
    from git_kas.ports.store import StoreDescription


class TokenStore(Protocol):
    """The tokens of one place, from any thread. Each operation sees what was acknowledged before it began.

    Every operation raises:
        StoreCorrupt: the stored bytes cannot be understood.
        Unreachable, Busy: the place cannot be used now.
    """

    def describe(self) -> StoreDescription:
        """Say which place this is."""

    def tokens(self) -> Sequence[Token]:
        """All tokens, revoked ones included, oldest first."""

    def find(self, id_: str) -> Token | None:
        """A token by its id."""

    def add(self, token: Token) -> None:
        """Keep ``token``; on return it is durable.

        Raises:
            AlreadyExists: a token that is not revoked has its name, or any has its id.
            ReadOnly, StoreFull: it cannot be written; nothing was changed.
        """

    def revoke(self, id_: str, now: str) -> Token:
        """Have a token open nothing any more from ``now`` on; one that was revoked before stays as it is.

        Raises:
            NotFound: there is no such token.
            ReadOnly, StoreFull: it cannot be written; nothing was changed.
        """

    def close(self) -> None:
        """Free what is held open."""
