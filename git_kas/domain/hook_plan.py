"""Which steps put a hook of ours into a folder and take it out, whatever is there, and so after any crash.

A hook that is there keeps running at every moment: first it gets a second name, then ours takes its place by a
rename; uninstalling renames it back. Planned is from what is seen, so that running again after a crash ends
what was begun.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.hook_layouts import (
    CHAINED_SUFFIX,
    LEGACY_SUFFIX,
    NEW_SUFFIX,
    OLD_SUFFIX,
    Layout,
    recognise_tool,
)
from git_kas.errors import AlreadyExists, WouldLoseData

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.hooks import OwnShim


_WRITES_OVER_ITS_OWN: Final = frozenset({Layout.LEFTHOOK, Layout.HUSKY_4})


class HookFile(NamedTuple):
    """What is at a name in a hooks folder.

    ``data`` are its bytes, through a link, and none for a link that leads nowhere. ``stamp`` is equal for two
    names of the same file, and for a faithful copy. ``executable`` is what Git asks before it runs a hook.
    ``replaceable`` is False for a folder and the like. ``own`` describes a hook that git-kas has written.
    """

    data: bytes
    stamp: tuple[object, ...]
    executable: bool = True
    replaceable: bool = True
    own: OwnShim | None = None

    @property
    def is_intact(self) -> bool:
        """Whether it is ours as we wrote it."""
        return self.own is not None and self.own.intact

    @property
    def is_edited(self) -> bool:
        """Whether it is ours, and somebody has changed it."""
        return self.own is not None and not self.own.intact


class Act(StrEnum):
    """What a step does."""

    KEEP = "keep"
    """Give the file another name as well."""
    PUT = "put"
    """Write ours, first under the other name, then in place of what is there."""
    MOVE = "move"
    """Rename, in place of what is there."""
    REMOVE = "remove"


class Step(NamedTuple):
    """One change of a hooks folder, which is made as a whole or not at all."""

    act: Act
    name: str
    to: str = ""
    data: bytes = b""


class HookView(NamedTuple):
    """A hook in a folder, with all that stands there under a name derived from its own.

    ``links`` are other names in the folder that are links to its file.
    """

    hook: str
    folder: str
    files: Mapping[str, HookFile]
    links: Sequence[str] = ()

    @property
    def chained(self) -> str:
        """The name under which ours runs what was there before."""
        return self.hook + CHAINED_SUFFIX

    @property
    def slot(self) -> str:
        """The name at which ours has to be."""
        main = self.files.get(self.hook)
        is_framework = main is not None and not main.own and recognise_tool(main.data) is Layout.PRE_COMMIT
        return self.hook + LEGACY_SUFFIX if is_framework else self.hook

    @property
    def strays(self) -> list[str]:
        """The names where ours may be besides, and is of no use."""
        return [name for name in names_of(self.hook)[:3] if name != self.slot]

    @property
    def layout(self) -> Layout:
        """Whose hook it is that ours is added to."""
        for name in (self.hook, self.chained):
            found = self.files.get(name)
            if found and not found.own:
                return recognise_tool(found.data)
        return Layout.NONE


def names_of(hook: str) -> tuple[str, str, str, str, str]:
    """All names that matter: its own, pre-commit's and lefthook's for what they displace, and our two."""
    return (
        hook,
        hook + LEGACY_SUFFIX,
        hook + OLD_SUFFIX,
        hook + CHAINED_SUFFIX,
        hook + NEW_SUFFIX,
    )


def install_steps(view: HookView, shim_for: Callable[[bytes], bytes]) -> Sequence[Step]:
    """The steps after which ours is in force and what was there runs after it; none if it is so already.

    ``shim_for`` makes ours, given the bytes of what runs after it (none where nothing does).

    Raises:
        WouldLoseData: ours was edited, or other hooks are links to what is there.
        AlreadyExists: something is in the way.
    """
    plan = _Plan(view)
    plan.insist_on_files()
    slot = view.slot
    ours_in_place = plan.is_ours(slot)
    for name in view.strays:
        if plan.is_ours(name):
            plan.take_out(name, give_back=not ours_in_place)
    there = plan.files.get(slot)
    if there is not None and there.is_edited:
        raise edited(view, slot)
    if there is not None and not there.own:
        plan.keep(slot)
    chained = plan.files.get(view.chained)
    shim = shim_for(chained.data if chained else b"")
    if there is None or there.data != shim or not there.executable:
        plan.add(Step(Act.PUT, slot, view.hook + NEW_SUFFIX, shim))
    plan.sweep()
    return plan.steps


def uninstall_steps(view: HookView) -> Sequence[Step]:
    """The steps after which nothing of ours is there, and what was there before has its name again.

    Raises:
        WouldLoseData: ours was edited.
    """
    plan = _Plan(view)
    for name in (view.slot, *view.strays):
        found = plan.files.get(name)
        if found is not None and found.is_edited:
            raise edited(view, name)
        if plan.is_ours(name):
            plan.take_out(name, give_back=True)
    if view.chained in plan.files:
        there = plan.files.get(view.hook)
        if plan.is_second_name(view.slot) or (there is not None and plan.is_same_tool(there)):
            plan.add(Step(Act.REMOVE, view.chained))  # an installation stopped half-way, or a tool wrote anew
        elif view.hook not in plan.files:  # ours was removed by hand
            plan.add(Step(Act.MOVE, view.chained, view.hook))
    plan.sweep()
    return plan.steps


def edited(view: HookView, name: str) -> WouldLoseData:
    """The error about a hook of ours that somebody has changed."""
    return WouldLoseData(
        f"{view.folder}/{name} was written by git-kas and changed by somebody since.",
        next_step=(
            f"Move what was added into {view.chained}, which runs after it, and remove the changed file; "
            "then run this again. --hook leaves this hook out."
        ),
    )


class _Plan:
    """Steps, with what would be in the folder after them."""

    def __init__(self, view: HookView) -> None:
        self.files = dict(view.files)
        self.steps: list[Step] = []
        self._view = view

    def is_ours(self, name: str) -> bool:
        """Whether the file at ``name`` is ours, and as we wrote it."""
        found = self.files.get(name)
        return found is not None and found.is_intact

    def is_second_name(self, name: str) -> bool:
        """Whether the chained file is the one at ``name``, or a faithful copy of it."""
        one, other = self.files.get(name), self.files.get(self._view.chained)
        return one is not None and other is not None and one.stamp == other.stamp

    def insist_on_files(self) -> None:
        """Refuse where something cannot be replaced."""
        for name, found in self.files.items():
            if not found.replaceable and name in {self._view.slot, self._view.chained}:
                raise AlreadyExists(
                    f"{self._view.folder}/{name} is no file.", next_step="Move it out of the way."
                )

    def take_out(self, name: str, *, give_back: bool) -> None:
        """Take ours away from ``name``; what it has displaced comes back to that name."""
        chained = self._view.chained
        if give_back and chained in self.files and not self._is_replaced(name):
            self.add(Step(Act.MOVE, chained, name))
            return
        if give_back and chained in self.files:
            self.add(Step(Act.REMOVE, chained))  # first: while ours is there, the next run knows what it is
        self.add(Step(Act.REMOVE, name))

    def _is_replaced(self, name: str) -> bool:
        """Whether a tool that moved ours to ``name`` has written the chained hook, too, and has done so anew.

        Without us it would have written over its own file.
        """
        written = self.files.get(self._view.hook)
        return written is not None and written is not self.files[name] and self.is_same_tool(written)

    def is_same_tool(self, there: HookFile) -> bool:
        """Whether the tool that wrote the chained hook has written ``there`` as well."""
        tool = recognise_tool(there.data)
        return tool in _WRITES_OVER_ITS_OWN and tool is recognise_tool(self.files[self._view.chained].data)

    def keep(self, name: str) -> None:
        """Have what is at ``name`` under the chained name as well."""
        view = self._view
        if view.links:
            raise WouldLoseData(
                f"{', '.join(view.links)} in {view.folder} are links to {name} and would run ours instead.",
                next_step="Make them files of their own, or links to a file that is no hook itself.",
            )
        if self.is_second_name(name):
            return
        if view.chained in self.files and self.is_same_tool(self.files[name]):
            self.add(Step(Act.REMOVE, view.chained))
        if view.chained not in self.files:
            self.add(Step(Act.KEEP, name, view.chained))
        else:
            raise AlreadyExists(
                f"{view.folder} has a hook {name} that is not ours, and still {view.chained} from before.",
                next_step=f"Decide whether {view.chained} is still needed; move it elsewhere, or into {name}.",
            )

    def sweep(self) -> None:
        """Remove what an interrupted run has left."""
        new = self._view.hook + NEW_SUFFIX
        if new in self.files and not any(step.act is Act.PUT for step in self.steps):
            self.add(Step(Act.REMOVE, new))

    def add(self, step: Step) -> None:
        """Take ``step``, and have the files as they are after it."""
        self.steps.append(step)
        if step.act is Act.PUT:
            self.files[step.name] = HookFile(step.data, ())
        elif step.act is Act.KEEP:
            self.files[step.to] = self.files[step.name]
        else:
            moved = self.files.pop(step.name)
            if step.act is Act.MOVE:
                self.files[step.to] = moved
