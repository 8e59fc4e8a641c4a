"""Line and column of a value in a JSON text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.json_position import Position, position_at, position_of

TEXT = """{
  "é\\u0022x": {"a": [1, {"b": 2}], "b":
      {"c": true}},
  "b": 7
}"""


@pytest.mark.parametrize(
    ("offset", "place"), [(0, (1, 1)), (1, (1, 2)), (2, (2, 1)), (4, (2, 3)), (len(TEXT), (5, 2))]
)
def test_lines_and_columns_count_from_one(offset: int, place: tuple[int, int]) -> None:
    assert position_at(TEXT, offset) == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ([], (1, 1)),
        (['é"x'], (2, 15)),
        (['é"x', "a"], (2, 21)),
        (['é"x', "b"], (3, 7)),
        (['é"x', "b", "c"], (3, 13)),
        (["b"], (4, 8)),
        (["missing"], (1, 1)),
        (['é"x', "missing", "c"], (2, 15)),
        (["b", "deeper"], (4, 8)),
    ],
)
def test_the_place_of_a_value(path: list[str], place: tuple[int, int]) -> None:
    assert position_of(TEXT, path) == Position(*place)


def test_of_a_doubled_key_the_last_one_is_meant() -> None:
    assert position_of('{"a": 1,\n "a": 2}', ["a"]) == Position(2, 7)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)
paths = st.lists(st.text(max_size=4), max_size=4)


@given(
    path=paths,
    value=values,
    around=st.dictionaries(st.text(max_size=4), values, max_size=3),
    indent=st.sampled_from([None, 3]),
)
def test_what_stands_at_the_place_is_the_value(
    path: list[str], value: object, around: dict[str, object], indent: int | None
) -> None:
    document: object = value
    for key in reversed(path):
        document = {**around, key: document}
    text = json.dumps(document, indent=indent, ensure_ascii=indent is None)
    place = position_of(text, path)
    lines = text.split("\n")
    offset = sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1
    found, _ = json.JSONDecoder().raw_decode(text, offset)
    assert found == value
    assert position_at(text, offset) == place
