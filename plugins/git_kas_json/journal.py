"""The journal: one line of JSON for each commit, never changed, and the only authority on what was committed.

A line is ``{"check": …, …}``, where ``check`` covers the rest of it. Lines that are written together, in one
step, all but the last say so; they count when all of them are there. ``before`` and ``after`` are the SHA-256
of the state file before and after the step, empty where there was no file.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from hashlib import sha256
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from git_kas.disk import sync
from git_kas.domain.codec import (
    decode_entry,
    decode_keyed,
    decode_record,
    decoding,
    encode_entry,
    encode_keyed,
    encode_record,
)
from git_kas.domain.ledger import Commit, KeyedOutcome, Outcome, PlanRecord
from git_kas.domain.plan import Topic
from git_kas.errors import SchemaTooNew, StoreCorrupt
from git_kas_json.disk import reading, writing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from git_kas.domain.names import PlanName

FORMAT: Final = 1
_CHECK_LENGTH: Final = 16
_OPENING: Final = b'{"check":"'
_CHANGE: Final = re.compile(rb'\{"check":"[0-9a-f]{16}","format":\d+,"change":(\d+),')
_BODY_AT: Final = len(_OPENING) + _CHECK_LENGTH + len(b'",')


class Line(NamedTuple):
    """One line of the journal.

    ``more`` says that the next line belongs to the same step; then ``after`` is empty. ``sources`` says which
    bytes of other state files were taken over (None for none).
    """

    commit: Commit
    before: str
    after: str
    more: bool = False
    sources: Mapping[str, str] | None = None


class Head(NamedTuple):
    """What must be known of the last step to go on from it: the hashes of the state file before and after it.

    The step begins at the offset ``step``; ``start`` and ``end`` are the place of its last line.
    """

    change: int
    time: str
    before: str
    after: str
    step: int
    start: int
    end: int


class Tail(NamedTuple):
    """The lines of whole steps from some offset on, and how long each of them is.

    ``torn`` says that something lies behind them: a step whose writing was cut short, or whose last line is
    damaged (``damaged``).
    """

    lines: Sequence[Line]
    lengths: Sequence[int]
    torn: bool
    damaged: bool


def encode_line(line: Line) -> bytes:
    """A line with its check and the line end."""
    commit = line.commit
    subject = commit.outcome.plan.filename if commit.outcome.plan else None
    document: dict[str, Any] = {
        "format": FORMAT,
        "change": commit.change,
        "time": commit.time,
        "before": line.before,
        "after": line.after,
        "subject": subject,
        "entries": [encode_entry(entry) for entry in commit.entries],
        "records": [encode_record(record) for record in commit.records.values()],
    }
    if commit.topics:
        document["topics"] = {topic.name: topic.created_at for topic in commit.topics.values()}
    if commit.keys:
        document["keys"] = {
            key: keyed.fingerprint if keyed.outcome is commit.outcome else encode_keyed(keyed)
            for key, keyed in commit.keys.items()
        }
    if commit.contents:
        document["contents"] = list(commit.contents)
    if line.more:
        document["more"] = True
    if commit.passengers is not None:
        document["passengers"] = commit.passengers
    if line.sources is not None:
        document["sources"] = line.sources
    body = json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode()[1:]
    return _OPENING + _check(body) + b'",' + body + b"\n"


def decode_line(raw: bytes) -> Line:
    """See :func:`encode_line`; ``raw`` without the line end. Of texts it holds only the names.

    Raises:
        ValueError: it is not what :func:`encode_line` made.
        SchemaTooNew: a newer git-kas made it.
    """
    body = raw[_BODY_AT:]
    if not raw.startswith(_OPENING) or raw[len(_OPENING) : _BODY_AT - 2] != _check(body):
        raise ValueError("the check does not fit")
    with decoding("the line"):
        document = json.loads(b"{" + body)
        if document["format"] > FORMAT:
            raise SchemaTooNew(
                "The plan store's journal was written by a newer git-kas.", next_step="Update git-kas here."
            )
        records = {record.plan.filename: record for record in map(decode_record, document["records"])}
        entries = tuple(map(decode_entry, document["entries"]))
        outcome = _outcome(document, records, entries)
        commit = Commit(
            document["change"],
            document["time"],
            entries,
            records,
            {name: Topic(name, created) for name, created in document.get("topics", {}).items()},
            {key: _keyed(value, outcome) for key, value in document.get("keys", {}).items()},
            dict.fromkeys(document.get("contents", ()), b""),
            outcome,
            document.get("passengers"),
        )
        return Line(
            commit,
            document["before"],
            document["after"],
            document.get("more", False),
            document.get("sources"),
        )


def _outcome(document: dict[str, Any], records: Mapping[PlanName, PlanRecord], entries: Any) -> Outcome:  # noqa: ANN401 - decoded entries
    subject = records[document["subject"]] if document["subject"] is not None else None
    plan, run = (subject.plan, subject.run) if subject else (None, None)
    return Outcome(document["change"], plan, entries, run)


def _keyed(value: Any, outcome: Outcome) -> KeyedOutcome:  # noqa: ANN401 - a fingerprint or a document
    return KeyedOutcome(value, outcome) if isinstance(value, str) else decode_keyed(value)


def _check(body: bytes) -> bytes:
    return sha256(body).hexdigest()[:_CHECK_LENGTH].encode()


class Journal:
    """The journal file at ``path``."""

    def __init__(self, path: str) -> None:
        self.path = path

    def exists(self) -> bool:
        """Whether anything was ever committed."""
        return os.path.lexists(self.path)

    def tail(self, offset: int) -> Tail:
        """The lines from ``offset`` on.

        Raises:
            StoreCorrupt: a line with others behind it is damaged.
        """
        with reading(self.path), open(self.path, "rb") as file:
            file.seek(offset)
            data = file.read()
        lines: list[Line] = []
        lengths: list[int] = []
        end = 0
        damaged = False
        while (stop := data.find(b"\n", end)) >= 0:
            try:
                lines.append(decode_line(data[end:stop]))
            except ValueError as error:
                if data.find(b"\n", stop + 1) >= 0:
                    raise self._damaged(offset + end, str(error)) from error
                damaged = True
                break
            lengths.append(stop + 1 - end)
            end = stop + 1
        whole = len(lines)
        while whole and lines[whole - 1].more:
            whole -= 1
        return Tail(lines[:whole], lengths[:whole], sum(lengths[:whole]) < len(data), damaged)

    def check_at(self, start: int, end: int) -> str:
        """The check of the line from ``start`` to ``end``; empty if no line is there."""
        with reading(self.path), open(self.path, "rb") as file:
            file.seek(start)
            opening = file.read(_BODY_AT)
            file.seek(end - 1)
            whole = opening.startswith(_OPENING) and file.read(1) == b"\n"
        return opening[len(_OPENING) : _BODY_AT - 2].decode("ascii", "replace") if whole else ""

    def find_keys(self, keys: Iterable[str], end: int) -> dict[str, KeyedOutcome]:
        """What was done under those of the idempotency keys ``keys`` that were used before the offset ``end``.

        Raises:
            StoreCorrupt: a line that names one of them is damaged.
        """
        data = self._bytes()[:end]
        needles = {json.dumps(key, ensure_ascii=True).encode() + b":": key for key in keys}
        found: dict[str, KeyedOutcome] = {}
        for needle, position in _places(data, needles.keys()):
            start = data.rfind(b"\n", 0, position) + 1
            try:
                line = decode_line(data[start : data.index(b"\n", position)])
            except ValueError as error:
                raise self._damaged(start, str(error)) from error
            key = needles[needle]
            if key in line.commit.keys:
                found.setdefault(key, line.commit.keys[key])
        return found

    def commits(self, since: int, end: int, identity: str = "") -> list[Commit]:
        """The commits with numbers above ``since`` before the offset ``end``; of a plan, if it is named.

        Raises:
            StoreCorrupt: one of their lines is damaged.
        """
        needle = b'"identity":' + json.dumps(identity).encode()
        found: list[Commit] = []
        start = 0
        for raw in self._bytes()[:end].split(b"\n")[:-1]:
            number = _CHANGE.match(raw)
            is_new = number is None or int(number.group(1)) > since
            if is_new and (not identity or needle in raw):
                try:
                    found.append(decode_line(raw).commit)
                except ValueError as error:
                    raise self._damaged(start, str(error)) from error
            start += len(raw) + 1
        return found

    def _bytes(self) -> bytes:
        with reading(self.path), open(self.path, "rb") as file:
            return file.read()

    def sync(self) -> None:
        """Make durable what another process has appended."""
        with reading(self.path):
            sync(self.path)

    def append(self, data: bytes, end: int) -> None:
        """Put ``data`` behind the last whole line, which ends at ``end``; on return it is durable.

        Raises:
            StoreFull, ReadOnly: it cannot be written; the journal is as it was.
        """
        with writing(self.path):
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                if not end:  # nothing was committed yet; a process may have died before its names were durable
                    folder = os.path.dirname(self.path)
                    sync(folder)
                    sync(os.path.dirname(folder))
                self._write(descriptor, data, end)
            finally:
                os.close(descriptor)

    @staticmethod
    def _write(descriptor: int, data: bytes, end: int) -> None:
        if os.fstat(descriptor).st_size != end:
            os.ftruncate(descriptor, end)  # a line whose writing was cut short
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(descriptor, data[written:], end + written)
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):  # otherwise the next writer takes the torn line away
                os.ftruncate(descriptor, end)
                os.fsync(descriptor)
            raise

    def _damaged(self, offset: int, problem: str) -> StoreCorrupt:
        with open(self.path, "rb") as file:
            number = file.read(offset).count(b"\n") + 1
        return StoreCorrupt(
            f"{self.path}:{number}: the plan store's journal is damaged: {problem}.",
            next_step="It was left untouched; restore the file from a copy.",
        )


def _places(data: bytes, needles: Collection[bytes]) -> Iterator[tuple[bytes, int]]:
    """Where each of ``needles`` stands in ``data``, found in one pass: they begin alike where they are many."""
    if not needles:
        return
    first, last = min(needles), max(needles)
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    beginning = first[:alike]
    lengths = sorted({len(needle) for needle in needles})
    position = data.find(beginning)
    while position >= 0:
        for length in lengths:
            if (candidate := data[position : position + length]) in needles:
                yield candidate, position
        position = data.find(beginning, position + 1)
