"""The kinds of values of which the JSON Schema is made."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
YES_NO: Final[Schema] = {"type": "boolean"}
TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
PRECISE_TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"}
OBJECT_ID: Final[Schema] = {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"}
PLAN_NAME: Final[Schema] = {"type": "string", "pattern": r"[^/\\]\.md$"}


def object_of(**properties: Schema) -> Schema:
    """An object that has exactly these members."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        # Closed, as the tests want it; open_schema() opens it for the published file.
        "additionalProperties": False,
    }


def list_of(items: Schema) -> Schema:
    """An array of such items."""
    return {"type": "array", "items": items}


def or_null(schema: Schema) -> Schema:
    """That, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(words: Any) -> Schema:  # noqa: ANN401 - any enumeration
    """One of these words."""
    return {"enum": [str(word) for word in words]}


def described(schema: Schema, description: str) -> Schema:
    """The same with a description."""
    return {"description": description, **schema}
