"""Options and arguments that the plan commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.mutation import Request

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App


def count(text: str) -> int:
    """The number that ``text`` is, not below 0.

    Raises:
        ValueError: it is none; argparse says so.
    """
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise ValueError(text)
    return int(text)


def add_store(parser: argparse.ArgumentParser) -> None:
    """``--store``."""
    parser.add_argument("--store", metavar="URL", help="the plan store instead of the configured one")


def add_plan(parser: argparse.ArgumentParser, *, reading: bool = False) -> None:
    """The plan that is meant."""
    part = "; a part of the name will do if it is unambiguous" if reading else ""
    parser.add_argument("plan", metavar="PLAN", help=f"a plan, with or without folder and .md{part}")


def add_writing(parser: argparse.ArgumentParser, *, revision: bool = True) -> None:
    """What every change of a plan takes."""
    parser.add_argument("-m", "--note", default="", metavar="TEXT", help="why, for the history")
    if revision:
        parser.add_argument(
            "--if-revision", type=count, metavar="N", help="only if the plan is still at this revision"
        )
    parser.add_argument(
        "--key",
        default="",
        metavar="KEY",
        help="makes repeating this very command harmless: the second time answers and changes nothing",
    )
    add_store(parser)


def request_of(app: App, arguments: argparse.Namespace) -> Request:
    """Who asks, with the note and the key that were given."""
    return Request(app.author, arguments.key, arguments.note)
