"""Databases as earlier versions of git-kas made them, from statements and rows that were kept as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy

from postgresql import driven

FOLDER = Path(__file__).parent / "fixtures/databases"


def kept_database(version: int) -> dict[str, Any]:
    """What is kept of a database of schema ``version``: statements by kind of database, rows, exports."""
    document: dict[str, Any] = json.loads((FOLDER / f"version-{version}.json").read_text())
    return document


def make_old_database(url: str, version: int) -> dict[str, Any]:
    """Make the database at ``url`` one of schema ``version``; what its projects are to be exported as."""
    kept = kept_database(version)
    engine = sqlalchemy.create_engine(driven(url))
    with engine.begin() as connection:
        for statement in kept[engine.dialect.name]:
            connection.exec_driver_sql(statement)
        tables = sqlalchemy.MetaData()
        tables.reflect(connection)
        for table in sorted(kept["rows"], key=lambda name: name != "projects"):
            rows = [{key: _value(value) for key, value in row.items()} for row in kept["rows"][table]]
            connection.execute(tables.tables[table].insert(), rows)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    engine.dispose()
    exports: dict[str, Any] = kept["exports"]
    return exports


def _value(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
