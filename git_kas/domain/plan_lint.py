"""Says what is wrong with a plan: what could not be understood, and what contradicts itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from git_kas.domain.plan_fields import Part, label_key
from git_kas.domain.plan_rules import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.plan_document import PlanDocument, Task, Wave
    from git_kas.domain.plan_fields import Dependency


def lint_plan(document: PlanDocument) -> Sequence[Finding]:
    """Everything that is wrong with a plan, in the order of its lines."""
    if document.is_empty:
        return [Finding(1, Rule.EMPTY_TEXT, "there is no text; write the plan")]
    places = _Places.of(document.waves)
    findings = [*document.findings, *_about_the_whole(document), *_wave_numbers(document.waves)]
    findings += _task_numbers(document.waves)
    for position, wave in enumerate(document.waves):
        findings += _dependencies_of_wave(wave, position, places)
        findings += _shared_files(wave)
        for index, task in enumerate(wave.tasks):
            findings += _about_task(task)
            findings += _dependencies_of_task(task, (position, index), places)
    return sorted(findings)


def _about_the_whole(document: PlanDocument) -> Iterator[Finding]:
    waves, declared = document.waves, document.declared_waves
    if not document.goal:
        yield Finding(1, Rule.NO_GOAL, "the plan has no goal; write '**Goal:** …' below the title")
    if not waves:
        yield Finding(1, Rule.NO_WAVES, "no wave headers found, so one coder gets the whole plan")
    if declared and declared.number != len(waves):
        message = f"this says {declared.number}, and the plan has {len(waves)}"
        yield Finding(declared.line, Rule.WAVE_COUNT, message)
    for task in document.loose_tasks if waves else ():
        message = f"task {task.label} is in no wave and would never be started; move it into one"
        yield Finding(task.line, Rule.TASK_OUTSIDE_WAVE, message)


def _wave_numbers(waves: Sequence[Wave]) -> Iterator[Finding]:
    line_of: dict[int, int] = {}
    previous = 0
    for wave in waves:
        number = wave.number
        if not number:
            yield Finding(wave.line, Rule.NUMBER_ZERO, "waves are counted from 1")
        if number in line_of:
            message = f"wave {number} is in line {line_of[number]} already"
            yield Finding(wave.line, Rule.WAVE_DUPLICATE, message)
        elif number < previous:
            yield Finding(wave.line, Rule.WAVE_ORDER, f"wave {number} comes after wave {previous}")
        elif number > previous + 1:
            yield Finding(
                wave.line, Rule.WAVE_GAP, f"wave {number} comes without a wave {number - 1} before it"
            )
        if not wave.tasks:
            message = f"wave {number} has no task; add one or remove the wave"
            yield Finding(wave.line, Rule.EMPTY_WAVE, message)
        line_of.setdefault(number, wave.line)
        previous = number


def _task_numbers(waves: Sequence[Wave]) -> Iterator[Finding]:
    line_of: dict[str, int] = {}
    previous = 0
    for wave in waves:
        in_wave: set[str] = set()
        for task in wave.tasks:
            key = label_key(task.label)
            if key in in_wave:
                message = f"task {task.label} is in this wave already, in line {line_of[key]}"
                yield Finding(task.line, Rule.TASK_DUPLICATE, message)
            elif key in line_of:
                message = f"task {task.label} is in line {line_of[key]} already; number on through all waves"
                yield Finding(task.line, Rule.TASK_REPEATED, message)
            elif task.number - previous not in _steps(task):
                message = f"task {task.label} comes after {f'task {previous}' if previous else 'no other'}"
                yield Finding(task.line, Rule.TASK_ORDER, message)
            in_wave.add(key)
            line_of[key] = task.line
            previous = task.number


def _steps(task: Task) -> range:
    """By how much the number of a task may be higher than the one before it; 3a may stand behind 3."""
    return range(1, 2) if task.label.isdecimal() else range(2)


def _about_task(task: Task) -> Iterator[Finding]:
    if not task.number:
        yield Finding(task.line, Rule.NUMBER_ZERO, "tasks are counted from 1")
    if not task.label.isdecimal():
        message = f"'{task.label}' is no whole number, which is what other programs expect"
        yield Finding(task.line, Rule.TASK_LABEL, message)
    if not task.title:
        yield Finding(task.line, Rule.TASK_TITLE, f"task {task.label} has no title")
    if not task.body:
        yield Finding(task.line, Rule.EMPTY_TASK, f"task {task.label} does not say what to do")


def _shared_files(wave: Wave) -> Iterator[Finding]:
    owner_of: dict[str, Task] = {}
    for task in wave.tasks:
        for path in {file.path: file for file in reversed(task.files)}.values():
            owner = owner_of.setdefault(path.path, task)
            if owner is not task:
                message = (
                    f"'{path.path}' is named by task {owner.label} of this wave, too; move one to a later wave"
                )
                yield Finding(path.line, Rule.SHARED_FILE, message)


class _Places(NamedTuple):
    """Where the first wave with a number and the first task with a label are."""

    waves: Mapping[str, int]
    tasks: Mapping[str, tuple[int, int]]

    @classmethod
    def of(cls, waves: Sequence[Wave]) -> _Places:
        """The places in these waves."""
        return cls(
            {str(wave.number): position for position, wave in reversed(list(enumerate(waves)))},
            {
                label_key(task.label): (position, index)
                for position, wave in reversed(list(enumerate(waves)))
                for index, task in reversed(list(enumerate(wave.tasks)))
            },
        )

    def wave_of(self, dependency: Dependency) -> int | None:
        """The position of the wave that is or holds what is depended on; None if there is no such thing."""
        key = label_key(dependency.label)
        if dependency.part is Part.WAVE:
            return self.waves.get(key)
        place = self.tasks.get(key)
        return place[0] if place else None


def _dependencies_of_wave(wave: Wave, position: int, places: _Places) -> Iterator[Finding]:
    for dependency in wave.depends_on:
        yield from _dependency(dependency, position, places)


def _dependencies_of_task(task: Task, place: tuple[int, int], places: _Places) -> Iterator[Finding]:
    for dependency in task.depends_on:
        target = places.tasks.get(label_key(dependency.label)) if dependency.part is Part.TASK else None
        if target and target[0] == place[0] and target[1] < place[1]:
            message = f"task {dependency.label} is in the same wave, whose tasks run side by side"
            yield Finding(dependency.line, Rule.DEPENDENCY_IN_WAVE, message)
        else:
            yield from _dependency(dependency, place[0], places)


def _dependency(dependency: Dependency, position: int, places: _Places) -> Iterator[Finding]:
    """What is wrong with a dependency of, or in, the wave at ``position``."""
    target, name = places.wave_of(dependency), f"{dependency.part} {dependency.label}"
    if target is None:
        yield Finding(dependency.line, Rule.UNKNOWN_DEPENDENCY, f"there is no {name} to depend on")
    elif target >= position:
        yield Finding(dependency.line, Rule.LATER_DEPENDENCY, f"{name} does not come before this")
