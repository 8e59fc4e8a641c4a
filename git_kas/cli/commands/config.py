"""``git kas config``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable, render_table
from git_kas.config_keys import KEY_BY_NAME, KEYS
from git_kas.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from git_kas.app import App
    from git_kas.config import Setting

DESCRIPTION = (
    "Show the configuration in effect. Values are set with 'git config' (as kas.base, kas.stalledAfter),\n"
    "in the environment, in the user's git-kas/config.toml or in a .kas.toml committed on the base branch."
)
EXAMPLES = (
    ("git kas config", "every key with its value"),
    ("git kas config --show-origin", "and where each value comes from"),
    ("git kas config base", "one value"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("key", nargs="?", metavar="KEY", help=f"one of {', '.join(KEY_BY_NAME)}")
    parser.add_argument("--show-origin", action="store_true", help="say where each value comes from")
    parser.add_argument("--store", metavar="URL", help="the plan store instead of the configured one")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    if arguments.key is not None and arguments.key not in KEY_BY_NAME:
        raise UsageError(
            f"'{arguments.key}' is no configuration key.", next_step=f"Keys: {', '.join(KEY_BY_NAME)}."
        )
    keys = [key.name for key in KEYS if arguments.key in {None, key.name}]
    settings = [_effective(app, key) for key in keys]
    data = [
        {
            "key": setting.key,
            "value": setting.shown,
            "source": setting.source,
            "meaning": KEY_BY_NAME[setting.key].meaning,
        }
        for setting in settings
    ]
    single, origins = arguments.key is not None, arguments.show_origin
    return Result(
        "config",
        lambda: data,
        lambda style: _text(settings, style, single=single, origins=origins),
        app.config.ignored(),
    )


def _effective(app: App, key: str) -> Setting:
    """The setting as it takes effect: what depends on the repository is worked out."""
    if key == "project":
        return app.project
    if key == "plans":
        return app.plans_folder
    if key == "base":
        base = app.base
        return app.config.setting(key)._replace(value=base.name if base else "")
    if key == "stalled_after":
        app.config.days(key)
    return app.config.setting(key)


def _text(settings: Sequence[Setting], style: Style, *, single: bool, origins: bool) -> str:
    values = [printable(setting.shown.replace("\n", " ")) for setting in settings]
    if single and not origins:
        return f"{values[0]}\n"
    if origins:
        rows = [(setting.key, value, setting.source) for setting, value in zip(settings, values, strict=True)]
        return render_table(("key", "value", "source"), rows, style)
    return render_table(("key", "value"), [(s.key, v) for s, v in zip(settings, values, strict=True)], style)
