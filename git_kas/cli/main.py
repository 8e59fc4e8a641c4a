"""The program: from arguments to an exit status."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from git_kas.app import App, process_environment
from git_kas.cli.envelope import error_document, success_document
from git_kas.cli.parser import build_parser, find_command, help_text, load_command
from git_kas.cli.progress import TerminalProgress
from git_kas.cli.style import printable, style_of
from git_kas.errors import BROKEN_PIPE_EXIT, INTERRUPTED_EXIT, KasError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OPTIONS_BY_KEY = {"store": "store"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run git-kas with ``arguments`` (default: those of the process) and return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    environment = process_environment()
    try:
        status = _run(given, environment)
        sys.stdout.flush()
    except KasError as error:
        status = _fail(error, given, environment)
    except KeyboardInterrupt:
        return INTERRUPTED_EXIT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE_EXIT
    except Exception as error:
        if _is_set(environment, "KAS_DEBUG"):
            raise
        status = _fail(_unexpected(error), given, environment)
    return status


def _run(given: list[str], environment: Mapping[str, str]) -> int:
    words = _command_first(given)
    if (text := help_text(words)) is not None:
        as_json = "--json" in words or _is_set(environment, "KAS_JSON")
        print(success_document("help", {"text": text}, ()) if as_json else text.rstrip("\n"))
        return 0
    if words[0] == "--version":
        words[0] = "version"
    entry, rest = find_command(words)
    parsed = build_parser(entry).parse_args(rest)
    options = {key: getattr(parsed, name, None) for key, name in _OPTIONS_BY_KEY.items()}
    progress = TerminalProgress(sys.stderr)
    app = App.from_process({key: value for key, value in options.items() if value}, progress)
    try:
        result = load_command(entry).run(app, parsed)
    finally:
        progress.done()
    if parsed.json or _is_set(environment, "KAS_JSON"):
        print(success_document(result.kind, result.data, result.warnings))
        return result.exit_status
    for warning in result.warnings:
        print(f"git-kas: warning: {printable(warning)}", file=sys.stderr)
    print(result.text(style_of(sys.stdout, environment, parsed.color)), end="")
    return result.exit_status


def _command_first(given: list[str]) -> list[str]:
    """Move a ``--json`` before the command behind it, so that it may stand on either side."""
    leading = 0
    while leading < len(given) and given[leading] == "--json":
        leading += 1
    return given[leading:] + ["--json"] * (leading > 0)


def _fail(error: KasError, given: Sequence[str], environment: Mapping[str, str]) -> int:
    if "--json" in given or _is_set(environment, "KAS_JSON"):
        print(error_document(error))
    else:
        print(f"git-kas: {printable(error.message)}", file=sys.stderr)
        if error.next_step:
            print(f"git-kas: {printable(error.next_step)}", file=sys.stderr)
    return error.exit_status


def _unexpected(error: Exception) -> KasError:
    return KasError(
        f"Unexpected {type(error).__name__}: {error}. This is a defect of git-kas.",
        next_step="Run it again with KAS_DEBUG=1 and report what it prints.",
    )


def _is_set(environment: Mapping[str, str], variable: str) -> bool:
    return environment.get(variable, "") not in {"", "0"}
