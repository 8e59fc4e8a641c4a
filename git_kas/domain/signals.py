"""Sentinel files by which agents report: what their names say (DESIGN 6).

:data:`SIGNAL_FORMS` is the only place where the names are written; commands, pages and templates are made from
it. A file name is the form's prefix and the plan's name, with or without ``.md``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.lifecycle import EVENT_ALIASES, USER_ONLY, Event, parse_event
from git_kas.domain.names import plan_name_from_argument
from git_kas.errors import InvalidName, NotAllowed, UnknownEvent, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.names import PlanName

SIGNAL_FOLDER_NAMES: Final = ("{plans}/.signals", ".kasmos/signals")
"""Where sentinels lie in a worktree; ``{plans}`` is the plans folder. We write into the first one."""

_LARGEST_NUMBER: Final = 999  # longer numbers would not fit into a file name with the longest plan name
_SIMILAR: Final = 0.85
_FIELD: Final = re.compile(r"\{(\w+)\}")
_SEPARATOR: Final = re.compile("[-_]")


class SignalForm(NamedTuple):
    """One kind of sentinel.

    ``word`` is what ``git kas signal`` calls it, ``prefix`` what the file name begins with. ``event`` is what
    it does to the plan's status; None for those that only the watcher acts on. ``body`` says what its text is.
    """

    word: str
    prefix: str
    meaning: str
    event: Event | None = None
    body: str = "not used"

    @property
    def fields(self) -> tuple[str, ...]:
        """The numbers in the prefix: none, ``wave``, or ``wave`` and ``task``."""
        return tuple(_FIELD.findall(self.prefix))

    @property
    def stem(self) -> str:
        """The prefix up to its first number."""
        return self.prefix.partition("{")[0]

    @property
    def shown_prefix(self) -> str:
        """The prefix for people, such as ``implement-wave-<N>-``."""
        return self.prefix.format(wave="<W>" if "task" in self.fields else "<N>", task="<T>")


SIGNAL_FORMS: Final[Sequence[SignalForm]] = (
    SignalForm(
        "planner_finished",
        "planner-finished-",
        "the plan's text is written; it becomes the stored text, and an unknown plan is registered",
        Event.PLANNER_FINISHED,
        "kept in the history",
    ),
    SignalForm(
        "implement_finished",
        "implement-finished-",
        "the implementation is done and can be reviewed",
        Event.IMPLEMENT_FINISHED,
        "kept in the history",
    ),
    SignalForm(
        "review_approved",
        "review-approved-",
        "the review found nothing more",
        Event.REVIEW_APPROVED,
        "the reviewer's summary",
    ),
    SignalForm(
        "review_changes_requested",
        "review-changes-",
        "the review asks for changes",
        Event.REVIEW_CHANGES_REQUESTED,
        "the reviewer's findings, for the next coder",
    ),
    SignalForm(
        "implement_wave", "implement-wave-{wave}-", "start with this wave; it counts in the main worktree only"
    ),
    SignalForm("elaborator_finished", "elaborator-finished-", "the plan's tasks are worked out"),
    SignalForm(
        "implement_task_finished",
        "implement-task-finished-w{wave}-t{task}-",
        "one task of a wave is done",
        body="kept with the task",
    ),
)

WRONG_PREFIXES: Final[Mapping[str, str]] = {
    "coder-finished-": "implement-finished-",
    "reviewer-approved-": "review-approved-",
    "reviewer-requested-changes-": "review-changes-",
}
"""Names that texts of the earlier system taught, though nothing ever read them, and the right ones."""

_LONGER_SPELLINGS: Final[Mapping[str, str]] = {"review-changes-": "requested-"}
"""After these prefixes, words that may belong to the event instead of the plan's name."""


class Signal(NamedTuple):
    """What a file name says. ``otherwise`` is the plan if there is none called ``plan``."""

    form: SignalForm
    plan: PlanName
    wave: int = 0
    task: int = 0
    otherwise: PlanName | None = None

    @property
    def event(self) -> Event | None:
        """What it does to the plan's status."""
        return self.form.event


class NameKind(StrEnum):
    """What a file in a signal folder is, by its name."""

    SIGNAL = "signal"
    MALFORMED = "malformed"
    USER_ONLY = "user_only"
    NEAR_MISS = "near_miss"
    UNKNOWN = "unknown"


class NameReading(NamedTuple):
    """What was made of a file name: the signal, or the reason why it is none (a sentence without full stop)."""

    kind: NameKind
    signal: Signal | None = None
    reason: str = ""


_UNKNOWN: Final = NameReading(NameKind.UNKNOWN, reason="no signal is called so")


def signal_folders(plans_folder: str) -> tuple[str, ...]:
    """Where agents leave signals, relative to a worktree."""
    return tuple(name.format(plans=plans_folder) for name in SIGNAL_FOLDER_NAMES)


def is_signal_number(number: int) -> bool:
    """Whether a signal can name a wave or task of that number."""
    return 1 <= number <= _LARGEST_NUMBER


def signal_name(form: SignalForm, plan: PlanName, wave: int = 0, task: int = 0) -> str:
    """The file name of a signal.

    Raises:
        UsageError: a number that the form needs is missing or out of range, or one is given that it has not.
    """
    given = {"wave": wave, "task": task}
    for field, number in given.items():
        if field in form.fields and not is_signal_number(number):
            raise UsageError(
                f"The signal '{form.word}' needs a {field} from 1 to {_LARGEST_NUMBER}.",
                next_step=f"Give --{field} with a number.",
            )
        if field not in form.fields and number:
            raise UsageError(
                f"The signal '{form.word}' has no {field}.",
                next_step="Of the signals, 'implement_wave' has a wave and 'implement_task_finished' both.",
            )
    return form.prefix.format(**given) + plan


def form_of_word(word: str) -> SignalForm:
    """The form that ``git kas signal`` knows as ``word``; hyphens and aliases are accepted.

    Raises:
        NotAllowed: the event is for users only.
        UsageError: the event is not reported by a signal.
        UnknownEvent: there is no such event.
    """
    canonical = word.replace("-", "_")
    canonical = str(EVENT_ALIASES.get(canonical, canonical))
    for form in SIGNAL_FORMS:
        if form.word == canonical:
            return form
    words = ", ".join(form.word for form in SIGNAL_FORMS)
    try:
        event = parse_event(word)
    except UnknownEvent as error:
        raise UnknownEvent(f"'{word}' is no signal.", next_step=f"Use one of: {words}.") from error
    if event in USER_ONLY:
        raise NotAllowed(
            f"Only a user may apply '{event}', and signals are sent by agents.",
            next_step="Ask the person in charge to decide.",
        )
    raise UsageError(f"'{event}' is not reported by a signal.", next_step=f"Use one of: {words}.")


def read_signal_name(name: str) -> NameReading:
    """What the file name ``name`` says."""
    for form in SIGNAL_FORMS:
        if name.startswith(form.stem):
            return _read_with(form, name)
    for event in sorted(USER_ONLY):
        prefix = event.replace("_", "-") + "-"
        if name.startswith(prefix) and name != prefix:
            return NameReading(NameKind.USER_ONLY, reason=f"only a user may apply '{event}'")
    return _near_miss(name) or _UNKNOWN


def _read_with(form: SignalForm, name: str) -> NameReading:
    found = _pattern(form).fullmatch(name)
    if found is None:
        return NameReading(NameKind.MALFORMED, reason=f"its name is not {form.shown_prefix}<plan>")
    numbers = {field: int(found[field]) for field in form.fields}
    wrong = [field for field, number in numbers.items() if not is_signal_number(number)]
    if wrong:
        return NameReading(NameKind.MALFORMED, reason=f"its {wrong[0]} is not from 1 to {_LARGEST_NUMBER}")
    try:
        plan = plan_name_from_argument(found["plan"])
    except InvalidName as error:
        return NameReading(NameKind.MALFORMED, reason=error.message.removesuffix("."))
    signal = Signal(form, plan, **numbers, otherwise=_other_plan(form, found["plan"]))
    return NameReading(NameKind.SIGNAL, signal)


@cache
def _pattern(form: SignalForm) -> re.Pattern[str]:
    return re.compile(_FIELD.sub(r"(?P<\1>[0-9]{1,9})", form.prefix) + r"(?P<plan>.+)", re.DOTALL)


def _other_plan(form: SignalForm, rest: str) -> PlanName | None:
    word = _LONGER_SPELLINGS.get(form.prefix)
    if word is None or not rest.startswith(word):
        return None
    try:
        return plan_name_from_argument(rest.removeprefix(word))
    except InvalidName:
        return None


def _near_miss(name: str) -> NameReading | None:
    """The name that was meant, if it is not far from one."""
    for wrong, right in WRONG_PREFIXES.items():
        if name.startswith(wrong) and name != wrong:
            return _meant(right, name.removeprefix(wrong))
    best, meant = 0.0, None
    for stem in (form.stem for form in SIGNAL_FORMS):
        head, rest = _split(name, stem.count("-"))
        likeness = _likeness(head.lower().replace("_", "-"), stem) if rest else 0.0
        if likeness > best:
            best, meant = likeness, _meant(stem, rest)
    return meant if best >= _SIMILAR else None


def _split(name: str, hyphens: int) -> tuple[str, str]:
    """The first words of ``name`` with the separator behind them, and what follows."""
    end = 0
    for found, separator in zip(range(hyphens), _SEPARATOR.finditer(name), strict=False):
        if found == hyphens - 1:
            end = separator.end()
    return name[:end], name[end:]


def _likeness(head: str, stem: str) -> float:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, head, stem).ratio()


def _meant(stem: str, rest: str) -> NameReading:
    form = next(form for form in SIGNAL_FORMS if form.prefix.startswith(stem))
    right = f"{form.shown_prefix}<plan>" if form.fields else f"{stem}{rest}"
    return NameReading(NameKind.NEAR_MISS, reason=f"no signal is called so; {right} was probably meant")
