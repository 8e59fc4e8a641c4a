"""A snapshot of all records as of some place in the journal, so that not all of it must be read each time.

It is a cache: whatever is wrong with it, the journal is read from its beginning instead. One line a record, so
that one plan can be found without decoding the others.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from git_kas.domain.codec import decode_record, encode_record
from git_kas_json.disk import replace_file
from git_kas_json.journal import Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from git_kas.domain.ledger import PlanRecord
    from git_kas.domain.names import PlanName
    from git_kas_json.journal import Journal

_FORMAT: Final = 1
_SEPARATOR: Final = b"\t"  # between a name and its record; JSON has it only escaped
_CHECK_LENGTH: Final = 10  # eight digits of CRC-32, a '#' before them and a line end behind


class Snapshot:
    """All records as of the line at ``head``, which is None for an empty journal; ``check`` is that line's.

    ``topics`` maps names to times; ``passengers`` and ``sources`` are those of commits and lines.
    """

    def __init__(self, head: Head | None, header: Mapping[str, Any], records: bytes) -> None:
        self.head = head
        self.check: str = header.get("check", "")
        self.topics: Mapping[str, str] = header.get("topics", {})
        self.passengers: Mapping[str, Any] = header.get("passengers", {})
        self.sources: Mapping[str, str] = header.get("sources", {})
        self._records = records
        self.size = len(records)

    def record(self, name: PlanName) -> PlanRecord | None:
        """What is kept about ``name``."""
        needle = b"\n" + json.dumps(name).encode() + _SEPARATOR
        start = self._records.find(needle)
        if start < 0:
            return None
        stop = self._records.index(b"\n", start + 1)
        return decode_record(json.loads(self._records[start + len(needle) : stop]))

    def records(self) -> Iterator[PlanRecord]:
        """What is kept about all names, in the order of the names."""
        lines = self._records.split(b"\n")[1:-1]
        documents = b",".join(line.partition(_SEPARATOR)[2] for line in lines)
        return map(decode_record, json.loads(b"[" + documents + b"]"))


EMPTY_SNAPSHOT: Final = Snapshot(None, {}, b"")


def read_snapshot(path: str, journal: Journal) -> Snapshot:
    """The snapshot at ``path`` if it belongs to ``journal``, else an empty one."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return EMPTY_SNAPSHOT
    body, check = data[:-_CHECK_LENGTH], data[-_CHECK_LENGTH:]
    if check != _check(body):
        return EMPTY_SNAPSHOT
    header_end = body.find(b"\n")
    try:
        header = json.loads(body[:header_end])
        if header["format"] != _FORMAT:
            return EMPTY_SNAPSHOT
        head = Head(**header["head"])
        if not header["check"] or journal.check_at(head.start, head.end) != header["check"]:
            return EMPTY_SNAPSHOT
    except (ValueError, KeyError, TypeError):
        return EMPTY_SNAPSHOT
    return Snapshot(head, header, body[header_end:])


def write_snapshot(
    path: str, head: Head, check: str, header: Mapping[str, Any], records: Iterable[PlanRecord]
) -> None:
    """Write the snapshot as of the line at ``head``; ``check`` is the one of that line."""
    first = {"format": _FORMAT, "head": head._asdict(), "check": check, **header}
    lines = [json.dumps(first)]
    lines += [
        f"{json.dumps(record.plan.filename)}\t{json.dumps(encode_record(record), separators=(',', ':'))}"
        for record in sorted(records, key=lambda record: record.plan.filename)
    ]
    body = "\n".join(lines).encode() + b"\n"
    replace_file(path, body + _check(body), durable=False)


def _check(body: bytes) -> bytes:
    return f"#{crc32(body):08x}\n".encode()
