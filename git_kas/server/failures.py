"""What went wrong, as it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from git_kas.domain.plan import Plan
from git_kas.domain.wire import plan_entry
from git_kas.errors import Busy, Conflict, KasError, Unauthenticated, Unreachable
from git_kas.server.exchange import Answer, json_answer

if TYPE_CHECKING:
    from git_kas.ports.store import StoreDescription

_STALE: Final = 412
_INTERNAL: Final = 500
RETRY_AFTER: Final = ("Retry-After", "1")


def failure_answer(error: KasError, *, has_precondition: bool = False) -> Answer:
    """An error with its status; one of a request with ``If-Match`` that came too late is 412."""
    document: dict[str, Any] = {"error": error.message, "code": error.code, "next": error.next_step}
    status = error.http_status or _INTERNAL
    headers: list[tuple[str, str]] = []
    if isinstance(error, Conflict):
        if isinstance(error.current, Plan):
            document["current"] = plan_entry(error.current)
        if has_precondition:
            status = _STALE
    if isinstance(error, Unauthenticated):
        headers.append(("WWW-Authenticate", 'Bearer realm="git-kas"'))
    if isinstance(error, Busy):
        headers.append(RETRY_AFTER)
    return json_answer(document, status, *headers)


def plain_failure(status: int, code: str, message: str, step: str = "") -> Answer:
    """An error that concerns HTTP alone."""
    document = {"error": message, "code": code} | ({"next": step} if step else {})
    return json_answer(document, status)


def without_place(error: KasError, place: StoreDescription) -> KasError:
    """The same error without the path or address of the server's database, which is nobody's business."""
    if isinstance(error, Unreachable):  # libpq tells addresses and names of users
        error.message = "plan store unreachable: the database of the server."
        return error
    path = place.place
    for text in (path, path.rpartition("/")[0]):
        if len(text) > 1:
            error.message = error.message.replace(text, "of the server")
            error.next_step = error.next_step.replace(text, "of the server")
    return error
