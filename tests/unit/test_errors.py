"""The error tree against the table of DESIGN 11, and against the drawing in its own docstring."""

from __future__ import annotations

import re
import signal

import pytest

import git_kas.errors as module
from git_kas.errors import Interrupted, KasError, error_types

# DESIGN 11, copied by hand: error → exit status, HTTP status (None: a server never sends it).
TABLE: dict[str, tuple[int, int | None]] = {
    "UsageError": (2, 400),
    "InvalidName": (2, 422),
    "InvalidStatus": (2, 422),
    "NotFound": (3, 404),
    "AlreadyExists": (4, 409),
    "Conflict": (4, 409),
    "KeyReused": (4, 422),
    "InvalidTransition": (5, 409),
    "Unreachable": (6, 503),
    "Busy": (7, 503),
    "NotAllowed": (9, 403),
    "WouldLoseData": (8, None),
    "StoreFull": (1, 507),
    "StoreCorrupt": (1, 500),
    "ReadOnly": (1, 500),
    "SchemaTooNew": (1, 500),
    "ChecksFailed": (1, None),
}
EXIT_OF_NOT_A_REPOSITORY = 3

_BRANCH = re.compile(
    r"^ {4}(?P<rails>(?:│   |    )*(?:├── |└── )?)(?P<name>\w+)(?: +(?P<exit>\d+) +(?P<http>\d+|-))?$"
)


def all_errors() -> list[type[KasError]]:
    return [error for error in error_types() if error.__module__ == module.__name__]


def drawn() -> list[tuple[int, str, str, str]]:
    """Depth, name, exit and HTTP status of each line of the drawing."""
    lines = (_BRANCH.match(line) for line in (module.__doc__ or "").splitlines())
    return [
        (len(match["rails"]) // 4, match["name"], match["exit"] or "", match["http"] or "")
        for match in lines
        if match
    ]


@pytest.mark.parametrize("name", sorted(TABLE))
def test_statuses_are_those_of_the_design(name: str) -> None:
    error: type[KasError] = getattr(module, name)
    assert (error.exit_status, error.http_status) == TABLE[name]


def test_outside_a_repository_and_interrupted() -> None:
    assert module.NotARepository.exit_status == EXIT_OF_NOT_A_REPOSITORY
    assert Interrupted.exit_status == 130


def test_an_unknown_event_is_a_usage_error() -> None:
    assert issubclass(module.UnknownEvent, module.UsageError)
    assert (module.UnknownEvent.exit_status, module.UnknownEvent.http_status) == (2, 422)


def test_bad_configuration_and_bad_plugins_are_usage_errors() -> None:
    assert module.InvalidConfiguration.exit_status == module.PluginUnusable.exit_status == 2


def test_the_drawing_names_every_error_and_no_other() -> None:
    assert [name for _, name, _, _ in drawn()] == [error.__name__ for error in all_errors()]


def test_the_drawing_shows_the_parents() -> None:
    path: list[str] = []
    for depth, name, _, _ in drawn():
        path[depth:] = [name]
        error: type[KasError] = getattr(module, name)
        if depth:
            assert error.__base__ is getattr(module, path[depth - 1])


def test_the_drawing_shows_the_statuses() -> None:
    for depth, name, exit_status, http_status in drawn():
        error: type[KasError] = getattr(module, name)
        if depth:
            assert exit_status == str(error.exit_status)
            assert http_status == str(error.http_status or "-")


def test_each_error_has_its_own_code_and_meaning() -> None:
    errors = all_errors()
    assert len({error.code for error in errors}) == len(errors)
    assert len({error.meaning for error in errors}) == len(errors)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code) for error in errors)


def test_exit_statuses_are_none_of_the_shell() -> None:
    interrupted = 128 + signal.SIGINT  # what a shell shows for a program that Ctrl-C ended
    assert {error.exit_status for error in all_errors()} == {*range(1, 10), interrupted}


@pytest.mark.parametrize("error", all_errors(), ids=lambda error: str(error.__name__))
def test_every_error_carries_a_sentence_and_a_next_step(error: type[KasError]) -> None:
    raised = error("Something is wrong.", next_step="Do this.")
    assert str(raised) == raised.message == "Something is wrong."
    assert raised.next_step == "Do this."
    with pytest.raises(TypeError):
        error("Without a next step.")  # type: ignore[call-arg]  # which is the point
