"""JSON with comments: reading it, and adding members to it without touching anything else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.jsonc import JsoncError, parse, tokens
from git_kas.domain.opencode_config import OpencodeConfig
from git_kas.domain.scaffold import FileState
from git_kas.errors import InvalidConfiguration

OURS = {"planner": {"permission": {"edit": "deny", "bash": {"*": "allow", "git push": "ask"}}}, "coder": {}}
PIECE = OpencodeConfig(".opencode/opencode.jsonc", OURS)
BLOCK = re.compile(r"(\r?\n[ \t]*)?/\* git-kas .*?/\* end of what git-kas wrote \*/", re.DOTALL)

GAPS = st.sampled_from(
    ["", "", " ", "\n", "\n  ", "\r\n\t", "// x\n", "/* , } */", ' // "a": {\r\n', "/**/\n", "\t/* { */ "]
)
SCALARS = st.sampled_from(['"x"', '"\\u00e9 // no comment"', "1", "-2.5e3", "true", "null", '"/* no */"', "0"])
KEYS = st.sampled_from(["a", "b", "$schema", "model", "coder", "agent", "é"])


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    kinds = ["scalar", "object", "array"] if depth else ["scalar"]
    kind = draw(st.sampled_from(kinds))
    if kind == "scalar":
        return draw(SCALARS)

    def gap() -> str:
        return draw(GAPS)

    count = draw(st.integers(0, 3))
    if kind == "array":
        inner = [f"{gap()}{draw(values(depth - 1))}{gap()}" for _ in range(count)]
        opening, closing = "[", "]"
    else:
        inner = [member(draw, draw(KEYS.filter(lambda key: key != "agent")), depth) for _ in range(count)]
        opening, closing = "{", "}"
    comma = "," if count and draw(st.booleans()) else ""
    return f"{opening}{gap()}{','.join(inner)}{comma}{gap()}{closing}"


def member(draw: st.DrawFn, key: str, depth: int) -> str:

    def gap() -> str:
        return draw(GAPS)

    return f"{gap()}{json.dumps(key)}{gap()}:{gap()}{draw(values(depth - 1))}{gap()}"


@st.composite
def documents(draw: st.DrawFn) -> str:
    """An object as opencode could read it: ``agent`` is missing or an object."""

    def gap() -> str:
        return draw(GAPS)

    members = [
        member(draw, key, 2) for key in draw(st.lists(KEYS.filter(lambda key: key != "agent"), max_size=3))
    ]
    if draw(st.booleans()):
        keys = draw(st.lists(KEYS, max_size=3))
        inner = ",".join(member(draw, key, 2) for key in keys)
        comma = draw(st.sampled_from(["", ","])) if keys else ""
        members.insert(
            draw(st.integers(0, len(members))), f'{gap()}"agent"{gap()}:{gap()}{{{gap()}{inner}{comma}{gap()}}}'
        )
    comma = draw(st.sampled_from(["", ","])) if members else ""
    mark = draw(st.sampled_from(["", "", "\ufeff"]))
    return f"{mark}{gap()}{{{gap()}{','.join(members)}{comma}{gap()}}}{gap()}"


def merged(value: dict[str, Any]) -> dict[str, Any]:
    """What is meant: theirs, and of ours what they do not have."""
    return {**value, "agent": {**OURS, **value.get("agent", {})}}


@given(documents())
def test_all_that_stands_there_stays_byte_for_byte(text: str) -> None:
    before = text.encode()
    if PIECE.state(before) is FileState.FOREIGN:  # everything of ours is theirs already
        assert set(OURS) <= set(parse(text).value["agent"])
        return
    assert PIECE.state(before) is FileState.MISSING
    after = PIECE.put(before)
    shown = after.decode()
    (block,) = BLOCK.finditer(shown)
    assert shown[: block.start()] + shown[block.end() :] == text
    assert parse(shown).value == merged(parse(text).value)
    assert PIECE.state(after) is FileState.CURRENT
    assert PIECE.put(after) == after
    assert PIECE.take(after) == before


@given(values(3))
def test_what_is_json_is_read_as_json(text: str) -> None:
    assert "".join(text[token.start : token.end] for token in tokens(text)) == text
    try:
        expected = json.loads(text)
    except ValueError:
        parse(text)  # comments or a trailing comma
    else:
        assert parse(text).value == expected


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("", 0),
        ("{", 1),
        ("{'a': 1}", 1),
        ('{"a" 1}', 5),
        ('{"a": 1 "b": 2}', 8),
        ('{"a": 1,, }', 8),
        ("{,}", 1),
        ("[1 2]", 3),
        ("{} {}", 3),
        ("01", 0),
        ("truex", 0),
        ('"\\ud8"', 0),
        ('"\n"', 0),
        ("/* open", 0),
        ("{a: 1}", 1),
        ("[" * 101 + "]" * 101, 100),
        ("NaN", 0),
    ],
)
def test_what_is_no_jsonc_is_refused_where_it_goes_wrong(text: str, offset: int) -> None:
    with pytest.raises(JsoncError) as caught:
        parse(text)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{\n  "a": }', "2:8"),
        (b"[1]", "the file is no object"),
        (b'{"agent": 3}', "'agent' is no object"),
        (b"\xff", "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_understood_is_left_alone(data: bytes, said: str) -> None:
    with pytest.raises(InvalidConfiguration, match=re.escape(said)):
        PIECE.state(data)


def test_of_a_doubled_key_the_last_one_counts() -> None:
    text = b'{"agent": {"x": 1}, "agent": {"coder": 2}}'
    after = PIECE.put(text)
    assert parse(after.decode()).value["agent"] == {**OURS, "coder": 2}
    assert PIECE.yours(after) == ["coder"]


def test_lines_look_as_those_around_them() -> None:
    after = PIECE.put(b'{\r\n\t"model": "x",\r\n}\r\n').decode()
    assert '\r\n\t"agent": {\r\n\t\t"planner": {\r\n' in after
    assert "\n" not in after.replace("\r\n", "")


def test_a_file_of_our_making_goes_as_a_whole() -> None:
    made = PIECE.put(None)
    assert parse(made.decode()).value == {"agent": OURS, "$schema": "https://opencode.ai/config.json"}
    assert PIECE.state(made) is FileState.CURRENT
    assert PIECE.take(made) is None


def test_what_was_added_to_a_file_of_our_making_stays() -> None:
    made = PIECE.put(None).replace(b'"$schema"', b'"model": "x",\n  "$schema"')
    left = PIECE.take(made)
    assert left is not None
    assert set(parse(left.decode()).value) == {"model", "$schema"}


def test_another_hand_in_our_part_is_noticed() -> None:
    made = PIECE.put(b'{"a": 1}').replace(b'"ask"', b'"allow"')
    assert PIECE.state(made) is FileState.EDITED


def test_our_part_moved_to_the_end_by_hand_is_not_torn_out() -> None:
    made = PIECE.put(b"{}").decode()
    moved = made[:-1] + ', "x": 1}'
    with pytest.raises(InvalidConfiguration):  # two commas: it never was JSONC
        PIECE.state(moved.encode())
    without_comma = made.replace(",\n  /* end", "\n  /* end")[:-1] + ', "x": 1}'
    assert PIECE.state(without_comma.encode()) is FileState.EDITED


def test_an_older_part_is_outdated_and_is_replaced() -> None:
    older = OpencodeConfig(PIECE.path, {"planner": {}}).put(b'{ // mine\n  "a": 1\n}')
    assert PIECE.state(older) is FileState.OUTDATED
    assert PIECE.put(older) == PIECE.put(b'{ // mine\n  "a": 1\n}')
    later = older.decode()[:-1].rstrip() + ',\n  "agent": {"mine": 1}\n}'
    assert PIECE.state(later.encode()) is FileState.OUTDATED  # ours is hidden by theirs
    assert parse(PIECE.put(later.encode()).decode()).value["agent"] == {**OURS, "mine": 1}


def test_line_ends_that_git_converts_do_not_count_as_an_edit() -> None:
    made = PIECE.put(b'{\n  "a": 1\n}\n')
    assert PIECE.state(made.replace(b"\n", b"\r\n")) is FileState.CURRENT
