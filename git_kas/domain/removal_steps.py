"""The steps of an operation that removes things, as its journal keeps them, each with what undo needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from git_kas.domain.names import BranchName, ObjectId, PlanName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ANCHORS: Final = "refs/kas/trash/"
DONE: Final = "done"
END: Final = "end"
PURGING: Final = "purging"


class WorktreeStep(NamedTuple):
    """A worktree that goes into the trash.

    ``tree`` and ``kept_admin`` are where its folder and its administrative folder go; ``tree`` is empty where
    there was no folder. ``head`` is the commit that was checked out, None where there was none. ``beside`` are
    the administrative folders of other worktrees that had the same branch checked out.
    """

    number: int
    id: str
    path: str
    admin: str
    tree: str
    kept_admin: str
    branch: BranchName | None
    head: ObjectId | None
    beside: tuple[str, ...] = ()


class RemovedBranch(NamedTuple):
    """A branch by its tip; its reflog is ``log_length`` bytes from ``log_start`` on of a kept file, or none."""

    name: BranchName
    tip: ObjectId
    log_start: int = 0
    log_length: int | None = None


class BranchesStep(NamedTuple):
    """Branches that go in one transaction; ``logs`` names the kept file of their reflogs."""

    number: int
    branches: tuple[RemovedBranch, ...]
    logs: str


class ConfigStep(NamedTuple):
    """Sections that are taken out of the configuration file.

    ``pieces`` are branch, begin in the file and length; their text is in the kept file ``kept``, one behind the
    other. ``before`` and ``after`` are SHA-256 of the file.
    """

    number: int
    pieces: tuple[tuple[str, int, int], ...]
    kept: str
    before: str
    after: str


class PlanStep(NamedTuple):
    """A plan that is taken off the list, under the idempotency key ``key``."""

    number: int
    filename: PlanName
    key: str


Step: TypeAlias = WorktreeStep | BranchesStep | ConfigStep | PlanStep

_WORDS: Final[Mapping[type, str]] = {
    WorktreeStep: "worktree",
    BranchesStep: "branches",
    ConfigStep: "config",
    PlanStep: "plan",
}


def encode_step(step: Step) -> dict[str, Any]:
    """A step as the JSON object that is recorded before it is done."""
    members = step._asdict()
    if isinstance(step, BranchesStep):
        members["branches"] = [list(branch) for branch in step.branches]
    return {"step": _WORDS[type(step)], **members}


def encode_done(number: int) -> dict[str, Any]:
    """What is recorded when the step ``number`` is done."""
    return {"step": DONE, "number": number}


def encode_end() -> dict[str, Any]:
    """What is recorded when an operation has ended, with whatever result."""
    return {"step": END}


def has_ended(steps: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the operation of these steps has ended."""
    return any(step.get("step") == END for step in steps)


def anchor_ref(operation: str, number: int) -> str:
    """The reference that keeps the objects of a step from ``git gc``."""
    return f"{ANCHORS}{operation}/{number}"


def next_number(steps: Iterable[Mapping[str, Any]]) -> int:
    """A number that no step of the operation has yet."""
    return max((step["number"] for step in steps if isinstance(step.get("number"), int)), default=0) + 1


def removal_steps(steps: Iterable[Mapping[str, Any]]) -> Sequence[Step]:
    """The removals among the steps of an operation, in order; of several with one number the last counts.

    Raises:
        ValueError: one is not of the known form.
    """
    found: dict[int, Step] = {}
    try:
        for document in steps:
            members = {name: value for name, value in document.items() if name != "step"}
            decode = _DECODERS.get(str(document.get("step", "")))
            if decode is not None:
                step = decode(members)
                found[step.number] = step
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a step that is not understood: {error}") from error
    return list(found.values())


def numbers_done(steps: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    """The numbers of the steps that were recorded as done."""
    return frozenset(step["number"] for step in steps if step.get("step") == DONE)


def _worktree(members: dict[str, Any]) -> WorktreeStep:
    step = WorktreeStep(**members)
    return step._replace(
        branch=BranchName(step.branch) if step.branch else None,
        head=ObjectId(step.head) if step.head else None,
        beside=tuple(step.beside),
    )


def _branches(members: dict[str, Any]) -> BranchesStep:
    branches = tuple(
        RemovedBranch(BranchName(name), ObjectId(tip), start, length)
        for name, tip, start, length in members["branches"]
    )
    return BranchesStep(**{**members, "branches": branches})


def _config(members: dict[str, Any]) -> ConfigStep:
    pieces = tuple((str(name), int(start), int(length)) for name, start, length in members["pieces"])
    return ConfigStep(**{**members, "pieces": pieces})


def _plan(members: dict[str, Any]) -> PlanStep:
    return PlanStep(members["number"], PlanName(members["filename"]), members["key"])


_DECODERS: Final[Mapping[str, Any]] = {
    "worktree": _worktree,
    "branches": _branches,
    "config": _config,
    "plan": _plan,
}
