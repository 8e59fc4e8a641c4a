"""``git kas triage --watch``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from git_kas.errors import KasError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from git_kas.app import App
    from git_kas.cli.result import Result
    from git_kas.cli.style import Style

_CLEAR: Final = "\033[H\033[2J"
_PATIENCE: Final = 5


def watch_triage(app: App, show: Callable[[App], Result]) -> Result:
    """The answer as it is now, and again after each change that shows in it."""
    moments = app.moments_to_look()
    next(moments)
    first = show(app)
    return first._replace(text=_on_clear_screen(first), more=_later(app, show, moments, first))


def _later(app: App, show: Callable[[App], Result], moments: Iterator[None], first: Result) -> Iterator[Result]:
    shown, failures = (first.data(), first.warnings), 0
    for _ in moments:
        try:
            result = show(app.again())
        except KasError:
            failures += 1  # somebody is in the middle of something; the next change shows how it ended
            if failures == _PATIENCE:
                raise
            continue
        failures = 0
        found = (result.data(), result.warnings)
        if found != shown:
            shown = found
            yield result._replace(text=_on_clear_screen(result))


def _on_clear_screen(result: Result) -> Callable[[Style], str]:
    return lambda style: (_CLEAR if style.is_terminal else "") + result.text(style)
