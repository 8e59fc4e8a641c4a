"""Install, look at and uninstall the guard's hooks, beside whatever other hooks there are (DESIGN 9)."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from git_kas.domain.hook_layouts import Layout, interpreter_to_keep_name
from git_kas.domain.hook_places import (
    HOOKS_PATH,
    HUSKY_RUNNER,
    HookPlace,
    base_folder,
    hook_place,
    own_folder,
)
from git_kas.domain.hook_plan import Act, HookFile, HookView, Step, install_steps, uninstall_steps
from git_kas.domain.hook_status import Force, Seen, Trouble, force_of, troubles_of
from git_kas.domain.hooks import CLIENT_HOOKS, DEFAULT_SERVER_HOOKS, HookName, HookSide, ShimOptions
from git_kas.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from git_kas.domain.location import ConfigEntries, RepositoryLocation
    from git_kas.ports.git import Porcelain
    from git_kas.ports.hook_files import HookFiles


class HookScope(NamedTuple):
    """The repository, Git's configuration there, and the paths that are to be guarded."""

    location: RepositoryLocation
    config: ConfigEntries
    patterns: tuple[str, ...]


class HooksAsked(NamedTuple):
    """Which hooks: those named, else those of a server, else the usual ones.

    ``shared`` accepts that a folder serves other repositories as well.
    """

    hooks: tuple[HookName, ...] = ()
    server: bool = False
    shared: bool = False


class Effect(StrEnum):
    """What became of a hook."""

    INSTALLED = "installed"
    RENEWED = "renewed"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    RESTORED = "restored"
    ABSENT = "absent"


class HookOutcome(NamedTuple):
    """What was done at a hook; ``path`` is our file, ``chained`` what it runs, or what has its name again."""

    hook: HookName
    effect: Effect
    path: str
    layout: Layout
    chained: str = ""


class HooksChanged(NamedTuple):
    """What installing or uninstalling did, hook by hook, and what is worth knowing about it."""

    outcomes: Sequence[HookOutcome]
    remarks: Sequence[str] = ()


class HookState(NamedTuple):
    """How the guard works at a hook; ``path`` is where ours is or has to be, ``chained`` what it runs."""

    hook: HookName
    place: HookPlace
    path: str
    force: Force
    troubles: tuple[Trouble, ...]
    layout: Layout
    chained: str = ""


class _Plan(NamedTuple):
    place: HookPlace
    view: HookView
    steps: Sequence[Step]


class GuardHooks:
    """The guard's hooks in one repository."""

    def __init__(self, files: HookFiles, porcelain: Porcelain, scope: HookScope) -> None:
        self._files = files
        self._porcelain = porcelain
        self._scope = scope

    def install(self, asked: HooksAsked) -> HooksChanged:
        """Have the guard at the hooks that are ``asked`` for; what is there runs after it.

        Raises:
            UsageError: these hooks are of no use here, or their folder serves others as well.
            WouldLoseData, AlreadyExists: something is in the way; nothing was changed.
        """
        hooks = self._hooks(asked)
        places = {hook: self._place(hook.side) for hook in hooks}
        for place in set(places.values()):
            self._insist_on_own(place, shared=asked.shared)
        for place in set(places.values()):
            self._files.make_folder(place.folder)
        with ExitStack() as stack:
            self._be_alone(stack, (place.folder for place in places.values()))
            plans = [self._installing(hook, place) for hook, place in places.items()]
            self._carry_out(plans)
        outcomes = [self._installed(hook, plan) for hook, plan in zip(hooks, plans, strict=True)]
        return HooksChanged(outcomes, list(self._remarks(set(places.values()), outcomes)))

    def uninstall(self, asked: HooksAsked) -> HooksChanged:
        """Take the guard's hooks away; what was there before has its name again, as it was.

        Raises:
            WouldLoseData: one of ours was edited; nothing was changed.
        """
        hooks = asked.hooks or tuple(
            hook for hook in HookName if hook.side is HookSide.SERVER or not asked.server
        )
        own = own_folder(self._scope.location)
        outcomes: list[HookOutcome] = []
        with ExitStack() as stack:
            places = {hook: self._place(hook.side) for hook in hooks}
            folders = {
                hook: (own,) if self._serves_others(place, asked) else tuple(dict.fromkeys((place.folder, own)))
                for hook, place in places.items()
            }
            present = [folder for pair in folders.values() for folder in pair if self._files.is_folder(folder)]
            self._be_alone(stack, present)
            plans = [
                _Plan(places[hook]._replace(folder=folder), view, uninstall_steps(view))
                for hook in hooks
                for folder in folders[hook]
                for view in (self._files.view(folder, hook),)
            ]
            self._carry_out(plans)
            for folder in set(present):
                self._files.leave_folder(folder)
        outcomes = [
            _uninstalled(plan) for plan in plans if plan.steps or (asked.hooks and plan.place.folder != own)
        ]
        remarks = [remark for plan in plans for remark in _left_over(plan)]
        for place in sorted({place for place in places.values() if self._serves_others(place, asked)}):
            if any(self._own_is_in(place.folder, hook) for hook in hooks):
                remarks += [
                    f"{place.folder} serves other repositories, too: --shared takes the hooks out there."
                ]
        return HooksChanged(outcomes, remarks)

    def status(self, asked: HooksAsked) -> Sequence[HookState]:
        """How the guard works at the hooks that are asked for, and at those where ours is besides."""
        if asked.hooks:
            return [self._state(hook) for hook in asked.hooks]
        bare = self._is_bare
        chosen = set(DEFAULT_SERVER_HOOKS if asked.server or bare else CLIENT_HOOKS)
        states = [self._state(hook) for hook in HookName]
        return [state for state in states if state.hook in chosen or state.troubles != _NOTHING]

    # -- which and where -------------------------------------------------------------------------------------

    def _hooks(self, asked: HooksAsked) -> tuple[HookName, ...]:
        if asked.hooks:
            return tuple(dict.fromkeys(asked.hooks))
        if asked.server:
            return DEFAULT_SERVER_HOOKS
        if self._is_bare:
            raise UsageError(
                f"{self._scope.location.common_dir} is bare: nobody commits there.",
                next_step="--server installs the hook that judges what is pushed to it.",
            )
        return CLIENT_HOOKS

    @property
    def _is_bare(self) -> bool:
        location = self._scope.location
        return location.worktree is None and location.main_worktree is None

    def _place(self, side: HookSide) -> HookPlace:
        location, config = self._scope.location, self._scope.config
        expanded = config.text(HOOKS_PATH)
        if expanded.startswith(("~", "%(prefix)")):
            asked = ("config", "--type=path", "--get", "core.hooksPath")
            expanded = self._porcelain.run(base_folder(location, side), *asked).removesuffix("\n")
        place = hook_place(location, config, expanded, side, has_husky=False)
        has_husky = self._files.look(place.effective, HUSKY_RUNNER) is not None
        return hook_place(location, config, expanded, side, has_husky=has_husky)

    @staticmethod
    def _insist_on_own(place: HookPlace, *, shared: bool) -> None:
        if place.layout is Layout.COMMAND_PATH:
            raise UsageError(
                f"core.hooksPath is given for this command only ({place.effective}).",
                next_step="Run it without that.",
            )
        if place.layout is Layout.SHARED_PATH and not shared:
            raise UsageError(
                f"core.hooksPath is {place.effective} ({place.origin}): a hook there acts in every repository "
                "that uses it.",
                next_step="--shared installs it there all the same.",
            )

    @staticmethod
    def _serves_others(place: HookPlace, asked: HooksAsked) -> bool:
        return place.layout in {Layout.SHARED_PATH, Layout.COMMAND_PATH} and not asked.shared

    def _own_is_in(self, folder: str, hook: HookName) -> bool:
        return any(found.own for found in self._files.view(folder, hook).files.values())

    def _is_versioned(self, place: HookPlace) -> bool:
        """Whether what is put there would be committed, and so get to others."""
        location = self._scope.location
        folder, common = self._files.resolved(place.folder), self._files.resolved(location.common_dir)
        top = location.worktree or location.main_worktree
        if top is None or _is_inside(folder, common) or not _is_inside(folder, self._files.resolved(top)):
            return False
        name = f"{folder}/{HookName.PRE_COMMIT}"
        return self._porcelain.attempt(top, "check-ignore", "--quiet", "--", name).status == 1

    # -- installing ------------------------------------------------------------------------------------------

    def _be_alone(self, stack: ExitStack, folders: Iterable[str]) -> None:
        for folder in sorted({self._files.resolved(folder) for folder in folders}):
            stack.enter_context(self._files.exclusive(folder))

    def _installing(self, hook: HookName, place: HookPlace) -> _Plan:
        view = self._files.view(place.folder, hook)
        program = "" if self._is_versioned(place) else self._files.program()
        return _Plan(
            place, view, install_steps(view, lambda chained: self._shim(hook, place, chained, program))
        )

    def _shim(self, hook: HookName, place: HookPlace, chained: bytes, program: str) -> bytes:
        return self._files.shim(hook, self._options(place, chained, program))

    def _options(self, place: HookPlace, chained: bytes, program: str) -> ShimOptions:
        reader = "" if place.by_shell else interpreter_to_keep_name(chained)
        return ShimOptions(self._scope.patterns, program, place.by_shell, reader)

    def _carry_out(self, plans: Iterable[_Plan]) -> None:
        for plan in plans:
            for step in plan.steps:
                self._files.take(plan.view.folder, step)

    def _installed(self, hook: HookName, plan: _Plan) -> HookOutcome:
        view = self._files.view(plan.place.folder, hook)
        before = plan.view.files.get(plan.view.slot)
        effect = Effect.UNCHANGED
        if plan.steps:
            effect = Effect.RENEWED if before and before.own else Effect.INSTALLED
        path = f"{view.folder}/{view.slot}"
        return HookOutcome(hook, effect, path, view.layout, _chained(view))

    def _remarks(self, places: Iterable[HookPlace], outcomes: Sequence[HookOutcome]) -> Iterable[str]:
        for place in sorted(places):
            top = self._scope.location.worktree or self._scope.location.main_worktree
            if self._is_versioned(place):
                yield (
                    f"{place.folder} is shared through Git: commit what was put there, with every file whose "
                    "name ends in .chained-by-git-kas. git-kas is looked for on the PATH."
                )
            elif place.layout is Layout.LOCAL_PATH and top and not self._is_within(place, top):
                yield f"{place.folder} is outside of this repository: whoever else uses it gets the guard, too."
            if place.is_relative and place.layout is not Layout.PLAIN and self._scope.location.worktree:
                yield f"core.hooksPath is relative: each worktree has a folder of its own, {place.effective}."
        for layout in dict.fromkeys(outcome.layout for outcome in outcomes):
            if layout in {Layout.LEFTHOOK, Layout.PRE_COMMIT}:
                yield f"{layout}: {layout.bypass.replace('`', '')}."

    def _is_within(self, place: HookPlace, top: str) -> bool:
        folder = self._files.resolved(place.folder)
        own = (top, self._scope.location.common_dir)
        return any(_is_inside(folder, self._files.resolved(path)) for path in own)

    # -- status ----------------------------------------------------------------------------------------------

    def _state(self, hook: HookName) -> HookState:
        place = self._place(hook.side)
        view = self._files.view(place.folder, hook)
        ours = view.files.get(view.slot)
        own = ours.own if ours else None
        program = own.options.program if own and own.options else ""
        chained = view.files.get(view.chained)
        options = self._options(place, chained.data if chained else b"", program)
        seen = Seen(
            self._files.shim(hook, options),
            options,
            self._files.finds_program(program),
            self._is_elsewhere(hook, place),
            self._has_runner(hook, place),
            place.layout is Layout.COMMAND_PATH,
            place.by_shell,
        )
        troubles = tuple(troubles_of(view, seen))
        path = f"{view.folder}/{view.slot}"
        return HookState(hook, place, path, force_of(troubles), troubles, view.layout, _chained(view))

    def _is_elsewhere(self, hook: HookName, place: HookPlace) -> bool:
        folder = own_folder(self._scope.location)
        return folder != place.folder and self._own_is_in(folder, hook)

    def _has_runner(self, hook: HookName, place: HookPlace) -> bool:
        if place.layout is not Layout.HUSKY_9:
            return True
        runner: HookFile | None = self._files.look(place.effective, hook)
        return runner is not None and runner.executable


_NOTHING = (Trouble.NOT_INSTALLED,)


def _uninstalled(plan: _Plan) -> HookOutcome:
    view = plan.view
    hook = HookName(view.hook)  # type: ignore[call-arg]  # mypy takes the arguments of __new__ for the lookup's
    back = next((step.to for step in plan.steps if step.act is Act.MOVE), "")
    effect = Effect.RESTORED if back else Effect.REMOVED if plan.steps else Effect.ABSENT
    path = f"{view.folder}/{back or view.slot}"
    return HookOutcome(hook, effect, path, view.layout, path if back else "")


def _left_over(plan: _Plan) -> Iterable[str]:
    """What stays although it was ours to move, because somebody has taken its place."""
    view = plan.view
    touched = {name for step in plan.steps for name in (step.name, step.to)}
    if view.chained in view.files and view.chained not in touched:
        yield (
            f"{view.folder}/{view.chained} stays: another hook has taken its place. It is what ran before "
            "git-kas was installed."
        )


def _chained(view: HookView) -> str:
    return f"{view.folder}/{view.chained}" if view.chained in view.files else ""


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
