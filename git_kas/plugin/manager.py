"""Finds plugins by their entry points, chooses one by its name, and keeps a broken one from harming others.

The entry points are read straight from the ``entry_points.txt`` of the installed distributions:
``importlib.metadata`` and pluggy's own loader cost several times the start of Python, and one broken plugin
stops the latter (LIBRARIES). pluggy checks that implementations fit their specifications.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import redirect_stdout
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from git_kas.errors import KasError, PluginUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

GROUP: Final = "git_kas"
OBSERVER_HOOK: Final = "kas_plan_transitioned"
_METADATA_FOLDERS: Final = (".dist-info", ".egg-info")
_HOOK: Final = re.compile(r"kas_[a-z_]+")


class _LoadError(Exception):
    """A plugin's module cannot be imported; the text says why."""


class EntryPoint(NamedTuple):
    """A plugin as its distribution announces it. ``distribution`` is name and version, such as ``x-1.0``."""

    name: str
    module: str
    distribution: str


class PluginReport(NamedTuple):
    """What came of loading a plugin; ``problem`` is empty for one that works."""

    entry_point: EntryPoint
    hooks: tuple[str, ...]
    problem: str


class PluginManager:
    """The plugins on one module search path (``sys.path``), read when first asked for."""

    def __init__(self, search_path: Sequence[str]) -> None:
        self._search_path = search_path
        self._entry_points: tuple[EntryPoint, ...] | None = None

    def entry_points(self) -> tuple[EntryPoint, ...]:
        """All announced plugins, sorted by name; of a distribution found twice, the first one counts."""
        if self._entry_points is None:
            self._entry_points = tuple(sorted(_discover(self._search_path)))
        return self._entry_points

    def call(self, name: str, hook: str, **arguments: object) -> Any:  # noqa: ANN401 - each hook has its own
        """Call the implementation of ``hook`` by the plugin ``name`` with those ``arguments`` it takes.

        Raises:
            PluginUnusable: there is no such plugin, more than one, it is broken, or it lacks the hook.
        """
        implementation = self._implementation(name, hook)
        required, optional = _parameters(implementation)
        if unknown := required - set(arguments):
            raise self._unusable(f"The plugin '{name}' asks {hook} for {', '.join(sorted(unknown))}.")
        taken = (required | optional) & set(arguments)
        try:
            return implementation(**{parameter: arguments[parameter] for parameter in taken})
        except KasError:
            raise
        except Exception as error:
            raise self._unusable(f"The plugin '{name}' failed in {hook}: {describe(error)}.") from error

    def _implementation(self, name: str, hook: str) -> FunctionType:
        announced = [entry_point for entry_point in self.entry_points() if entry_point.name == name]
        if not announced:
            raise self._unusable(f"There is no plugin named '{name}'.")
        if len(announced) > 1:
            distributions = " and ".join(entry_point.distribution for entry_point in announced)
            raise self._unusable(f"Several plugins are named '{name}', in {distributions}.")
        try:
            module = _load(announced[0])
        except _LoadError as error:
            raise self._unusable(f"The plugin '{name}' cannot be loaded: {error}.") from error
        implementation = _hook_of(module, hook)
        if implementation is None:
            raise self._unusable(f"The plugin '{name}' provides no function {hook}.")
        return implementation

    def provides(self, name: str, hook: str) -> bool:
        """Whether the one plugin ``name`` can be loaded and implements ``hook``."""
        try:
            self._implementation(name, hook)
        except PluginUnusable:
            return False
        return True

    def providers(self, hook: str) -> tuple[dict[str, object], list[str]]:
        """The modules that implement ``hook``, by their plugin's name; and why others cannot be asked."""
        names = [entry_point.name for entry_point in self.entry_points()]
        found: dict[str, object] = {}
        problems = []
        for entry_point in self.entry_points():
            name = entry_point.name
            if names.count(name) > 1:
                problems.append(f"Several plugins are named '{name}'.")
                continue
            try:
                module = _load(entry_point)
            except _LoadError as error:
                problems.append(f"The plugin '{name}' cannot be loaded: {error}.")
                continue
            if _hook_of(module, hook) is not None:
                found[name] = module
        return found, list(dict.fromkeys(problems))

    def reports(self) -> list[PluginReport]:
        """Load every plugin, and say which hooks it provides or what is wrong with it."""
        names = [entry_point.name for entry_point in self.entry_points()]
        return [
            PluginReport(entry_point, (), "another plugin has the same name")
            if names.count(entry_point.name) > 1
            else _report(entry_point)
            for entry_point in self.entry_points()
        ]

    @staticmethod
    def _unusable(message: str) -> PluginUnusable:
        return PluginUnusable(message, next_step="'git kas plugins' lists what is installed.")


def _discover(search_path: Sequence[str]) -> Iterator[EntryPoint]:
    seen: set[str] = set()
    for folder in search_path:
        for distribution, path in _metadata_folders(folder or os.curdir):
            project = re.sub(r"[-_.]+", "-", distribution.partition("-")[0]).lower()
            if project not in seen:
                seen.add(project)
                yield from _entry_points(path, distribution)


def _metadata_folders(folder: str) -> list[tuple[str, str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (entry.name.rpartition(".")[0], entry.path)
                for entry in entries
                if entry.name.endswith(_METADATA_FOLDERS)
            )
    except OSError:
        return []


def _entry_points(metadata_folder: str, distribution: str) -> Iterator[EntryPoint]:
    try:
        with open(os.path.join(metadata_folder, "entry_points.txt"), encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return
    if f"[{GROUP}]" not in text:
        return
    in_group = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            in_group = line == f"[{GROUP}]"
        elif in_group and "=" in line and not line.startswith(("#", ";")):
            name, _, module = line.partition("=")
            yield EntryPoint(name.strip(), module.strip(), distribution)


def _load(entry_point: EntryPoint) -> ModuleType:
    """The plugin's module; what it prints while it is imported goes to standard error."""
    try:
        with redirect_stdout(sys.stderr):
            return import_module(entry_point.module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a stranger's module may raise anything, SystemExit included
        raise _LoadError(describe(error)) from error


def _report(entry_point: EntryPoint) -> PluginReport:
    try:
        module = _load(entry_point)
    except _LoadError as error:
        return PluginReport(entry_point, (), f"cannot be loaded: {error}")
    hooks = tuple(sorted(name for name in vars(module) if _HOOK.fullmatch(name)))
    return PluginReport(entry_point, hooks, _misfit(module, hooks))


def _misfit(module: ModuleType, hooks: Sequence[str]) -> str:
    """What pluggy finds wrong with the module's hooks; empty if they fit their specifications."""
    if not hooks:
        return "provides no hook"
    if others := [name for name in hooks if not isinstance(getattr(module, name), FunctionType)]:
        return f"{', '.join(others)} is no function"
    import pluggy

    from git_kas.plugin import spec

    class Checker(pluggy.PluginManager):
        def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
            del plugin
            return pluggy.HookimplOpts() if name in hooks else None  # type: ignore[typeddict-item]  # all optional

    checker = Checker(spec.PROJECT)
    checker.add_hookspecs(spec)
    try:
        checker.register(module)
        checker.check_pending()
    except pluggy.PluginValidationError as error:
        return str(error).replace("\n", " ")
    return ""


def _parameters(implementation: FunctionType) -> tuple[set[str], set[str]]:
    """The names of the parameters without and with a default; ``inspect`` would cost more than the call."""
    code = implementation.__code__
    positional = code.co_varnames[: code.co_argcount]
    keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    count = len(implementation.__defaults__ or ())
    optional = {*positional[len(positional) - count :], *(implementation.__kwdefaults__ or ())}
    return {*positional, *keyword_only} - optional, optional


def _hook_of(module: object, hook: str) -> FunctionType | None:
    """The function by which ``module`` implements ``hook``, None if it does not."""
    found = getattr(module, hook, None)
    return found if isinstance(found, FunctionType) else None


def describe(error: BaseException) -> str:
    """What is to be said of an exception that a stranger's code raised, in one line without full stop."""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}".rstrip(".")
