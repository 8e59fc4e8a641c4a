"""What went wrong between here and a server, in the words of git-kas."""

from __future__ import annotations

import json
from http.client import IncompleteRead
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Final

from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from git_kas.domain.mutation_codec import decode_error
from git_kas.domain.secrets import without_password
from git_kas.errors import Busy, KasError, NotAllowed, SchemaTooNew, Unreachable, UsageError

if TYPE_CHECKING:
    from git_kas_remote.address import Address
    from git_kas_remote.exchange import Asking, Received
    from git_kas_remote.token import Token

PROTOCOL: Final = "1"
"""The version of the wire protocol that is spoken here; every answer of a server names its own."""

_DONE: Final = frozenset({200, 201, 204})
_REDIRECTS: Final = range(300, 400)
_LONGEST_QUOTE: Final = 200
_LOOK: Final = "See whether it runs; nothing was written elsewhere."

_NEVER_SENT: Final = (ConnectTimeoutError, NewConnectionError, ProxyError)
"""What happens before a request goes out."""

_REASONS: Final[tuple[tuple[type[HTTPError], str], ...]] = (
    (NameResolutionError, "its name cannot be resolved"),
    (ReadTimeoutError, "it does not answer in time"),
    (ProxyError, "the proxy in the environment does not let it be reached: {}"),
    (SSLError, "its certificate or TLS cannot be trusted: {}"),
    (NewConnectionError, "it cannot be reached: {}"),
    (ConnectTimeoutError, "it cannot be reached in time"),
    (ProtocolError, "what answers there does not speak HTTP"),
)
"""In words, the first that fits; the place is that of the cause."""


def is_cut_off(error: HTTPError) -> bool:
    """Whether a connection, or an answer, ended before it was complete."""
    return isinstance(_innermost(error), ConnectionError | IncompleteRead)


class Faults:
    """Says what went wrong with the server at ``address``; ``token`` is what it was shown."""

    def __init__(self, address: Address, token: Token) -> None:
        self._place = address.base
        self._token = token

    def of_transport(self, asking: Asking, error: HTTPError) -> KasError:
        """The library's ``error``, as ours."""
        return self._unreachable(asking, _reason(error), was_sent=_was_sent(error))

    def malformed(self, asking: Asking, why: str) -> KasError:
        """An answer by git-kas that cannot be understood."""
        return self._unreachable(asking, f"its answer cannot be understood: {_short(why)}")

    def too_large(self, asking: Asking, limit: int) -> KasError:
        """An answer that is larger than ``limit`` bytes."""
        return self._unreachable(asking, f"its answer is larger than {limit // 1024**2} MiB")

    def judged(self, asking: Asking, received: Received) -> Received:
        """``received``, if it is what git-kas says when all is well.

        Raises:
            KasError: otherwise.
        """
        if received.status in _REDIRECTS and received.status != 304:
            target = without_password(_short(received.headers.get("Location", "nowhere")))
            raise self._unreachable(
                asking,
                f"it redirects to {target}, which is not followed",
                next_step="If the plans are there now, set kas.store to it.",
                was_sent=False,
            )
        self._check_protocol(asking, received)
        if received.status in _DONE:
            return received
        raise self._refusal(asking, received)

    def _check_protocol(self, asking: Asking, received: Received) -> None:
        spoken = received.headers.get("Kas-Protocol")
        if spoken == PROTOCOL:
            return
        if spoken is None:
            raise self._unreachable(
                asking,
                f"what answers with status {received.status} there is not git-kas, or an earlier version of it",
                next_step="'git kas serve' must run there, and a proxy before it must let its headers through.",
            )
        raise SchemaTooNew(
            f"{self._place} speaks protocol {_short(spoken)}, and this git-kas protocol {PROTOCOL}.",
            next_step="Update git-kas here, or the server.",
        )

    def _refusal(self, asking: Asking, received: Received) -> KasError:
        """What the server refuses, and why."""
        if received.status == 401:
            return self._no_entry()
        if received.status == 413:
            return UsageError(
                f"The request is too large for {self._place}.",
                next_step="Send less at once, or raise its limit.",
            )
        error = _told(received)
        if error is None:
            return self._unreachable(asking, f"it answers with status {received.status} and no reason")
        if type(error) is KasError:  # which stands for a defect, and names no place
            error.message = f"{self._place} failed: {_short(error.message).rstrip('.')}."
            error.next_step = error.next_step or "Whoever runs it finds more in its log."
        return error

    def _no_entry(self) -> KasError:
        if self._token.text:
            return NotAllowed(
                f"{self._place} does not accept the token from {self._token.source}.",
                next_step="It may have expired or been revoked; ask whoever runs the server for another one.",
            )
        return NotAllowed(
            f"{self._place} asks for a token.",
            next_step="Give one by KAS_TOKEN, KAS_TOKEN_FILE or the file ~/.config/git-kas/tokens.",
        )

    def _unreachable(
        self, asking: Asking, reason: str, *, next_step: str = _LOOK, was_sent: bool = True
    ) -> Unreachable:
        message = f"plan store unreachable: {self._place}: {reason}."
        if asking.changes_something and was_sent:
            if asking.is_safe:
                next_step = "To repeat the command with the same key is safe: nothing happens twice."
            else:
                next_step = "It is not known whether the change was made: look before you repeat the command."
        return Unreachable(message, next_step=next_step)


def _was_sent(error: HTTPError) -> bool:
    """Whether the server may have got the request."""
    is_stranger = isinstance(_innermost(error), SSLCertVerificationError)
    return not is_stranger and not isinstance(error, _NEVER_SENT)


def _reason(error: HTTPError) -> str:
    """Why there was no answer, in a few words and without an object's address."""
    if is_cut_off(error) and isinstance(error, ProtocolError):
        return "the connection ended before the answer was complete"
    words = next((words for type_, words in _REASONS if isinstance(error, type_)), "it cannot be asked: {}")
    cause = _innermost(error)
    text = getattr(cause, "strerror", None) or str(cause)
    return words.format(_short((text.strip().splitlines() or ["no reason is given"])[0].rstrip(".")))


def _innermost(error: BaseException) -> BaseException:
    """What the library has wrapped."""
    inner = getattr(error, "original_error", None) or error.__cause__
    if inner is None and error.args and isinstance(error.args[-1], BaseException):
        inner = error.args[-1]
    return _innermost(inner) if inner is not None else error


def pause_asked(received: Received) -> float | None:
    """The seconds after which to ask again, where git-kas was too busy to do anything; None otherwise."""
    if received.status != 503 or received.headers.get("Kas-Protocol") != PROTOCOL:
        return None
    return _seconds(received.headers.get("Retry-After")) if isinstance(_told(received), Busy) else None


def _told(received: Received) -> KasError | None:
    """The refusal in an answer, None where there is none."""
    try:
        told = json.loads(received.body)
        return decode_error({"code": told["code"], "message": told["error"], "next": told.get("next", "")})
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _seconds(header: str | None) -> float | None:
    """The value of Retry-After where it is a number, None otherwise."""
    return float(header) if header is not None and header.isascii() and header.isdigit() else None


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
