"""The file in which a user keeps tokens, each bound to the one server that it is for.

One line for each server: its origin, such as ``http://athena:7433``, a space, the token. Others do not count.
"""

from __future__ import annotations

from typing import Final

TOKEN_FILE: Final = "tokens"  # noqa: S105 - a name, in the user's folder of git-kas
_TOKEN_BYTES: Final = 4096


def token_for(text: str, origin: str) -> str | None:
    """The token for the server at ``origin``; None if the file holds none."""
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].rstrip("/") == origin:
            return words[1]
    return None


def with_token(text: str, origin: str, token: str) -> str:
    """The file's text with ``token`` for ``origin``, in the place of another one."""
    kept = [line for line in text.splitlines() if line.split()[:1] != [origin]]
    return "".join(f"{line}\n" for line in [*kept, f"{origin} {token}"])


def is_sendable(token: str) -> bool:
    """Whether ``token`` can stand in a header: visible characters of ASCII, without spaces."""
    return 0 < len(token) <= _TOKEN_BYTES and all("!" <= character <= "~" for character in token)
