"""The canonical text of ``plan-state.json``, byte for byte as the earlier writer laid it out (ORIGIN 2.1).

One plan can be replaced in such a text without writing the others anew; the result is the same.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from git_kas.domain.plan import Plan, Topic

_OPTIONAL_FIELDS: Final = ("description", "branch", "topic")
_ESCAPES: Final = {
    "&": "\\u0026",
    "<": "\\u003c",
    ">": "\\u003e",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_TO_ESCAPE: Final = re.compile("[&<>\u2028\u2029\ud800-\udfff]")
_PLANS: Final = b'\n  "plans": {'
_MEMBER: Final = re.compile(rb'\n    ("(?:[^"\\]|\\.)*"): ')
_END_OF_ENTRY: Final = b"\n    }"
_END_OF_PLANS: Final = b"\n  }"


def state_text(
    plans: Iterable[Plan],
    topics: Iterable[Topic],
    unread: Mapping[str, object],
    extra: Mapping[str, object],
) -> bytes:
    """The whole file. ``unread`` and ``extra`` are what a reader found and did not know."""
    entries: dict[str, object] = {plan.filename: _entry(plan) for plan in plans}
    entries |= {name: value for name, value in unread.items() if name not in entries}
    document: dict[str, object] = {}
    created = {topic.name: {"created_at": topic.created_at} for topic in topics}
    if created:
        document["topics"] = {name: created[name] for name in sorted(created)}
    document["plans"] = {name: entries[name] for name in sorted(entries)}
    document |= {key: extra[key] for key in sorted(extra)}
    return _dump(document) + b"\n"


def with_plan(text: bytes, plan: Plan) -> bytes | None:
    """The canonical ``text`` with ``plan`` in its place; None where that cannot be done piecemeal."""
    start = text.find(_PLANS)
    if start < 0 or text.startswith(b"}", start + len(_PLANS)):
        return None
    name = _dump(plan.filename)
    block = b"\n    " + name + b": " + _dump(_entry(plan)).replace(b"\n", b"\n    ")
    old = _block_of(text, name, start)
    if old is not None:
        return text[: old[0]] + block + text[old[1] :]
    for member in _MEMBER.finditer(text, start, text.index(_END_OF_PLANS, start) + 1):
        if json.loads(member.group(1)) > plan.filename:
            return text[: member.start()] + block + b"," + text[member.start() :]
    end = text.index(_END_OF_PLANS, start)
    return text[:end] + b"," + block + text[end:]


def without_plan(text: bytes, filename: str) -> bytes | None:
    """The canonical ``text`` without that plan; None where that cannot be done piecemeal."""
    start = text.find(_PLANS)
    found = _block_of(text, _dump(filename), start) if start >= 0 else None
    if found is None:
        return None
    before, after = text[: found[0]], text[found[1] :]
    if after.startswith(b","):
        return before + after[1:]
    return before[:-1] + after if before.endswith(b",") else None


def _block_of(text: bytes, name: bytes, start: int) -> tuple[int, int] | None:
    begin = text.find(b"\n    " + name + b": {", start)
    if begin < 0 or begin > text.index(_END_OF_PLANS, start):
        return None
    return begin, text.index(_END_OF_ENTRY, begin) + len(_END_OF_ENTRY)


def _entry(plan: Plan) -> dict[str, Any]:
    entry: dict[str, Any] = {"status": str(plan.status)}
    entry |= {field: value for field in _OPTIONAL_FIELDS if (value := getattr(plan, field))}
    entry["created_at"] = plan.created_at
    if plan.implemented:
        entry["implemented"] = plan.implemented
    return entry | dict(plan.extra)


def dump_escaped(value: object, *, indent: int | None = None) -> bytes:
    """JSON with the escapes of the earlier system's encoder (ORIGIN 1.1)."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False, allow_nan=False)
    return _TO_ESCAPE.sub(_escaped, text).encode("utf-8")


def _dump(value: object) -> bytes:
    return dump_escaped(value, indent=2)


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    return _ESCAPES.get(character) or f"\\u{ord(character):04x}"
