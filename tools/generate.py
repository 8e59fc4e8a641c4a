"""Writes the pages that are made from the code's own tables; with ``--check`` it only says which are stale.

Run it from anywhere: ``python tools/generate.py``.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from git_kas.cli.commands import COMMANDS, CommandEntry
from git_kas.cli.parser import build_parser, load_command
from git_kas.cli.schema import open_schema
from git_kas.cli.triage_view import COLUMN_MEANINGS
from git_kas.config import POLICY_FILE
from git_kas.config_keys import KEYS, VARIABLES, ConfigKey
from git_kas.domain.branch import (
    LANDING_METHOD_MEANINGS,
    PRESENCE_MEANINGS,
    UNKNOWN_REASON_MEANINGS,
    VERDICT_MEANINGS,
)
from git_kas.domain.doctor import Check
from git_kas.domain.janitor import REASONS
from git_kas.domain.lifecycle import EVENT_ALIASES, LEGACY_STATUSES, TRANSITIONS, USER_ONLY, Event, Status
from git_kas.domain.signal_rules import CAUSE_MEANINGS
from git_kas.domain.signal_text import HEADER_VERSION, LARGEST_SIGNAL
from git_kas.domain.signals import SIGNAL_FORMS, WRONG_PREFIXES, signal_folders
from git_kas.domain.triage import FLAG_MEANINGS
from git_kas.errors import BROKEN_PIPE_EXIT, error_types
from git_kas.plugin import spec
from git_kas.usecases.signals import STATE_MEANINGS
from git_kas.version import VERSION
from tools.driving_page import driving_page
from tools.hooks_page import hooks_page
from tools.plan_document_page import plan_document_page
from tools.routes_page import openapi_file, routes_page

ROOT = Path(__file__).parents[1]
NOTICE = "<!-- Made by tools/generate.py from the code; do not edit. -->\n\n"


def commands_page() -> str:
    """Every command's help."""
    helps = (
        f"\n## git kas {entry.name}\n\n```text\n{build_parser(entry).format_help()}```\n" for entry in COMMANDS
    )
    return f"# Commands\n\n{NOTICE}".rstrip() + "\n" + "".join(helps)


def configuration_page() -> str:
    """Keys, their sources and the environment."""
    keys = [
        (
            f"`{key.name}`",
            key.meaning,
            f"`{key.default}`" if " " not in key.default and key.default else key.default or "none",
            *(_places(key)),
        )
        for key in KEYS
    ]
    return (
        f"# Configuration\n\n{NOTICE}"
        "The first source that has a value counts: command line, environment, Git's configuration (command, "
        "local, global, system; never the worktree scope), the user's `config.toml` in "
        "`$XDG_CONFIG_HOME/git-kas/` (else `~/.config/git-kas/`), the same file of the earlier system "
        "(`~/.config/kasmos/config.toml`, then `config.json` there), "
        f"`{POLICY_FILE}` as it is committed on the base branch, the default. "
        "`git kas config --show-origin` says which one it was.\n\n"
        + table(
            ("key", "meaning", "default", "option", "variable", "git config", "config.toml", POLICY_FILE), keys
        )
        + "\n## Environment\n\n"
        + table(("variable", "meaning"), [(f"`{name}`", meaning) for name, meaning in VARIABLES.items()])
    )


def _places(key: ConfigKey) -> Iterable[str]:
    return (
        f"`{place}`" if place else "" for place in (key.option, key.variable, key.git, key.user, key.policy)
    )


def cleanup_page() -> str:
    """Why something is kept."""
    rows = [
        (f"`{code}`", rule.meaning, f"`{rule.flag}`" if rule.flag else "no") for code, rule in REASONS.items()
    ]
    return (
        f"# Why cleanup keeps something\n\n{NOTICE}"
        "What can be accepted goes to the trash like everything else, and comes back with `git kas undo`.\n\n"
        + table(("code", "meaning", "can be accepted"), rows)
    )


def exit_statuses_page() -> str:
    """Exit and HTTP statuses."""
    rows = [
        (str(error.exit_status), f"`{error.code}`", error.meaning, str(error.http_status or ""))
        for error in error_types()
    ]
    rows.sort(key=lambda row: int(row[0]))
    return (
        f"# Exit statuses\n\n{NOTICE}"
        "0 means done, or nothing to do. Every other status has a code word, which `--json` prints as "
        "`error.code`.\n\n"
        + table(("exit", "code", "meaning", "HTTP"), rows)
        + f"\n{BROKEN_PIPE_EXIT} means that the reader of a pipe went away.\n"
    )


def lifecycle_page() -> str:
    """Statuses and events."""
    rows = [
        (f"`{status}`", " · ".join(f"`{event}` → `{target}`" for event, target in TRANSITIONS[status].items()))
        for status in Status
    ]
    aliases = [(f"`{alias}`", f"`{event}`") for alias, event in EVENT_ALIASES.items()]
    legacy = [(f"`{word}`", f"`{status}`") for word, status in LEGACY_STATUSES.items()]
    user_only = ", ".join(f"`{event}`" for event in Event if event in USER_ONLY)
    return (
        f"# Lifecycle of a plan\n\n{NOTICE}"
        + table(("from", "event → to"), rows)
        + f"\nOnly a user may apply {user_only}; agents and the system are refused.\n"
        + "\n## Accepted spellings\n\nHyphens count as underscores, and:\n\n"
        + table(("alias", "event"), aliases)
        + "\n## Words of the earlier system\n\n"
        + table(("stored word", "read as"), legacy)
    )


def triage_page() -> str:
    """Columns, verdicts and flags."""
    return (
        f"# What triage shows\n\n{NOTICE}## Columns\n\n"
        + table(("column", "meaning"), _pairs(COLUMN_MEANINGS))
        + "\n## Verdicts\n\n"
        + table(("verdict", "meaning"), _pairs(VERDICT_MEANINGS))
        + "\n## How a branch landed\n\n"
        + table(("how", "meaning"), _pairs(LANDING_METHOD_MEANINGS))
        + "\n## What has become of it\n\n"
        + table(("now", "meaning"), _pairs(PRESENCE_MEANINGS))
        + "\n## Reasons of `unknown`\n\n"
        + table(("reason", "meaning"), _pairs(UNKNOWN_REASON_MEANINGS))
        + "\n## Flags\n\n"
        + table(("flag", "meaning"), _pairs(FLAG_MEANINGS))
    )


def plugin_hooks_page() -> str:
    """Hook specifications by their exact signatures."""
    parts = [f"# Plugin hooks\n\n{NOTICE}{inspect.cleandoc(spec.__doc__ or '')}\n"]
    for name, function in vars(spec).items():
        if name.startswith(spec.HOOK_PREFIX):
            signature = f"{name}{inspect.signature(function)}".replace("'", "")
            parts.append(f"\n## `{signature}`\n\n{inspect.cleandoc(function.__doc__ or '')}\n")
    return "".join(parts)


def signals_page() -> str:
    """Names of signals, and what becomes of them."""
    forms = [
        (
            f"`{form.word}`",
            f"`{form.shown_prefix}<plan>`",
            f"`{form.event}`" if form.event else "",
            form.meaning,
            form.body,
        )
        for form in SIGNAL_FORMS
    ]
    folders = " and ".join(f"`{folder}`" for folder in signal_folders("docs/plans"))
    refused = ", ".join(f"`{event.replace('_', '-')}-<plan>`" for event in Event if event in USER_ONLY)
    wrong = [(f"`{name}<plan>`", f"`{right}<plan>`") for name, right in WRONG_PREFIXES.items()]
    return (
        f"# Signals\n\n{NOTICE}"
        f"Signals are files in {folders} of every worktree (`docs/plans` is the configured plans folder). The "
        "plan may be named with or without `.md`. Links, folders and names that begin with a dot are left "
        "out.\n\n"
        + table(("word of `git kas signal`", "file name", "event", "meaning", "its text"), forms)
        + f"\nA text has at most {LARGEST_SIGNAL} bytes. Lines such as `Kas-Signal: {HEADER_VERSION}` (always "
        "the first one), `Kas-Round: 2` and `Kas-Head: <commit>` at the very top, with an empty line behind "
        "them, are a header.\n"
        f"\n## What is refused\n\n{refused}: only a user may do that.\n"
        "\n## Names that were taught and never read\n\n"
        "They are left alone and reported, as is what is nearly a name.\n\n"
        + table(("name", "right"), wrong)
        + "\n## States\n\n"
        + table(("state", "meaning"), _pairs(STATE_MEANINGS))
        + "\n## Why a signal is rejected\n\n"
        + table(("cause", "meaning"), _pairs(CAUSE_MEANINGS))
    )


def doctor_page() -> str:
    """The checks of ``git kas doctor``."""
    rows = [(f"`{check}`", check.severity, check.meaning, check.remedy or "-") for check in Check]
    return (
        f"# What doctor checks\n\n{NOTICE}"
        "`-` means that nothing can be done safely without a decision of yours; the finding then names a "
        "command that shows more.\n\n" + table(("check", "severity", "meaning", "what `--fix` does"), rows)
    )


def schema_file() -> str:
    """The JSON Schema of ``--json``."""
    return json.dumps(open_schema(), indent=2) + "\n"


def man_page() -> str:
    """``git-kas(1)``; without it ``git kas --help`` fails."""
    lines = [
        f'.TH GIT-KAS 1 "" "git-kas {VERSION}" "Git Manual"',
        ".SH NAME",
        r"git\-kas \- plans, branches and worktrees of many coding agents on one repository",
        ".SH SYNOPSIS",
        r"\fBgit kas\fR \fIcommand\fR [\fIoptions\fR]",
        ".SH COMMANDS",
    ]
    for entry in COMMANDS:
        command = load_command(entry)
        lines += [".SS git kas " + _roff(entry.name), _roff(command.DESCRIPTION.replace("\n", " "))]
        lines += _option_lines(entry)
        for example, purpose in command.EXAMPLES:
            lines += [".TP", rf"\fB{_roff(example)}\fR", _roff(purpose)]
    lines += [".SH CONFIGURATION", "As for \\fBgit-config\\fR(1):"]
    for key in KEYS:
        lines += [".TP", rf"\fB{_roff(key.git)}\fR", _roff(f"{key.meaning} (default: {key.default or 'none'})")]
    lines += [".SH ENVIRONMENT"]
    for variable, meaning in VARIABLES.items():
        lines += [".TP", rf"\fB{variable}\fR", _roff(meaning)]
    lines += [".SH EXIT STATUS", "0 means done, or nothing to do."]
    for error in sorted(error_types(), key=lambda error: error.exit_status):
        lines += [".TP", rf"\fB{error.exit_status}\fR {error.code}", _roff(error.meaning)]
    lines += [".SH SEE ALSO", r"\fBgit-worktree\fR(1), \fBgit-branch\fR(1), \fBgit-config\fR(1)"]
    return "\n".join(lines) + "\n"


def _option_lines(entry: CommandEntry) -> Iterable[str]:
    """The options and arguments of a command, as its help names them."""
    for action in build_parser(entry)._actions:  # noqa: SLF001 - argparse has no other way to list them
        words = ", ".join(action.option_strings) or str(action.metavar)
        value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else "")
        operand = f" {value}" if action.option_strings and value else ""
        yield from (".TP", rf"\fB{_roff(words)}\fR{_roff(operand)}", _roff(action.help or ""))


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference/commands.md": commands_page,
    "docs/reference/configuration.md": configuration_page,
    "docs/reference/exit-statuses.md": exit_statuses_page,
    "docs/reference/lifecycle.md": lifecycle_page,
    "docs/reference/triage.md": triage_page,
    "docs/reference/cleanup.md": cleanup_page,
    "docs/reference/plan-document.md": lambda: plan_document_page(NOTICE, table),
    "docs/reference/driving.md": lambda: driving_page(NOTICE, table),
    "docs/reference/routes.md": lambda: routes_page(NOTICE, table),
    "docs/reference/signals.md": signals_page,
    "docs/reference/doctor.md": doctor_page,
    "docs/reference/hooks.md": lambda: hooks_page(NOTICE, table),
    "docs/reference/plugin-hooks.md": plugin_hooks_page,
    "docs/reference/openapi.json": openapi_file,
    "docs/reference/output.schema.json": schema_file,
    "git_kas/man/git-kas.1": man_page,
}


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _pairs(meanings: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [(f"`{word}`", meaning) for word, meaning in meanings.items()]


def _roff(text: str) -> str:
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def main() -> int:
    """Write or check every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is stale")
    check = parser.parse_args().check
    stale = 0
    for name, make in PAGES.items():
        path, text = ROOT / name, make()
        if path.exists() and path.read_text() == text:
            continue
        stale += 1
        print(f"{'stale' if check else 'written'}: {name}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
