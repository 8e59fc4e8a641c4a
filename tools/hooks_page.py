"""The page about the guard's hooks, from the tables of the code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from git_kas.domain.hook_layouts import CHAINED_SUFFIX, Layout
from git_kas.domain.hook_status import Force, Trouble
from git_kas.domain.hooks import HookName

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]


def hooks_page(notice: str, table: Table) -> str:
    """Hooks, layouts and troubles."""
    hooks = [(f"`{hook}`", hook.side, hook.sees, hook.not_run_by) for hook in HookName]
    layouts = [
        (f"`{layout}`", layout.recognised, layout.place, layout.bypass, layout.own_way or "-")
        for layout in Layout
    ]
    troubles = [(f"`{trouble}`", trouble.force, trouble.meaning, trouble.remedy) for trouble in Trouble]
    return (
        f"# Hooks of the guard\n\n{notice}"
        "`git kas hooks install` puts small shell scripts where Git looks for hooks. They start no Python "
        "unless something that is guarded is committed or pushed; then `git kas guard` decides.\n\n"
        + table(("hook", "side", "what it sees", "what does not run it"), hooks)
        + "\n## Other hooks\n\n"
        f"A hook that is there gets a second name, `<hook>{CHAINED_SUFFIX}`, before ours takes its place, so "
        "that it is in force at every moment. Ours runs first; then the other one, with the same arguments and "
        "the same input, and its exit status counts. `git kas hooks uninstall` renames it back: bytes, mode "
        "and time are as they were. `core.hooksPath` is never set. For a folder and for a file:\n\n"
        + table(
            (
                "layout",
                "recognised by",
                "where ours goes",
                "what passes it by",
                "the guard in the other tool's configuration",
            ),
            layouts,
        )
        + '\nA hook in a shell\'s language that looks at its own name (`basename "$0"`) is read by that shell '
        "with the `$0` that it knows. One in another language sees the second name.\n"
        "\n## What `git kas hooks status` finds\n\n"
        f"`{Force.ACTIVE}` is a hook without any of these.\n\n"
        + table(("trouble", "the guard is", "meaning", "what to do"), troubles)
    )
