"""What a request says and what is answered, without any library in between."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote_to_bytes

from git_kas.domain.binding import is_root_id
from git_kas.domain.names import PlanName
from git_kas.domain.wire import encode
from git_kas.errors import InvalidName, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from git_kas.server.access import Grant

JSON: Final = "application/json"
MARKDOWN: Final = "text/markdown"
BYTES: Final = "application/octet-stream"
TEXT: Final = "text/plain; charset=utf-8"

_LONGEST_PROJECT: Final = 200
_MOST_MEMBERS: Final = 100
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_REVISION: Final = re.compile(r'"([0-9]{1,18})"')
_SECONDS: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
_OTHER_REVISION: Final = -1


class Call(NamedTuple):
    """A request, its path taken apart and decoded.

    ``url`` is path and query as they were sent; ``environ`` holds the headers as WSGI has them (PEP 3333).
    """

    url: str
    project: str
    filename: str
    query: Mapping[str, Sequence[str]]
    environ: Mapping[str, Any]
    body: bytes
    grant: Grant

    @property
    def plan(self) -> PlanName:
        """The plan that the path names.

        Raises:
            InvalidName: no plan can have that name.
        """
        return PlanName(self.filename)

    def header(self, name: str) -> str:
        """A header's value, empty if there is none.

        Raises:
            UsageError: it is not UTF-8.
        """
        value: str = self.environ.get("HTTP_" + name.upper().replace("-", "_"), "")
        if value.isascii():
            return value.strip()
        try:
            return value.encode("latin-1").decode("utf-8").strip()
        except UnicodeError as error:
            raise UsageError(f"The header {name} is not UTF-8.", next_step="Send it as UTF-8.") from error

    def asked(self, name: str) -> str | None:
        """The last value of a member of the query, None if it is not there."""
        values = self.query.get(name)
        return values[-1] if values else None

    def number(self, name: str, *, most: int = 10**18) -> int:
        """A member of the query as a whole number of at most ``most``, 0 if it is not there.

        Raises:
            UsageError: it is none.
        """
        text = self.asked(name) or "0"
        if not is_number(text):
            raise UsageError(f"'{name}' is no whole number.", next_step=f"Use {name}=0 or more.")
        return min(int(text), most)

    def seconds(self, name: str, *, most: int) -> float:
        """A member of the query as seconds of at most ``most``, 0 if it is not there.

        Raises:
            UsageError: it is none.
        """
        text = self.asked(name) or "0"
        if not _SECONDS.fullmatch(text):
            raise UsageError(f"'{name}' is no number of seconds.", next_step=f"Use {name}=0 or more.")
        return min(float(text), float(most))

    def document(self) -> dict[str, Any]:
        """The body as one JSON object.

        Raises:
            UsageError: it is none.
        """
        return json_object(self.body)

    def repository(self) -> str:
        """The root commit of the repository that the request comes from, empty if it does not say so.

        Raises:
            UsageError: it is none.
        """
        text: str = self.environ.get("HTTP_KAS_REPOSITORY", "")
        if text and not is_root_id(text):
            raise UsageError(
                "Kas-Repository is no id of a commit.",
                next_step="Send it in full, in small letters, or not at all.",
            )
        return text

    def if_revision(self) -> int | None:
        """The revision that ``If-Match`` wants, None for any. What is no revision of ours matches none.

        Raises:
            UsageError: it names more than one.
        """
        text = self.header("If-Match")
        if text in {"", "*"}:
            return None
        if "," in text:
            raise UsageError("If-Match names more than one revision.", next_step="Name the one you have read.")
        found = _REVISION.fullmatch(text)
        return int(found.group(1)) if found else _OTHER_REVISION


def json_object(body: bytes) -> dict[str, Any]:
    """A body as one JSON object.

    Raises:
        UsageError: it is none.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise malformed(str(error).splitlines()[0][:200]) from error
    if not isinstance(value, dict):
        raise malformed("it is no JSON object")
    return value


class Answer(NamedTuple):
    """What is answered; ``kind`` is the type of the body. A ``stream`` is a body that comes in pieces."""

    status: int
    body: bytes = b""
    kind: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()
    stream: Iterable[bytes] | None = None


def json_answer(value: object, status: int = 200, *headers: tuple[str, str]) -> Answer:
    """``value`` as JSON."""
    return Answer(status, encode(value), JSON, headers)


def plain_json_answer(value: object) -> Answer:
    """``value`` as JSON in ASCII: what is large and read by our own client alone is not copied to escape it."""
    return Answer(200, json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii"), JSON)


def is_number(text: str) -> bool:
    """Whether ``text`` is a whole number as we write them."""
    return text.isascii() and text.isdigit() and len(text) < 20


def checked_project(text: str) -> str:
    """A project's name: one line of up to 200 characters.

    Raises:
        InvalidName: it is none.
    """
    if not text or len(text) > _LONGEST_PROJECT or _CONTROL.search(text) or text in {".", ".."}:
        raise InvalidName(
            f"{text[:80]!r} is no project name.",
            next_step=f"A project's name is one line of 1 to {_LONGEST_PROJECT} characters.",
        )
    return text


def decoded_segment(segment: str) -> str:
    """A segment of a path, percent-decoded.

    Raises:
        UsageError: it is not UTF-8.
    """
    try:
        return unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("The path is not UTF-8.", next_step="Percent-encode names as UTF-8.") from error


def read_query(text: str) -> Mapping[str, Sequence[str]]:
    """The members of a query.

    Raises:
        UsageError: it cannot be read.
    """
    if not text:
        return {}
    try:
        return parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_MEMBERS)
    except ValueError as error:
        raise UsageError(
            "The query cannot be read.", next_step="Percent-encode its values as UTF-8."
        ) from error


def etag(number: int) -> tuple[str, str]:
    """The header that names a change or a revision."""
    return ("ETag", f'"{number}"')


def is_known(if_none_match: str, tag: str) -> bool:
    """Whether an ``If-None-Match`` names ``tag`` (RFC 9110, 13.1.2: compared weakly)."""
    if if_none_match == tag:
        return True
    names = (name.strip().removeprefix("W/") for name in if_none_match.split(","))
    return any(name in {tag, "*"} for name in names)


def malformed(why: str) -> UsageError:
    """The error for a body that is not of its form."""
    return UsageError(f"invalid request body: {why}.", next_step="Send a JSON object of the documented form.")


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON")
