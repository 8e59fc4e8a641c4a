"""Checks the texts of plans. Writes nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from git_kas.domain.names import PLAN_SUFFIX, PlanName, plan_name_from_argument
from git_kas.domain.plan_document import decode_plan, parse_plan
from git_kas.domain.plan_lint import lint_plan
from git_kas.domain.plan_rules import Finding, Rule
from git_kas.errors import InvalidName, KasError, NotFound
from git_kas.ports.files import PlanFiles, PlanText


@dataclass(frozen=True, slots=True)
class PlansPlace:
    """The plans folder of a worktree; ``shown`` is how to name that folder to the person who asked."""

    worktree: str
    plans_folder: str
    shown: str

    def name_of(self, plan: str) -> str:
        """How to name the file of ``plan``."""
        return plan if self.shown == "." else f"{self.shown}/{plan}"


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that was looked at, named for the person who asked."""

    name: str
    findings: Sequence[Finding]


def lint_files(
    files: PlanFiles, folder: str, arguments: Sequence[str], find_place: Callable[[], PlansPlace]
) -> Sequence[CheckedFile]:
    """Check what ``arguments`` name, or without any all plans of the place; that is looked for only if needed.

    An argument is the path of a ``.md`` file that is there, relative to ``folder``; any other one is a plan.

    Raises:
        InvalidName: an argument is neither.
        NotFound: there is no such plan.
    """
    if arguments:
        return [_check_argument(files, folder, argument, find_place) for argument in dict.fromkeys(arguments)]
    return list(_check_all(files, find_place()))


def _check_all(files: PlanFiles, place: PlansPlace) -> Iterator[CheckedFile]:
    for name in sorted(files.names([place.worktree], place.plans_folder)[place.worktree]):
        shown = place.name_of(name)
        try:
            plan = PlanName(name)
        except InvalidName as error:
            yield CheckedFile(shown, [_unreadable(error)])
            continue
        checked = _checked(shown, partial(files.read, place.worktree, place.plans_folder, plan))
        if checked:
            yield checked


def _check_argument(
    files: PlanFiles, folder: str, argument: str, find_place: Callable[[], PlansPlace]
) -> CheckedFile:
    if argument.endswith(PLAN_SUFFIX):
        checked = _checked(argument, partial(files.read_path, folder, argument))
        if checked:
            return checked
    plan, place = plan_name_from_argument(argument), find_place()
    read = partial(files.read, place.worktree, place.plans_folder, plan)
    checked = _checked(place.name_of(plan), read)
    if checked is None:
        raise NotFound(
            f"There is no plan '{plan}' in {place.shown}.",
            next_step="'git kas lint' without a name checks every plan that is there.",
        )
    return checked


def _checked(shown: str, read: Callable[[], PlanText | None]) -> CheckedFile | None:
    """What is wrong with the text that ``read`` gives; None if there is none."""
    try:
        text = read()
    except KasError as error:
        return CheckedFile(shown, [_unreadable(error)])
    if text is None:
        return None
    decoded, findings = decode_plan(text.data)
    return CheckedFile(shown, sorted([*findings, *lint_plan(parse_plan(decoded))]))


def _unreadable(error: KasError) -> Finding:
    return Finding(1, Rule.UNREADABLE, error.message.removesuffix("."))
