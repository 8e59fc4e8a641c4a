"""What there is to say about the state beside the plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.lifecycle import UnknownStatus
from git_kas.domain.state_file import EMPTY_STATE, Remark, RemarkKind, StateFile, parse_state_file
from git_kas.errors import StoreCorrupt
from git_kas_json.layout import hash_of, read_state_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from git_kas_json.layout import Layout
    from git_kas_json.ledger import Ledger


def remarks_of(ledger: Ledger, layout: Layout, *, edited_outside: bool) -> Sequence[Remark]:
    """Statuses that nobody knows, entries that are no plans, and state files that say otherwise."""
    remarks = [
        Remark(
            RemarkKind.UNKNOWN_STATUS,
            f"status {str(record.plan.status)!r} is not known, kept as it is",
            record.plan.filename,
        )
        for record in ledger.live_records()
        if isinstance(record.plan.status, UnknownStatus)
    ]
    unread = ledger.passengers.get("unread", {})
    remarks += [
        Remark(RemarkKind.UNREADABLE_NAME, f"not read as a plan: {name!r} is no plan name") for name in unread
    ]
    if edited_outside:
        text = f"{layout.state} was changed outside git-kas; the next change records that"
        remarks.append(Remark(RemarkKind.EDITED_OUTSIDE, text))
    if layout.earlier:
        remarks += _differences(ledger, layout, layout.earlier)
    return remarks


def _differences(ledger: Ledger, layout: Layout, path: str) -> Iterator[Remark]:
    """What the earlier system's file says otherwise since it was taken over."""
    try:
        data = read_state_bytes(path)
        if data is None or hash_of(data) == ledger.sources.get(path):
            return
        now = parse_state_file(data, path)
    except StoreCorrupt as error:
        yield Remark(RemarkKind.DIFFERENT_ELSEWHERE, error.message.rstrip("."))
        return
    then = _taken_over(ledger, layout, path)
    for name, plan in now.plans.items():
        record = ledger.record(name)
        stored = record.plan.status if record is not None and record.live else None
        earlier = then.plans.get(name)
        if plan.status not in {stored, earlier.status if earlier else None}:
            yield Remark(RemarkKind.DIFFERENT_ELSEWHERE, f"{path} says '{plan.status}'", name)


def _taken_over(ledger: Ledger, layout: Layout, path: str) -> StateFile:
    """That file as it was taken over last."""
    source_id = ledger.sources.get(path)
    data = read_state_bytes(layout.content(source_id)) if source_id else None
    return parse_state_file(data, path) if data is not None else EMPTY_STATE
