"""What the commands about the guard's hooks show: as data, and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.cli.style import Style, printable, render_table
from git_kas.domain.hook_layouts import Layout
from git_kas.domain.hook_status import Force
from git_kas.domain.hooks import HookName, HookSide
from git_kas.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from git_kas.usecases.hooks import HookOutcome, HooksAsked, HookState

_ALWAYS = "The server's hooks cannot be seen from here; only they hold against somebody who skips his own."


def add_choice(parser: argparse.ArgumentParser, what: str) -> None:
    """The options that choose hooks."""
    parser.add_argument("--server", action="store_true", help=f"{what} what judges pushes to this repository")
    parser.add_argument(
        "--hook",
        action="append",
        metavar="NAME",
        help=f"only this hook, repeatable: {', '.join(HookName)}",
    )


def asked_for(arguments: argparse.Namespace) -> HooksAsked:
    """The hooks that the options choose."""
    from git_kas.usecases.hooks import HooksAsked

    hooks = tuple(hook_named(word) for word in dict.fromkeys(arguments.hook or ()))
    if hooks and arguments.server:
        raise UsageError("--hook and --server exclude each other.", next_step="Leave out one of them.")
    return HooksAsked(hooks, server=arguments.server, shared=getattr(arguments, "shared", False))


def hook_named(word: str) -> HookName:
    """The hook of that name."""
    if word not in set(HookName):
        raise UsageError(f"'{word}' is no hook of the guard.", next_step=f"Use one of: {', '.join(HookName)}.")
    return HookName(word)  # type: ignore[call-arg]  # mypy takes the arguments of __new__ for the lookup's


def outcomes_data(outcomes: Sequence[HookOutcome]) -> list[dict[str, Any]]:
    """See ``docs/reference/output.schema.json``."""
    return [
        {
            "hook": outcome.hook,
            "effect": outcome.effect,
            "path": outcome.path,
            "layout": outcome.layout,
            "chained": outcome.chained or None,
        }
        for outcome in outcomes
    ]


def outcomes_text(outcomes: Sequence[HookOutcome]) -> str:
    """A line for each hook."""
    if not outcomes:
        return "No hook of git-kas is there.\n"
    lines = (
        f"{outcome.effect} {outcome.hook}: {printable(outcome.path)}"
        + (f", which runs {printable(outcome.chained)} afterwards" if _runs_another(outcome) else "")
        for outcome in outcomes
    )
    return "".join(f"{line}\n" for line in lines)


def _runs_another(outcome: HookOutcome) -> bool:
    return bool(outcome.chained) and outcome.chained != outcome.path


def states_data(states: Sequence[HookState]) -> list[dict[str, Any]]:
    """See ``docs/reference/output.schema.json``."""
    return [
        {
            "hook": state.hook,
            "force": state.force,
            "path": state.path,
            "folder": state.place.effective,
            "origin": state.place.origin or None,
            "place": state.place.layout,
            "layout": state.layout,
            "chained": state.chained or None,
            "troubles": [
                {"code": trouble, "meaning": trouble.meaning, "remedy": trouble.remedy}
                for trouble in state.troubles
            ],
            "bypasses": list(_bypasses(state)),
            "own_way": _own_way(state) or None,
            "in_force": state.force is not Force.INACTIVE,
        }
        for state in states
    ]


def states_text(states: Sequence[HookState], style: Style) -> str:
    """A row for each hook, then what is wrong, then what would pass the guard by."""
    rows = [
        (state.hook, state.force, printable(state.path), state.place.layout, state.layout) for state in states
    ]
    parts = [render_table(("hook", "guard", "file", "folder", "added_to"), rows, style)]
    if trouble := "".join(_trouble_lines(state) for state in states):
        parts.append(trouble)
    passes = "".join(_bypass_lines(state) for state in states)
    ways = dict.fromkeys(f"  {_plain(way)}\n" for state in states if (way := _own_way(state)))
    parts.append(f"What passes by the guard:\n{passes}")
    if ways:
        parts.append("To have the guard in the other tool's configuration as well:\n" + "".join(ways))
    if any(state.hook.side is HookSide.CLIENT for state in states):
        parts.append(f"{_ALWAYS}\n")
    return "\n".join(parts)


def _trouble_lines(state: HookState) -> str:
    return "".join(
        f"{state.hook}: {_plain(trouble.meaning)}.\n  To do: {_plain(trouble.remedy)}.\n"
        for trouble in state.troubles
    )


def _bypass_lines(state: HookState) -> str:
    return "".join(f"  {state.hook}: {_plain(text)}\n" for text in _bypasses(state))


def _bypasses(state: HookState) -> Iterator[str]:
    yield state.hook.not_run_by
    for layout in dict.fromkeys((state.place.layout, state.layout)):
        if layout is not Layout.NONE:
            yield layout.bypass


def _own_way(state: HookState) -> str:
    ways = dict.fromkeys((state.place.layout.own_way, state.layout.own_way))
    return "; ".join(way for way in ways if way)


def _plain(text: str) -> str:
    return text.replace("`", "")
