"""``git kas plugins``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.cli.style import Style, render_table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from git_kas.app import App
    from git_kas.plugin.manager import PluginReport

DESCRIPTION = (
    "List the installed plugins (entry points of the group 'git_kas'), the hooks each one provides,\n"
    "and what is wrong with those that cannot be used. A broken plugin stops only what asks for it by name."
)
EXAMPLES = (("git kas plugins", "after installing one"),)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    del arguments
    reports = app.plugins.reports()
    data = [
        {
            "name": report.entry_point.name,
            "module": report.entry_point.module,
            "distribution": report.entry_point.distribution,
            "hooks": list(report.hooks),
            "problem": report.problem,
        }
        for report in reports
    ]
    return Result("plugins", lambda: data, lambda style: _text(reports, style))


def _text(reports: Sequence[PluginReport], style: Style) -> str:
    rows = [
        (
            report.entry_point.name,
            report.entry_point.distribution,
            " ".join(report.hooks),
            report.problem or "ok",
        )
        for report in reports
    ]
    return render_table(("plugin", "distribution", "hooks", "state"), rows, style)
