"""Tells every plugin that observes: the one hook that has many implementations, which pluggy calls.

It is loaded when somebody listens, because loading pluggy takes as long as a short command.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import pluggy

from git_kas.errors import KasError
from git_kas.plugin import spec
from git_kas.plugin.manager import OBSERVER_HOOK, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.transitions import PlanTransition
    from git_kas.ports.observer import Surroundings


class _Observers(pluggy.PluginManager):
    """Takes the functions that are named as the hook, without a mark on them."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        del plugin
        return pluggy.HookimplOpts() if name == OBSERVER_HOOK else None  # type: ignore[typeddict-item]  # all optional


class Observers:
    """The ``listeners``, modules by their plugin's name; ``warn`` gets a sentence about each that fails."""

    def __init__(self, listeners: Mapping[str, object], warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._pluggy = _Observers(spec.PROJECT)
        self._pluggy.add_hookspecs(spec)
        self._names: list[str] = []
        for name, module in sorted(listeners.items()):
            self._register(name, module)

    def _register(self, name: str, module: object) -> None:
        try:
            self._pluggy.register(module, name)
        except (pluggy.PluginValidationError, ValueError) as error:
            text = str(error).replace("\n", " ")
            self._warn(f"The plugin '{name}' was not told of a transition: {text}")
        else:
            self._names.append(name)

    def tell(self, transitions: Sequence[PlanTransition], surroundings: Surroundings) -> None:
        """Call every observer, in the order of their names, for each transition, whatever becomes of another.

        What an observer prints goes to standard error.
        """
        for transition in transitions:
            for name in self._names:
                self._tell_one(name, transition, surroundings)

    def _tell_one(self, name: str, transition: PlanTransition, surroundings: Surroundings) -> None:
        others = [self._pluggy.get_plugin(other) for other in self._names if other != name]
        # One at a time, as pluggy's call of them all ends with the first one that raises.
        call = self._pluggy.subset_hook_caller(OBSERVER_HOOK, others)
        try:
            with redirect_stdout(sys.stderr):
                call(transition=transition, surroundings=surroundings)
        except KeyboardInterrupt:
            raise
        except KasError as error:
            self._warn(f"{error.message} The transition of {transition.plan} itself is done.")
        except BaseException as error:  # a stranger's code may raise anything, SystemExit included
            said = describe(error)
            self._warn(
                f"The observer '{name}' failed: {said}. The transition of {transition.plan} itself is done."
            )
