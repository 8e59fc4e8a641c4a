"""The shapes in which ``plan-state.json`` has been written over time, read into plans and topics.

Source: ORIGIN 2. All shapes are read: flat (filename → entry), wrapped (``topics``, ``plans``), legacy status
words, topics that stand only in a plan. What cannot be understood at all is refused with its place.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, NoReturn

from git_kas.domain.lifecycle import LEGACY_STATUSES, Status, UnknownStatus, read_status
from git_kas.domain.names import PLAN_SUFFIX, PlanName
from git_kas.domain.plan import ZERO_TIME, Plan, Topic
from git_kas.errors import InvalidName, StoreCorrupt

STATE_FILE_NAME: Final = "plan-state.json"
EARLIER_FOLDER: Final = ("docs", "plans")
"""Where the earlier system kept that file, and nowhere else (ORIGIN 2)."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_TEXT_FIELDS: Final = ("status", "description", "branch", "topic", "created_at", "implemented")
_CONFLICT_MARKERS: Final = ("<<<<<<< ", "=======", ">>>>>>> ", "||||||| ")


class Shape(StrEnum):
    """How a state file is laid out."""

    EMPTY = "empty"
    FLAT = "flat"
    WRAPPED = "wrapped"


class RemarkKind(StrEnum):
    """What a reader of stored state has to say beside the plans."""

    LEGACY_STATUS = "legacy_status"
    UNKNOWN_STATUS = "unknown_status"
    AMBIGUOUS_DONE = "ambiguous_done"
    UNREADABLE_NAME = "unreadable_name"
    UNREADABLE_TIME = "unreadable_time"
    LEFT_BEHIND = "left_behind"
    DIFFERENT_ELSEWHERE = "different_elsewhere"
    EDITED_OUTSIDE = "edited_outside"


class Remark(NamedTuple):
    """One such thing: a clause without a full stop, and the plan it concerns, if it is one."""

    kind: RemarkKind
    text: str
    plan: PlanName | None = None


class StateFile(NamedTuple):
    """Everything a state file says.

    ``topics`` are those that were created; others stand only in a plan. ``unread`` holds entries that are no
    plans as they were found, ``extra`` the unknown keys beside ``plans`` and ``topics``.
    """

    shape: Shape
    plans: Mapping[PlanName, Plan]
    topics: Mapping[str, Topic]
    remarks: tuple[Remark, ...] = ()
    unread: Mapping[str, object] = MappingProxyType({})
    extra: Mapping[str, object] = MappingProxyType({})


def passengers_of(state: StateFile) -> dict[str, object]:
    """What stands in a state file and is not understood; it is kept in ours."""
    return {key: dict(value) for key, value in (("unread", state.unread), ("extra", state.extra)) if value}


EMPTY_STATE: Final = StateFile(Shape.EMPTY, MappingProxyType({}), MappingProxyType({}))


def parse_state_file(data: bytes, origin: str) -> StateFile:
    """Read the bytes of a state file; ``origin`` is its path, for messages.

    Raises:
        StoreCorrupt: not JSON, or JSON of another structure; the message names line and column.
    """
    return _Reading(_decode(data, origin), origin).state_file()


def _decode(data: bytes, origin: str) -> str:
    try:
        return data.removeprefix(_BYTE_ORDER_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        before = data.removeprefix(_BYTE_ORDER_MARK)[: error.start].decode("utf-8")
        _refuse(origin, _place_at(before, len(before)), "it is not valid UTF-8")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key stands twice")
    return members


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _finite(word: str) -> float:
    number = float(word)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(f"{word} is too large a number")
    return number


def _place_at(text: str, offset: int) -> tuple[int, int]:
    from git_kas.domain.json_position import position_at  # only a complaint needs it

    return position_at(text, offset)


def _place_of(text: str, path: list[str]) -> tuple[int, int]:
    from git_kas.domain.json_position import position_of

    return position_of(text, path)


def _refuse(origin: str, place: tuple[int, int], problem: str) -> NoReturn:
    line, column = place
    raise StoreCorrupt(
        f"{origin}:{line}:{column}: the plan state is damaged: {problem}.",
        next_step="The file was left untouched; mend that place or restore the file from a copy.",
    )


def remark_on_status(name: PlanName, word: str) -> Remark | None:
    """What there is to say about the status ``word`` that was found stored for a plan."""
    status = read_status(word)
    if word in LEGACY_STATUSES:
        return Remark(RemarkKind.LEGACY_STATUS, f"'{word}' is read as '{status}'", name)
    if isinstance(status, UnknownStatus):
        return Remark(RemarkKind.UNKNOWN_STATUS, f"status {str(status)!r} is not known, kept as it is", name)
    return None


class _Reading:
    """One pass over the text of one state file."""

    def __init__(self, text: str, origin: str) -> None:
        self._text = text
        self._origin = origin
        self._remarks: list[Remark] = []
        self._unread: dict[str, object] = {}

    def state_file(self) -> StateFile:
        root = self._root()
        plans = self._object(root.get("plans"), ["plans"])
        topics = self._object(root.get("topics"), ["topics"])
        flat = not plans and any(key.endswith(PLAN_SUFFIX) for key in root)
        if flat:
            entries, path, extra = root, [], {}
        else:
            entries, path = plans, ["plans"]
            extra = {key: value for key, value in root.items() if key not in {"plans", "topics"}}
        read = self._plans(entries, path, flat=flat)
        shape = Shape.FLAT if flat else Shape.WRAPPED if root else Shape.EMPTY
        return StateFile(shape, read, self._topics(topics), tuple(self._remarks), self._unread, extra)

    def _root(self) -> dict[str, object]:
        try:
            root = json.loads(
                self._text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
            )
        except json.JSONDecodeError as error:
            self._refuse_syntax(error)
        except RecursionError:
            _refuse(self._origin, (1, 1), "it is nested too deeply")
        except ValueError:
            self._refuse_content()
        return self._object(root, [])

    def _refuse_syntax(self, error: json.JSONDecodeError) -> NoReturn:
        for number, line in enumerate(self._text.split("\n"), start=1):
            if line.startswith(_CONFLICT_MARKERS):
                _refuse(self._origin, (number, 1), f"it holds a merge conflict marker, {line[:7]!r}")
        problem = "it is empty" if not self._text.strip() else f"it is not JSON ({error.msg})"
        _refuse(self._origin, (error.lineno, error.colno), problem)

    def _refuse_content(self) -> NoReturn:
        """Name what the parser's grammar allows and JSON or we do not; the parser gives no place for it."""
        from git_kas.domain.json_position import first_flaw

        offset, problem = first_flaw(self._text)
        _refuse(self._origin, _place_at(self._text, offset), problem)

    def _object(self, value: object, path: list[str]) -> dict[str, object]:
        if value is None and path:
            return {}
        if not isinstance(value, dict):
            subject = f"'{path[-1]}'" if path else "the whole file"
            _refuse(self._origin, _place_of(self._text, path), f"{subject} is not an object")
        return value

    def _plans(self, entries: dict[str, object], path: list[str], *, flat: bool) -> dict[PlanName, Plan]:
        plans: dict[PlanName, Plan] = {}
        for key in sorted(entries):
            try:
                name = PlanName(key)
            except InvalidName as error:
                self._unread[key] = entries[key]
                self._remark(RemarkKind.UNREADABLE_NAME, f"not read as a plan: {error.message.rstrip('.')}")
                continue
            plans[name] = self._plan(name, self._object(entries[key], [*path, key]), [*path, key], flat=flat)
        return plans

    def _plan(self, name: PlanName, entry: dict[str, object], path: list[str], *, flat: bool) -> Plan:
        word, description, branch, topic, created_at, implemented = self._words(entry, _TEXT_FIELDS, path)
        status = read_status(word)
        if remark := remark_on_status(name, word):
            self._remarks.append(remark)
        elif flat and status is Status.DONE:
            self._remark(
                RemarkKind.AMBIGUOUS_DONE, "'done' in a flat file may have meant 'to be reviewed'", name
            )
        extra = {key: value for key, value in entry.items() if key not in _TEXT_FIELDS}
        return Plan(name, status, description, branch, topic, created_at or ZERO_TIME, implemented, extra=extra)

    def _remark(self, kind: RemarkKind, text: str, plan: PlanName | None = None) -> None:
        self._remarks.append(Remark(kind, text, plan))

    def _words(self, entry: dict[str, object], fields: Sequence[str], path: list[str]) -> list[str]:
        """The values of text fields, empty where they are missing or null."""
        words = []
        for field in fields:
            value = entry.get(field, "")
            words.append(value if isinstance(value, str) else self._no_text(value, [*path, field]))
        return words

    def _no_text(self, value: object, path: list[str]) -> str:
        if value is not None:
            _refuse(self._origin, _place_of(self._text, path), f"'{path[-1]}' is not a text")
        return ""

    def _topics(self, entries: dict[str, object]) -> dict[str, Topic]:
        topics = {}
        for name, value in entries.items():
            path = ["topics", name]
            (created_at,) = self._words(self._object(value, path), ["created_at"], path)
            topics[name] = Topic(name, created_at or ZERO_TIME)
        return dict(sorted(topics.items()))
