"""Tokens in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.tokens import no_such_token, token_exists
from git_kas.ports.store import StoreDescription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.tokens import Token


class FakeTokens:
    """The port :class:`~git_kas.ports.tokens.TokenStore` over a mapping."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def describe(self) -> StoreDescription:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
        return StoreDescription("memory", "memory")

    def tokens(self) -> Sequence[Token]:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
        return sorted(self._tokens.values(), key=lambda token: (token.created_at, token.id))

    def find(self, id_: str) -> Token | None:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
        return self._tokens.get(id_)

    def add(self, token: Token) -> None:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
        names = {other.name for other in self._tokens.values() if not other.revoked_at}
        if token.id in self._tokens or token.name in names:
            raise token_exists(token)
        self._tokens[token.id] = token

    def revoke(self, id_: str, now: str) -> Token:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
        token = self._tokens.get(id_)
        if token is None:
            raise no_such_token(id_)
        if not token.revoked_at:
            token = self._tokens[id_] = token._replace(revoked_at=now)
        return token

    def close(self) -> None:
        """See :class:`git_kas.ports.tokens.TokenStore`."""
