"""What can be wrong with a plan's text: the one table of rules, and what a rule that was broken looks like."""

from enum import StrEnum
from typing import NamedTuple, Self


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


class Rule(StrEnum):
    """A rule by its name, with how bad it is to break it and what breaking it means."""

    severity: Severity
    meaning: str

    def __new__(cls, name: str, severity: Severity, meaning: str) -> Self:
        """A member: its value is ``name``."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.severity = severity
        member.meaning = meaning
        return member

    UNREADABLE = "unreadable", Severity.ERROR, "the file cannot be read, or its name is no plan name"
    NOT_UTF8 = "not_utf8", Severity.ERROR, "the text is not UTF-8"
    EMPTY_TEXT = "empty_text", Severity.ERROR, "there is no text"
    CONTROL_CHARACTER = (
        "control_character",
        Severity.WARNING,
        "a character acts on a terminal or hides text",
    )
    UNCLOSED_BLOCK = (
        "unclosed_block",
        Severity.ERROR,
        "a code fence or comment that never ends hides everything behind it",
    )
    NESTED_FENCE = (
        "nested_fence",
        Severity.WARNING,
        "a code fence begins inside another that is no longer, so the inner end ends the outer one",
    )
    UNREAD_HEADER = (
        "unread_header",
        Severity.ERROR,
        "a heading that looks like that of a wave or task and is not of the documented form",
    )
    DOUBTFUL_HEADER = (
        "doubtful_header",
        Severity.WARNING,
        "a wave or task header in a list or quotation, underlined or only bold, is read as text",
    )
    NO_GOAL = "no_goal", Severity.WARNING, "there is no `**Goal:**`, or it is empty"
    NO_WAVES = "no_waves", Severity.WARNING, "there is no wave header: one coder gets the whole plan"
    WAVE_COUNT = "wave_count", Severity.WARNING, "`**Waves:**` names another number of waves than there are"
    NUMBER_ZERO = "number_zero", Severity.ERROR, "a wave or task has the number 0; signals count from 1"
    EMPTY_WAVE = "empty_wave", Severity.ERROR, "a wave has no task"
    WAVE_DUPLICATE = "wave_duplicate", Severity.ERROR, "two waves have the same number"
    WAVE_ORDER = "wave_order", Severity.WARNING, "a wave has a lower number than one before it"
    WAVE_GAP = "wave_gap", Severity.WARNING, "a number is left out between two waves, or before the first"
    TASK_OUTSIDE_WAVE = "task_outside_wave", Severity.ERROR, "a task in no wave would never be started"
    TASK_DUPLICATE = "task_duplicate", Severity.ERROR, "two tasks of one wave have the same number"
    TASK_REPEATED = "task_repeated", Severity.WARNING, "a task has the number of one in an earlier wave"
    TASK_ORDER = "task_order", Severity.WARNING, "task numbers do not go up one by one"
    TASK_LABEL = "task_label", Severity.WARNING, "a task's number is not just digits"
    TASK_TITLE = "task_title", Severity.WARNING, "a task has no title"
    EMPTY_TASK = "empty_task", Severity.WARNING, "a task has no text"
    SHARED_FILE = "shared_file", Severity.WARNING, "two tasks of one wave name the same file"
    UNREAD_FILE = "unread_file", Severity.WARNING, "an entry under `**Files:**` names no path that can be read"
    UNREAD_DEPENDENCY = (
        "unread_dependency",
        Severity.WARNING,
        "a `**Depends on:**` names no task and no wave that can be read",
    )
    UNKNOWN_DEPENDENCY = (
        "unknown_dependency",
        Severity.ERROR,
        "a wave or task depends on one that is not there",
    )
    LATER_DEPENDENCY = "later_dependency", Severity.ERROR, "a wave or task depends on itself or on a later one"
    DEPENDENCY_IN_WAVE = (
        "dependency_in_wave",
        Severity.WARNING,
        "a task depends on one of its own wave, and those run side by side",
    )


class Finding(NamedTuple):
    """A rule that was broken in ``line``, counted from 1."""

    line: int
    rule: Rule
    message: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.rule.severity
