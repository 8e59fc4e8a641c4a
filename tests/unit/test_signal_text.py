"""The header of a signal, its text, and the identity that is made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.names import ObjectId
from git_kas.domain.signal_text import (
    SignalText,
    read_signal_text,
    retried_identity,
    signal_identity,
    signal_key,
    write_signal_text,
)

HEAD = ObjectId("a" * 40)


@given(
    body=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff")),
    round_=st.none() | st.integers(0, 999_999_999),
    head=st.sampled_from([None, HEAD, ObjectId("b" * 64)]),
)
def test_what_is_written_is_read(body: str, round_: int | None, head: ObjectId | None) -> None:
    assert read_signal_text(write_signal_text(body, round_, head)) == SignalText(body.strip(), round_, head)


@given(st.binary())
def test_any_bytes_are_read(data: bytes) -> None:
    text = read_signal_text(data)
    assert text.body == text.body.strip()
    assert "\0" not in text.body
    text.body.encode()


def test_how_it_looks() -> None:
    written = write_signal_text("\n- a.py:3 wrong\n", 2, HEAD)
    assert written == f"Kas-Signal: 1\nKas-Round: 2\nKas-Head: {HEAD}\n\n- a.py:3 wrong\n".encode()
    assert write_signal_text("", None, None) == b"Kas-Signal: 1\n"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", SignalText("")),
        (b"  looks good \n", SignalText("looks good")),
        (b"round 2\n\nfix it", SignalText("round 2\n\nfix it")),
        (b"Kas-Signal: 1\r\nKas-Round: 3\r\n\r\nfix\r\nit\r\n", SignalText("fix\nit", 3)),
        (b"\xef\xbb\xbfKas-Signal: 1\nKas-Round: 3\n", SignalText("", 3)),
        (b"kas-signal: 2\nKAS-ROUND:3\nKas-Later: x\n\na", SignalText("a", 3)),
        (b"Kas-Round: 3\n\nnot ours", SignalText("Kas-Round: 3\n\nnot ours")),
        (b"Kas-Signal: 1\nand so on\n\na", SignalText("Kas-Signal: 1\nand so on\n\na")),
        (b"a\0b \xff", SignalText("a\ufffdb \ufffd")),
        (b"Kas-Signal: 1\nKas-Round: x\n\na", SignalText("a", problem="its Kas-Round is no number: 'x'")),
        (b"Kas-Signal: 1\nKas-Round: -1\n\na", SignalText("a", problem="its Kas-Round is no number: '-1'")),
        (
            b"Kas-Signal: 1\nKas-Head: HEAD\n\na",
            SignalText("a", problem="its Kas-Head is no object name: 'HEAD'"),
        ),
    ],
)
def test_headers(data: bytes, text: SignalText) -> None:
    assert read_signal_text(data) == text


def test_a_body_that_looks_like_a_header_stays_a_body() -> None:
    body = "Kas-Signal: 1\nKas-Round: 9\n\nx"
    assert read_signal_text(write_signal_text(body, 1, None)) == SignalText(body, 1)


def test_identity() -> None:
    same = ("/r/.git", "wt", "review-approved-a.md", b"text", 5)
    identity = signal_identity(*same)
    assert len(identity) == 64
    assert signal_identity(*same) == identity
    others = [
        ("/s/.git", *same[1:]),
        ("/r/.git", "w2", *same[2:]),
        ("/r/.git", "wt", "review-approved-\udcff.md", b"text", 5),
        (*same[:3], b"other", 5),
        (*same[:4], 6),
    ]
    identities = {identity, retried_identity(identity), *(signal_identity(*other) for other in others)}
    assert len(identities) == 7
    assert retried_identity(identity) == retried_identity(identity)
    assert signal_key(identity) == f"signal:{identity}"
