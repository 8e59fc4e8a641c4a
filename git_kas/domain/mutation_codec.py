"""Mutations, and what is said to them, as JSON documents and back: the bodies of a server's native routes.

Values of a mutation that are its defaults are left out. What comes back has the same
:func:`~git_kas.domain.mutation.fingerprint`, so that an idempotency key means the same on both sides. Nothing
but what encoding gives is accepted; :class:`~git_kas.domain.mutation.AdoptEdit` is made by stores and not sent.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, cast

from git_kas.domain.checks import check_mutation, check_request
from git_kas.domain.codec import (
    Document,
    decode_outcome,
    decode_plan,
    decode_project,
    decoding,
    encode_outcome,
    encode_plan,
    encode_project,
)
from git_kas.domain.lifecycle import Actor, Event, Status, UnknownStatus
from git_kas.domain.mutation import (
    Author,
    ClaimRun,
    Create,
    CreateTopic,
    Import,
    Mutation,
    PutRun,
    Remove,
    Rename,
    Request,
    Restore,
    SetContent,
    SetStatus,
    Transition,
    Update,
)
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Plan
from git_kas.domain.project import Project
from git_kas.errors import Conflict, InvalidStatus, KasError, UnknownEvent, UsageError, error_types

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_kas.domain.ledger import Outcome
    from git_kas.domain.lifecycle import StatusWord

_LONGEST_QUOTE: Final = 100

_SENT: Final = (
    Create,
    Update,
    Transition,
    SetStatus,
    Rename,
    Remove,
    Restore,
    SetContent,
    CreateTopic,
    PutRun,
    ClaimRun,
    Import,
)


def _kind_of(type_: type) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type_.__name__).lower()


KINDS: Final[Mapping[str, type[Mutation]]] = {_kind_of(type_): type_ for type_ in _SENT}
"""The mutations that are sent, by the word they are sent under."""


def encode_mutation(mutation: Mutation) -> Document:
    """A mutation.

    Raises:
        UsageError, InvalidName: no store could keep what it holds, or it is one that is never sent.
    """
    kind = _kind_of(type(mutation))
    if kind not in KINDS:
        raise UsageError(
            f"A mutation of the kind '{kind}' is not sent.", next_step="Apply it where the store is."
        )
    check_mutation(mutation)
    document: Document = {"kind": kind}
    defaults = mutation._field_defaults
    for name, value in mutation._asdict().items():
        if name not in defaults or not _is_default(value, defaults[name]):
            document[name] = _encoded(value)
    return document


def decode_mutation(document: object) -> Mutation:
    """See :func:`encode_mutation`.

    Raises:
        UsageError: it is none. InvalidName, InvalidStatus, UnknownEvent: a word in it is no such thing.
    """
    values = _object(document, "a mutation")
    kind = values.pop("kind", None)
    type_ = KINDS.get(kind) if isinstance(kind, str) else None
    if type_ is None:
        _refuse(f"{_short(kind)} is no kind of mutation")
    known: Any = type_
    if unknown := sorted(set(values) - set(known._fields)):
        _refuse(f"'{kind}' has no member {_short(unknown[0])}")
    if missing := [name for name in known._fields if name not in values and name not in known._field_defaults]:
        _refuse(f"'{kind}' lacks the member '{missing[0]}'")
    mutation: Mutation = known(**{name: _decoded(known, name, value) for name, value in values.items()})
    return mutation


class Asked(NamedTuple):
    """A mutation, and what goes with it."""

    mutation: Mutation
    request: Request


def encode_asked(mutation: Mutation, request: Request) -> Document:
    """A member of ``commits``.

    Raises:
        UsageError, InvalidName: no store could keep what it holds, or it is one that is never sent.
    """
    check_request(request)
    return {
        "mutation": encode_mutation(mutation),
        "actor": str(request.by.actor),
        "by": request.by.name,
        "key": request.key,
        "note": request.note,
    }


def decode_asked(document: object) -> Asked:
    """See :func:`encode_asked`; all but the mutation may be missing, and then a nameless user asks.

    Raises:
        UsageError: it is none, or as :func:`decode_mutation`.
    """
    values = _object(document, "a commit")
    mutation = decode_mutation(values.pop("mutation", None))
    words = {name: _text(name, values.pop(name, default)) for name, default in _REQUEST.items()}
    if values:
        _refuse(f"a commit has no member {_short(min(values))}")
    if words["actor"] not in set(Actor):
        _refuse(f"{_short(words['actor'])} is no actor")
    return Asked(mutation, Request(Author(Actor(words["actor"]), words["by"]), words["key"], words["note"]))


_REQUEST: Final = {"actor": str(Actor.USER), "by": "", "key": "", "note": ""}


# -- answers ---------------------------------------------------------------------------------------------------


def encode_answer(answer: Outcome | KasError) -> Document:
    """A member of ``answers``: what came of a commit, or why it was refused."""
    if isinstance(answer, KasError):
        return {"error": encode_error(answer)}
    document = {"outcome": encode_outcome(answer)}
    if answer.replayed:
        document["outcome"]["replayed"] = True
    return document


def decode_answer(document: Document) -> Outcome | KasError:
    """See :func:`encode_answer`.

    Raises:
        ValueError: it is none.
    """
    with decoding("an answer"):
        if "error" in document:
            return decode_error(document["error"])
        replayed = document["outcome"].get("replayed", False) is True
        return decode_outcome(document["outcome"])._replace(replayed=replayed)


def encode_error(error: KasError) -> Document:
    """A refusal; that of a conflict holds the plan as it is."""
    document: Document = {"code": error.code, "message": error.message, "next": error.next_step}
    if isinstance(error, Conflict) and isinstance(error.current, Plan):
        document["current"] = encode_plan(error.current)
    return document


def decode_error(document: Document) -> KasError:
    """See :func:`encode_error`; one whose code is not known here is a plain KasError.

    Raises:
        ValueError: it is none.
    """
    with decoding("an error"):
        code, message, next_step = document["code"], document["message"], document["next"]
        if not all(isinstance(word, str) for word in (code, message, next_step)):
            raise ValueError("its members are no texts")
        if code == Conflict.code:
            current = document.get("current")
            plan = decode_plan(current) if current is not None else None
            return Conflict(message, next_step=next_step, current=plan)
        found = next((type_ for type_ in error_types() if type_.code == code), KasError)
        return found(message, next_step=next_step)


# -- values ----------------------------------------------------------------------------------------------------


def _is_default(value: object, default: object) -> bool:
    """Whether leaving it out changes nothing, the type of a number included."""
    same_kind = type(value) is type(default) or isinstance(value, Mapping | str)
    return value is default or (same_kind and value == default)


def _encoded(value: object) -> object:
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, Project):
        return encode_project(value)
    return _plain(value)


def _plain(value: object) -> object:
    """A value of JSON, in types that the standard library writes."""
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, list | tuple) else value


def _decoded(type_: Any, name: str, value: object) -> object:  # noqa: ANN401 - a class of mutations
    defaults = type_._field_defaults
    if value is None and defaults.get(name, ...) is None:
        return None
    read = _create_status if (type_, name) == (Create, "status") else _READERS[name]
    return read(name, value)


def _text(name: str, value: object) -> str:
    return value if isinstance(value, str) else _refuse(f"'{name}' is no text")


def _plan_name(name: str, value: object) -> PlanName:
    return PlanName(_text(name, value))


def _create_status(name: str, value: object) -> StatusWord:
    """Any word: what comes from elsewhere is kept as it was found."""
    word = _text(name, value)
    return Status(word) if word in set(Status) else UnknownStatus(word)


def _status(name: str, value: object) -> Status:
    word = _text(name, value)
    if word not in set(Status):
        raise InvalidStatus(f"{_short(word)} is no plan status.", next_step=f"Use one of: {', '.join(Status)}.")
    return Status(word)


def _events(name: str, value: object) -> tuple[Event, ...]:
    if not isinstance(value, list):
        _refuse(f"'{name}' is no list")
    words = [_text(name, word) for word in value]
    if unknown := [word for word in words if word not in set(Event)]:
        known = ", ".join(sorted(Event))
        raise UnknownEvent(f"{_short(unknown[0])} is no event.", next_step=f"Use one of: {known}.")
    return tuple(map(Event, words))


def _bytes(name: str, value: object) -> bytes:
    try:
        return b64decode(_text(name, value), validate=True)
    except ValueError:  # binascii.Error is one
        return _refuse(f"'{name}' is no Base64")


def _mapping(name: str, value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else _refuse(f"'{name}' is no object")


def _whole_number(name: str, value: object) -> int:
    return (
        value if isinstance(value, int) and not isinstance(value, bool) else _refuse(f"'{name}' is no number")
    )


def _any_number(name: str, value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return cast("float", value) if is_number else _refuse(f"'{name}' is no number")


def _flag(name: str, value: object) -> bool:
    return value if isinstance(value, bool) else _refuse(f"'{name}' is neither true nor false")


def _project(name: str, value: object) -> Project:
    try:
        with decoding(f"'{name}'"):
            return decode_project(dict(_mapping(name, value)))
    except (ValueError, RecursionError) as error:
        return _refuse(_short(str(error)))


_READERS: Final[Mapping[str, Callable[[str, object], object]]] = {
    "filename": _plan_name,
    "new_filename": _plan_name,
    "status": _status,
    "events": _events,
    "content": _bytes,
    "source_bytes": _bytes,
    "extra": _mapping,
    "document": _mapping,
    "if_revision": _whole_number,
    "fence": _whole_number,
    "ttl": _any_number,
    "update": _flag,
    "allow_collision": _flag,
    "project": _project,
    **dict.fromkeys(
        (
            "description",
            "branch",
            "topic",
            "created_at",
            "implemented",
            "name",
            "owner",
            "source",
            "source_id",
        ),
        _text,
    ),
}
"""What reads the member of a name; it means the same in every mutation, but for the status of a new plan."""


def _object(document: object, what: str) -> Document:
    return dict(document) if isinstance(document, dict) else _refuse(f"{what} is a JSON object")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


def _refuse(why: str) -> NoReturn:
    raise UsageError(f"invalid request body: {why}.", next_step="Send what this version of git-kas documents.")
