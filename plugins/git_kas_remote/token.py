"""Which token a server is shown."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from git_kas.domain.lifecycle import Actor
from git_kas.domain.token_file import TOKEN_FILE, is_sendable, token_for
from git_kas.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas_remote.address import Address


class Token(NamedTuple):
    """A token, and where it comes from, for messages; both empty for none."""

    text: str = ""
    source: str = ""

    def __repr__(self) -> str:
        return f"Token(…, {self.source!r})"  # a secret gets into no log


def find_token(address: Address, environment: Mapping[str, str]) -> Token:
    """The token for ``address``: KAS_TOKEN, the file that KAS_TOKEN_FILE names, or the user's file of tokens.

    The user's file is not opened on behalf of an agent.

    Raises:
        InvalidConfiguration: a file cannot be read or holds no token, or others may read the user's own.
    """
    if word := environment.get("KAS_TOKEN", "").strip():
        return _sendable(Token(word, "KAS_TOKEN"))
    if path := environment.get("KAS_TOKEN_FILE", ""):
        return _sendable(Token(_named_token(path, address), path))
    path = _users_file(environment)
    if not path or environment.get("KAS_ACTOR") == Actor.AGENT:
        return Token()
    found = token_for(_read(path, is_private=True) or "", address.origin)
    return _sendable(Token(found, path)) if found is not None else Token()


def _named_token(path: str, address: Address) -> str:
    """The token in a file that holds it alone, or is of the form of the user's file; empty if there is none."""
    text = _read(path, is_private=False)
    if text is None:
        raise InvalidConfiguration(
            f"KAS_TOKEN_FILE: there is no file {path}.", next_step="Name the file that holds the token."
        )
    words = text.split()
    return words[0] if len(words) == 1 else token_for(text, address.origin) or ""


def _users_file(environment: Mapping[str, str]) -> str:
    """Where the user's tokens are, by the XDG Base Directory Specification; empty without a home."""
    home, folder = environment.get("HOME", ""), environment.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):
        folder = os.path.join(home, ".config") if home else ""
    return os.path.join(folder, "git-kas", TOKEN_FILE) if folder else ""


def _read(path: str, *, is_private: bool) -> str | None:
    """The text of a file, None if it is not there; one that ``is_private`` nobody else may read."""
    try:
        with open(path, encoding="utf-8") as file:
            if is_private and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise InvalidConfiguration(
                    f"{path} holds a token, and others may read it.", next_step=f"Run: chmod 600 {path}"
                )
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InvalidConfiguration(
            f"{path} cannot be read: {error.strerror}.", next_step="Make it readable for yourself alone."
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidConfiguration(f"{path} holds no token.", next_step="Write it again.") from error


def _sendable(token: Token) -> Token:
    if not is_sendable(token.text):
        raise InvalidConfiguration(
            f"{token.source} holds no token that can be sent.", next_step="A token is one word, such as kas_…"
        )
    return token
