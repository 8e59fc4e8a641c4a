"""Plans and topics as the wire protocol v1 has them in JSON (ORIGIN 1.1 to 1.3).

Deliberate differences from the earlier server (DESIGN 5): an entry also says its ``revision``, members that are
not known are kept, and without a status a plan is ready.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from git_kas.domain.lifecycle import Status, read_status
from git_kas.domain.names import PlanName
from git_kas.domain.plan import ZERO_TIME
from git_kas.domain.state_text import dump_escaped
from git_kas.errors import InvalidStatus, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from git_kas.domain.plan import Plan, Topic

_TEXTS: Final = ("filename", "status", "description", "branch", "topic", "implemented", "content")
_TIME: Final = "created_at"
_ANSWERED: Final = ("revision", "round")
"""Members that only answers have; a request may repeat them, which changes nothing."""


class PlanEntry(NamedTuple):
    """What a request says of a plan; ``content`` is None where it says nothing of the text."""

    filename: str
    status: Status
    description: str
    branch: str
    topic: str
    created_at: str
    implemented: str
    extra: Mapping[str, object]
    content: bytes | None


def encode(value: object) -> bytes:
    """A body: JSON in UTF-8 as the earlier server wrote it, ``<``, ``>`` and ``&`` escaped, with a newline."""
    return dump_escaped(value) + b"\n"


def encode_list(items: Iterable[bytes]) -> bytes:
    """The body that :func:`encode` makes of a list, of what :func:`encode` makes of its items."""
    return b"[" + b",".join(item[:-1] for item in items) + b"]\n"


def plan_entry(plan: Plan, content: bytes | None = None) -> dict[str, object]:
    """A plan as it is answered; members that are empty are left out, but for name, status and time."""
    entry: dict[str, object] = {
        "filename": plan.filename,
        "status": str(plan.status),
        "description": plan.description,
        "branch": plan.branch,
        "topic": plan.topic,
        _TIME: plan.created_at or ZERO_TIME,
        "implemented": plan.implemented,
        "content": content.decode("utf-8", "replace") if content else "",
        "revision": plan.revision,
        "round": plan.round,
    }
    kept = {name: value for name, value in entry.items() if value != "" or name == "status"}
    return kept | {name: value for name, value in plan.extra.items() if name not in entry}


def topic_entry(topic: Topic) -> dict[str, object]:
    """A topic as it is answered."""
    return {"name": topic.name, _TIME: topic.created_at}


def read_plan_entry(body: bytes) -> PlanEntry:
    """What a POST or PUT of a plan says.

    Raises:
        UsageError: it is no such entry.
        InvalidStatus: there is no such status.
    """
    known, extra = _members(body, (*_TEXTS, _TIME, *_ANSWERED))
    texts = {name: _text(known, name) for name in _TEXTS}
    return PlanEntry(
        texts["filename"],
        _status(texts["status"]),
        texts["description"],
        texts["branch"],
        texts["topic"],
        _time(known),
        texts["implemented"],
        extra,
        texts["content"].encode("utf-8", "surrogatepass") if known.get("content") is not None else None,
    )


def read_topic_entry(body: bytes) -> Topic:
    """What a POST of a topic says.

    Raises:
        UsageError: it is no such entry.
    """
    from git_kas.domain.plan import Topic

    known, _ = _members(body, ("name", _TIME))
    return Topic(_text(known, "name"), _time(known))


def read_new_filename(body: bytes) -> PlanName:
    """What a POST to ``rename`` says.

    Raises:
        UsageError: it names nothing; InvalidName: no plan can have that name.
    """
    known, _ = _members(body, ("new_filename",))
    name = _text(known, "new_filename")
    if not name:
        raise UsageError("new_filename is required", next_step='Send {"new_filename": "…"}.')
    return PlanName(name)


def _members(body: bytes, names: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, object]]:
    """The members of the first JSON value that are called ``names``, in any case, and the others."""
    try:
        value, _ = json.JSONDecoder(parse_constant=_no_constant).raw_decode(
            body.decode("utf-8").lstrip(" \t\r\n")
        )
    except (ValueError, RecursionError) as error:
        raise _malformed(str(error).splitlines()[0][:200]) from error
    if not isinstance(value, dict):
        raise _malformed("it is no JSON object")
    known: dict[str, Any] = {}
    extra: dict[str, object] = {}
    for key, member in value.items():
        if key.lower() in names:
            known[key.lower()] = member
        else:
            extra[key] = member
    return known, extra


def _text(known: Mapping[str, object], name: str) -> str:
    value = known.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _malformed(f"'{name}' is not a text")
    return value


def _time(known: Mapping[str, object]) -> str:
    """The time as it was sent; missing or null is none."""
    if known.get(_TIME) == "":
        raise _malformed(f"'{_TIME}' is empty")
    return _text(known, _TIME) or ZERO_TIME


def _status(word: str) -> Status:
    found = read_status(word or Status.READY)
    if isinstance(found, Status):
        return found
    raise InvalidStatus(f"'{word[:80]}' is no status.", next_step=f"Use one of {', '.join(Status)}.")


def _malformed(why: str) -> UsageError:
    return UsageError(f"invalid request body: {why}.", next_step="Send a JSON object of the documented form.")


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON")
