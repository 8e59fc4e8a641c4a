"""What cleanup, undo and the trash show: as data, and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.cli.style import Style, printable, render_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.janitor import Reason
    from git_kas.usecases.cleanup import Cleanup, CleanupRow, RowKind
    from git_kas.usecases.trash import TrashEntry
    from git_kas.usecases.undo import Undoable, Undone

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_MOST_LISTED = 5


def cleanup_data(found: Cleanup) -> dict[str, Any]:
    """See ``docs/reference/output.schema.json``."""
    rows = [
        {
            "kind": str(row.kind),
            "name": row.name,
            "plan": row.plan,
            "action": "remove" if row.goes else "keep",
            "done": row.done,
            "reasons": [
                {"code": str(reason.code), "text": reason.text, "flag": reason.flag or None}
                for reason in row.reasons
            ],
            "evidence": list(row.evidence),
            "size": row.size,
        }
        for row in found.rows
    ]
    return {"operation": found.operation, "executed": found.executed, "rows": rows}


def cleanup_text(found: Cleanup, style: Style) -> str:
    """The rows that go, then those that stay."""
    if not found.rows:
        return "Nothing to clean up.\n"
    going = [row for row in found.rows if row.goes]
    staying = [row for row in found.rows if not row.goes]
    cells = [
        *(("removed" if row.done else "remove", *_cells(row), "; ".join(row.evidence)) for row in going),
        *(("keep", *_cells(row), "; ".join(map(_reason, row.reasons))) for row in staying),
    ]
    text = render_table(("action", "kind", "name", "size", "why"), [_worded(row) for row in cells], style)
    if found.operation:
        return f"{text}\nOperation {found.operation}. 'git kas undo' takes it back.\n"
    if going and not found.executed:
        return (
            f"{text}\nNothing was changed. --execute removes {_counted(going)}; 'git kas undo' takes it back.\n"
        )
    return f"{text}\nNothing was changed.\n"


def undone_data(undone: Undone) -> dict[str, Any]:
    """See ``docs/reference/output.schema.json``."""
    return {
        "operation": undone.operation,
        "undone": undone.undone,
        "restored": [
            {"kind": str(item.kind), "name": item.name, "as": item.new_name} for item in undone.restored
        ],
    }


def undone_text(undone: Undone) -> str:
    """A line for each thing that is back."""
    lines = [
        f"restored {item.kind} {printable(item.name)}"
        + (f" as {printable(item.new_name)}" if item.new_name else "")
        for item in undone.restored
    ]
    return "".join(f"{line}\n" for line in [*lines, f"Operation {undone.undone} is undone."])


def operations_data(entries: Sequence[Undoable]) -> list[dict[str, Any]]:
    """See ``docs/reference/output.schema.json``."""
    return [
        {
            "operation": entry.record.id,
            "kind": entry.record.kind,
            "began": entry.record.began,
            "items": _items_data(entry.items),
        }
        for entry in entries
    ]


def operations_text(entries: Sequence[Undoable], style: Style) -> str:
    """A line for each operation."""
    if not entries:
        return "There is no operation that can be undone.\n"
    rows = [
        (entry.record.id, entry.record.kind, entry.record.began, _items_text(entry.items)) for entry in entries
    ]
    return render_table(("operation", "kind", "began", "removed"), [_worded(row) for row in rows], style)


def trash_data(entries: Sequence[TrashEntry]) -> list[dict[str, Any]]:
    """See ``docs/reference/output.schema.json``."""
    return [
        {
            "operation": entry.operation,
            "kind": entry.kind,
            "began": entry.began,
            "items": _items_data(entry.items),
            "undone": entry.undone,
            "size": entry.size,
            "purged": entry.purged,
        }
        for entry in entries
    ]


def trash_text(entries: Sequence[TrashEntry], style: Style) -> str:
    """A line for each operation."""
    if not entries:
        return "Nothing of that age is in the trash.\n"
    rows = [
        (
            entry.operation,
            "purged" if entry.purged else "undone" if entry.undone else "kept",
            entry.began,
            size_text(entry.size),
            _items_text(entry.items),
        )
        for entry in entries
    ]
    return render_table(
        ("operation", "state", "began", "size", "removed"), [_worded(row) for row in rows], style
    )


def size_text(size: int | None) -> str:
    """Bytes for people; empty where the size is not known."""
    if size is None:
        return ""
    amount, place = float(size), 0
    while amount >= 1024 and place < len(_UNITS) - 1:
        amount, place = amount / 1024, place + 1
    return f"{amount:.0f} {_UNITS[place]}" if place == 0 else f"{amount:.1f} {_UNITS[place]}"


def _cells(row: CleanupRow) -> tuple[str, str, str]:
    return str(row.kind), row.name, size_text(row.size)


def _reason(reason: Reason) -> str:
    return f"{reason.text} ({reason.flag})" if reason.flag else reason.text


def _counted(rows: Sequence[CleanupRow]) -> str:
    kinds = [str(row.kind) for row in rows]
    found = [(kind, kinds.count(kind)) for kind in dict.fromkeys(kinds)]
    return ", ".join(f"{count} {kind}{'' if count == 1 else _ending(kind)}" for kind, count in found)


def _ending(kind: str) -> str:
    return "es" if kind.endswith("ch") else "s"


def _items_data(items: Sequence[tuple[RowKind, str]]) -> list[dict[str, str]]:
    return [{"kind": str(kind), "name": name} for kind, name in items]


def _items_text(items: Sequence[tuple[RowKind, str]]) -> str:
    shown = [f"{kind} {name}" for kind, name in items[:_MOST_LISTED]]
    return ", ".join(shown) + (f" and {len(items) - _MOST_LISTED} more" if len(items) > _MOST_LISTED else "")


def _worded(row: Sequence[str]) -> list[str]:
    return [printable(cell) for cell in row]
