"""The journal: one line of JSON for each commit, never changed, and the only authority on what was committed.

A line is ``{"check": …, …}``, where ``check`` covers the rest of it. ``before`` and ``after`` are the SHA-256
of the state file before and after the commit, empty where there was no file.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

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
from git_kas_json.disk import reading, sync_folder, writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.names import PlanName

FORMAT: Final = 1
_CHECK_LENGTH: Final = 16
_OPENING: Final = b'{"check":"'
_CHANGE: Final = re.compile(rb'\{"check":"[0-9a-f]{16}","format":\d+,"change":(\d+),')
_BODY_AT: Final = len(_OPENING) + _CHECK_LENGTH + len(b'",')


class Line(NamedTuple):
    """One line of the journal.

    ``follows`` says that it was written together with the line before it, ``sources`` which bytes of other
    state files were taken over (None for none).
    """

    commit: Commit
    before: str
    after: str
    follows: bool = False
    sources: Mapping[str, str] | None = None


class Head(NamedTuple):
    """What must be known of the last lines to go on from them.

    ``befores`` are the hashes of the state file before each line of those written together, ``after`` the one
    after all of them; ``start`` and ``end`` are the place of the last line.
    """

    change: int
    time: str
    befores: tuple[str, ...]
    after: str
    start: int
    end: int


class Tail(NamedTuple):
    """The lines of a journal from some offset on, and how long each of them is.

    ``torn`` is what lies behind them: a line whose writing was cut short, or that is damaged.
    """

    lines: Sequence[Line]
    lengths: Sequence[int]
    torn: bytes


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
    if line.follows:
        document["follows"] = True
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
            document.get("follows", False),
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
        while (stop := data.find(b"\n", end)) >= 0:
            try:
                lines.append(decode_line(data[end:stop]))
            except ValueError as error:
                if data.find(b"\n", stop + 1) >= 0:
                    raise self._damaged(offset + end, str(error)) from error
                break
            lengths.append(stop + 1 - end)
            end = stop + 1
        return Tail(lines, lengths, data[end:])

    def check_at(self, start: int, end: int) -> str:
        """The check of the line from ``start`` to ``end``; empty if no line is there."""
        with reading(self.path), open(self.path, "rb") as file:
            file.seek(start)
            opening = file.read(_BODY_AT)
            file.seek(end - 1)
            whole = opening.startswith(_OPENING) and file.read(1) == b"\n"
        return opening[len(_OPENING) : _BODY_AT - 2].decode("ascii", "replace") if whole else ""

    def find_key(self, key: str) -> KeyedOutcome | None:
        """What was done under the idempotency key ``key``.

        Raises:
            StoreCorrupt: the line that holds it is damaged.
        """
        needle = json.dumps(key, ensure_ascii=True).encode() + b":"
        for line in _lines_with(self._bytes(), needle):
            try:
                keyed = decode_line(line).commit.keys.get(key)
            except ValueError:
                continue  # a torn last line, or a damaged one that reading the tail reports
            if keyed is not None:
                return keyed
        return None

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
            descriptor = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

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
                    sync_folder(folder)
                    sync_folder(os.path.dirname(folder))
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


def _lines_with(data: bytes, needle: bytes) -> Iterator[bytes]:
    position = data.find(needle)
    while position >= 0:
        start = data.rfind(b"\n", 0, position) + 1
        stop = data.find(b"\n", position)
        if stop < 0:
            return
        yield data[start:stop]
        position = data.find(needle, stop)
