"""The program: from arguments to an exit status."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from git_kas.app import App, process_environment
from git_kas.cli.envelope import error_document, success_document
from git_kas.cli.parser import build_parser, find_command, help_text, load_command
from git_kas.cli.progress import TerminalProgress
from git_kas.cli.result import Notice
from git_kas.cli.style import printable, style_of
from git_kas.errors import BROKEN_PIPE_EXIT, Interrupted, KasError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.cli.result import Result
    from git_kas.cli.style import Style

_OPTIONS_BY_KEY = {"store": "store", "merge_strategy": "strategy", "test_command": "test"}


class Answer(NamedTuple):
    """All that one run says at one moment."""

    status: int
    out: str = ""
    err: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run git-kas with ``arguments`` (default: those of the process) and return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    environment = process_environment()
    no_stdout = sys.stdout is None
    _prepare_streams()
    status = 0
    try:
        for answer in _answers(given, environment):
            status = _deliver(answer, no_stdout=no_stdout)
            if status in {BROKEN_PIPE_EXIT, Interrupted.exit_status}:
                break
    except KeyboardInterrupt:
        failure = _failure(_interrupted(), as_json=_wants_json(given, environment))
        return _deliver(failure, no_stdout=no_stdout)
    return status


def _answers(given: list[str], environment: Mapping[str, str]) -> Iterator[Answer]:
    """The answer, the ones that follow it, and at the end what went wrong."""
    try:
        yield from _run(given, environment)
    except KasError as error:
        yield _failure(error, as_json=_wants_json(given, environment))
    except Exception as error:
        if _is_set(environment, "KAS_DEBUG"):
            raise
        yield _failure(_unexpected(error), as_json=_wants_json(given, environment))


def _run(given: list[str], environment: Mapping[str, str]) -> Iterator[Answer]:
    as_json = _wants_json(given, environment)
    words = _command_first(given)
    if (text := help_text(words)) is not None:
        yield Answer(0, success_document("help", {"text": text}, ()) + "\n" if as_json else text)
        return
    if words[0] == "--version":
        words[0] = "version"
    entry, rest = find_command(words)
    parsed = build_parser(entry).parse_args(rest)
    options = {key: getattr(parsed, name, None) for key, name in _OPTIONS_BY_KEY.items()}
    progress = TerminalProgress(sys.stderr)
    app = App.from_process({key: value for key, value in options.items() if value}, progress)
    try:
        try:
            result = load_command(entry).run(app, parsed)
        except KasError:
            yield Answer(0, "", _shown(_taken(app.warnings)))
            raise
        finally:
            progress.done()
        style = style_of(sys.stdout, environment, parsed.color)
        yield _rendered(result, _taken(app.warnings), style, as_json=as_json)
        for later in result.more or ():
            if isinstance(later, Notice):
                yield Answer(0, "", _aside(*later.sentences))
            else:
                yield _rendered(later, _taken(app.warnings), style, as_json=as_json)
    finally:
        app.close()


def _rendered(result: Result, more: Sequence[str], style: Style, *, as_json: bool) -> Answer:
    warnings = [*result.warnings, *more]
    if as_json:
        return Answer(result.exit_status, success_document(result.kind, result.data(), warnings) + "\n")
    return Answer(result.exit_status, result.text(style), _shown(warnings) + result.aside)


def _shown(warnings: Sequence[str]) -> str:
    return "".join(f"git-kas: warning: {printable(warning)}\n" for warning in warnings)


def _taken(warnings: list[str]) -> Sequence[str]:
    """The warnings that were gathered since the last time."""
    taken = list(warnings)
    warnings.clear()
    return taken


def _failure(error: KasError, *, as_json: bool) -> Answer:
    if as_json:
        return Answer(error.exit_status, error_document(error) + "\n")
    return Answer(error.exit_status, "", _aside(error.message, error.next_step))


def _aside(*sentences: str) -> str:
    """Sentences as they stand on standard error."""
    return "".join(f"git-kas: {printable(text)}\n" for text in sentences if text)


def _deliver(answer: Answer, *, no_stdout: bool) -> int:
    """Print the answer; output that cannot be written is no success."""
    if no_stdout and answer.out:
        print("git-kas: Standard output is closed.", file=sys.stderr)
        return answer.status or KasError.exit_status
    try:
        print(answer.err, end="", file=sys.stderr, flush=True)
        print(answer.out, end="", flush=True)
    except BrokenPipeError:
        _abandon_output()
        return BROKEN_PIPE_EXIT
    except KeyboardInterrupt:
        _abandon_output()  # half of a document is none, and its reader may have stopped
        print(_failure(_interrupted(), as_json=False).err, end="", file=sys.stderr)
        return Interrupted.exit_status
    except OSError as error:
        _abandon_output()
        print(f"git-kas: The output cannot be written: {error.strerror}.", file=sys.stderr)
        return KasError.exit_status
    return answer.status


def _prepare_streams() -> None:
    """Let every character through, and have somewhere to write where a stream was closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - lives as long as we
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _abandon_output() -> None:
    """Keep Python from trying once more, and complaining, when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _command_first(given: list[str]) -> list[str]:
    """Move a ``--json`` before the command behind it, so that it may stand on either side."""
    leading = 0
    while leading < len(given) and given[leading] == "--json":
        leading += 1
    return given[leading:] + ["--json"] * (leading > 0)


def _wants_json(given: Sequence[str], environment: Mapping[str, str]) -> bool:
    return "--json" in given or _is_set(environment, "KAS_JSON")


def _interrupted() -> Interrupted:
    return Interrupted("Interrupted.", next_step="")


def _unexpected(error: Exception) -> KasError:
    return KasError(
        f"Unexpected {type(error).__name__}: {error}. This is a defect of git-kas.",
        next_step="Run it again with KAS_DEBUG=1 and report what it prints.",
    )


def _is_set(environment: Mapping[str, str], variable: str) -> bool:
    return environment.get(variable, "") not in {"", "0"}
