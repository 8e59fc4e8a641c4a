"""What no store could keep, refused before anything is decided."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

from git_kas.domain.mutation import (
    LARGEST_CONTENT,
    LONGEST_KEY,
    LONGEST_NOTE,
    AdoptEdit,
    Create,
    CreateTopic,
    Import,
    Mutation,
    Request,
    SetContent,
    Transition,
    Update,
)
from git_kas.domain.names import TopicName
from git_kas.domain.plan import ZERO_TIME
from git_kas.errors import UsageError

_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,30})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_LARGEST_PARTS: Final = (9999, 12, 31, 23, 59, 60)
_DEEPEST: Final = 50


def check_request(request: Request) -> None:
    """Refuse a key, note or name that no store could keep.

    Raises:
        UsageError: one of them is too long or not valid Unicode, or the key is not printable.
    """
    if request.key and (len(request.key) > LONGEST_KEY or not request.key.isprintable()):
        raise UsageError(
            "The idempotency key cannot be used.", next_step=f"Use up to {LONGEST_KEY} printable characters."
        )
    if len(request.note) > LONGEST_NOTE:
        raise UsageError("The note is too long.", next_step=f"Use up to {LONGEST_NOTE} characters.")
    for text in (request.note, request.by.name):
        _check_text(text)


def check_mutation(mutation: Mutation) -> None:
    """Refuse values that no store could keep; what is taken over from elsewhere is kept as it was found.

    Raises:
        UsageError: a content is too large, a time is none, or a value is not one of JSON and Unicode.
        InvalidName: a topic's name is no topic name.
    """
    if isinstance(mutation, Import | AdoptEdit):
        return
    if isinstance(mutation, Create | Update | SetContent | Transition):
        content = mutation.content
        if content is not None and len(content) > LARGEST_CONTENT:
            raise UsageError(
                "The plan's text is too large.", next_step=f"Use up to {LARGEST_CONTENT // 1024**2} MiB."
            )
    if isinstance(mutation, Create | Update) and mutation.topic:
        TopicName(mutation.topic)
    if isinstance(mutation, CreateTopic):
        TopicName(mutation.name)
    if isinstance(mutation, Create | Update | CreateTopic):
        _check_time(mutation)
    for value in mutation:
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, Mapping):
            _check_json(value)


def _check_text(text: str) -> None:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError("A text is not valid Unicode.", next_step="Send it as UTF-8.")


def is_time(text: str) -> bool:
    """Whether ``text`` is a time of RFC 3339."""
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    parts = tuple(int(part) for part in found.groups()[:6])
    small = zip(parts, _LARGEST_PARTS, strict=True)
    return all(part <= largest for part, largest in small) and 0 not in parts[1:3]


def _check_time(mutation: Create | Update | CreateTopic) -> None:
    text = mutation.created_at
    if text is None or (text == "" and not isinstance(mutation, Update)):
        return  # left as it is; now
    if not is_time(text):
        raise UsageError(
            f"{text[:80]!r} is no time.",
            next_step=f"Use RFC 3339, such as 2026-02-28T17:16:33Z; {ZERO_TIME} for none.",
        )


def _check_json(value: Mapping[str, object]) -> None:
    for depth, member in _members(value, 0):
        if depth > _DEEPEST:
            raise UsageError("A value is nested too deeply.", next_step=f"Use up to {_DEEPEST} levels.")
        if isinstance(member, str):
            _check_text(member)
        elif isinstance(member, float) and not math.isfinite(member):
            raise UsageError(f"{member} is no JSON.", next_step="Use finite numbers.")
        elif not isinstance(member, str | int | float | bool | list | tuple | Mapping | None):
            raise UsageError(f"A {type(member).__name__} is no JSON.", next_step="Use values of JSON.")


def _members(value: object, depth: int) -> Iterator[tuple[int, object]]:
    yield depth, value
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield depth, key
            yield from _members(member, depth + 1)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _members(member, depth + 1)
