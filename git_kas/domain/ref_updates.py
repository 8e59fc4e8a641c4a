"""What a push does to refs, as Git tells its hooks (githooks(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from git_kas.domain.names import ObjectId
from git_kas.errors import InvalidName, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class RefUpdate(NamedTuple):
    """A ref of the receiver, and what it names before and after; None where it does not exist."""

    ref: str
    old: ObjectId | None
    new: ObjectId | None


class FrameworkPush(NamedTuple):
    """What the pre-commit framework tells of a push, or of a range it was asked for.

    ``known`` is something that the receiver has, or empty; ``remote`` is empty where nothing is pushed.
    """

    remote: str
    ref: str
    known: str
    new: str


def received_updates(data: bytes) -> list[RefUpdate]:
    """Lines ``<old> <new> <ref>``, as pre-receive gets them.

    Raises:
        UsageError: a line is of another form.
    """
    return [_update(line, _received) for line in _lines(data)]


def pushed_updates(data: bytes) -> list[RefUpdate]:
    """Lines ``<local ref> <local object> <remote ref> <remote object>``, as pre-push gets them.

    Raises:
        UsageError: a line is of another form.
    """
    return [_update(line, _pushed) for line in _lines(data)]


def framework_push(variables: Mapping[str, str]) -> FrameworkPush | None:
    """The push that the pre-commit framework runs hooks for, None if it runs them for a commit.

    It sets these variables, and hands on one ref of the push (https://pre-commit.com/#pre-push). Where that ref
    brings a root commit it names no range, and only says what the ref is called here.
    """
    new, known = variables.get("PRE_COMMIT_TO_REF", ""), variables.get("PRE_COMMIT_FROM_REF", "")
    remote = variables.get("PRE_COMMIT_REMOTE_NAME", "")
    if remote and not new:
        new, known = variables.get("PRE_COMMIT_LOCAL_BRANCH", ""), ""
    if not new:
        return None
    return FrameworkPush(remote, variables.get("PRE_COMMIT_REMOTE_BRANCH", ""), known, new)


def _lines(data: bytes) -> list[str]:
    return [line for line in data.decode("utf-8", "surrogateescape").split("\n") if line]


def _update(line: str, parse: Callable[[str], RefUpdate]) -> RefUpdate:
    try:
        return parse(line)
    except (ValueError, InvalidName) as error:
        raise UsageError(
            f"This line says nothing about a ref: {line!r}.",
            next_step="Hand on the lines that Git gives to the hook.",
        ) from error


def _received(line: str) -> RefUpdate:
    old, new, ref = line.split(" ", 2)
    return RefUpdate(ref, _object(old), _object(new))


def _pushed(line: str) -> RefUpdate:
    # The local ref is whatever was typed, with blanks it may be; the rest is Git's.
    _, new, ref, old = line.rsplit(" ", 3)
    return RefUpdate(ref, _object(old), _object(new))


def _object(text: str) -> ObjectId | None:
    """None for all zeros; an empty word is no object name, and must not pass for a deletion."""
    name = ObjectId(text)
    return name if name.strip("0") else None
