"""Configuration: which keys there are, where their values come from, and which one counts (DESIGN 4).

Precedence, first match wins: command line, environment, Git's configuration (command, local, global, system),
the user's ``config.toml`` in the XDG folder, the earlier system's ``config.toml`` and then its ``config.json``,
the repository's committed ``.kas.toml``, the default. Each key lists the sources it has. Git's *worktree* scope
never counts, and ``.kas.toml`` never chooses a store: both differ per branch or worktree.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.config_files import OUR_FILE, parse_toml, read_user_files
from git_kas.config_keys import KEY_BY_NAME, KEYS, ConfigKey, ValueType
from git_kas.domain.location import ConfigEntries, ConfigEntry, ConfigScope
from git_kas.domain.secrets import without_password
from git_kas.errors import InvalidConfiguration, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from git_kas.domain.names import BranchName

POLICY_FILE: Final = ".kas.toml"

_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,6}")


_WHOLE_NUMBERS: Final = frozenset({ValueType.DAYS, ValueType.NUMBER})
_TYPE_WORDS: Final = {
    ValueType.TEXT: "a text",
    ValueType.TEXTS: "a list of texts",
    **dict.fromkeys(_WHOLE_NUMBERS, "a whole number"),
}


class Setting(NamedTuple):
    """A value and where it comes from. A default that depends on the repository has the source ``default``."""

    key: str
    value: str
    source: str

    @property
    def shown(self) -> str:
        """The value as it may be shown: without the password of a URL."""
        return without_password(self.value)


class PolicyFile(NamedTuple):
    """A committed ``.kas.toml``: its bytes, and its place as ``<branch>:.kas.toml``."""

    data: bytes
    place: str


class Configuration:
    """All sources of configuration of one run.

    ``options`` are values given on the command line, by key name. ``read_policy`` is called at most once, when
    a key that may stand in ``.kas.toml`` is set nowhere before it; it returns None where there is no such file.
    """

    def __init__(
        self,
        *,
        options: Mapping[str, str],
        environment: Mapping[str, str],
        git: ConfigEntries,
        read_policy: Callable[[], PolicyFile | None] | None = None,
    ) -> None:
        self._options = options
        self._environment = environment
        self._git = git
        self._read_policy = read_policy
        self._policy: tuple[Mapping[str, object], str] | None = None
        self._user_files: list[tuple[Mapping[str, object], str]] | None = None

    def without_policy(self, name: str) -> Setting | None:
        """The setting of ``name`` as far as it does not come from ``.kas.toml`` or a default."""
        key = KEY_BY_NAME[name]
        if value := self._options.get(name):
            return Setting(name, value, f"option {key.option}")
        if key.variable and (value := self._environment.get(key.variable)):
            return Setting(name, value, f"environment {key.variable}")
        return self._from_git(key) or self._from_user_files(key)

    def setting(self, name: str) -> Setting:
        """The setting that counts for ``name``; the default's text if nothing sets it.

        Raises:
            InvalidConfiguration: a file cannot be parsed, or the value is not of the key's type.
        """
        key = KEY_BY_NAME[name]
        return self.without_policy(name) or self._from_policy(key) or Setting(name, key.default, "default")

    def days(self, name: str) -> int:
        """The setting of ``name`` as a number of days."""
        return _counted(self.setting(name), "number of days", 3)

    def number(self, name: str) -> int:
        """The setting of ``name`` as a whole number."""
        return _counted(self.setting(name), "whole number", 4)

    def texts(self, name: str) -> tuple[str, ...]:
        """The setting of ``name`` as a list of texts."""
        return tuple(text for text in self.setting(name).value.split("\n") if text)

    def branch(self, name: str) -> BranchName | None:
        """The setting of ``name`` as a branch, None if only a default applies."""
        from git_kas.domain.names import BranchName
        from git_kas.errors import InvalidName

        setting = self.setting(name)
        if setting.source == "default":
            return None
        try:
            return BranchName(setting.value)
        except InvalidName as error:
            raise InvalidConfiguration(
                f"{_where(setting)}: {error.message}", next_step=error.next_step
            ) from error

    def ignored(self) -> list[str]:
        """Sentences about settings that stand where they do not count, or that nobody knows."""
        entries = [entry for entry in self._git if entry.key.startswith("kas.")]
        in_git = [(f"{entry.key} in {entry.origin}", _why_not_in_git(entry)) for entry in entries]
        values, place = self._policy_values()
        known = {key.policy for key in KEYS if key.policy}
        in_policy = [(f"'{word}' in {place}", _why_not(word)) for word in values if word not in known]
        known = {key.user for key in KEYS if key.user}
        in_ours = [
            (f"'{word}' in {path}", "there is no such key")
            for values, path in self._user_values()
            if path.endswith(OUR_FILE)
            for word in values
            if word not in known
        ]
        return [f"{what} does not count: {why}." for what, why in (*in_git, *in_policy, *in_ours) if why]

    def _from_git(self, key: ConfigKey) -> Setting | None:
        if not key.git:
            return None
        entries = [entry for entry in self._git.all(key.git.lower()) if entry.scope is not ConfigScope.WORKTREE]
        if not entries:
            return None
        if key.type is ValueType.TEXTS:
            return Setting(key.name, "\n".join(entry.value for entry in entries), _origin(key, entries[-1]))
        return Setting(key.name, entries[-1].value, _origin(key, entries[-1]))

    def _from_user_files(self, key: ConfigKey) -> Setting | None:
        if not key.user:
            return None
        for values, path in self._user_values():
            if key.user in values:
                return Setting(key.name, _text(values[key.user], key, path), path)
        return None

    def _user_values(self) -> list[tuple[Mapping[str, object], str]]:
        if self._user_files is None:
            self._user_files = read_user_files(self._environment)
        return self._user_files

    def _from_policy(self, key: ConfigKey) -> Setting | None:
        if not key.policy:
            return None
        values, place = self._policy_values()
        if key.policy not in values:
            return None
        return Setting(key.name, _text(values[key.policy], key, place), place)

    def _policy_values(self) -> tuple[Mapping[str, object], str]:
        if self._policy is None:
            file = self._read_policy() if self._read_policy else None
            self._policy = (parse_toml(file.data, file.place), file.place) if file else ({}, "")
        return self._policy


def _text(value: object, key: ConfigKey, place: str) -> str:
    if key.type is ValueType.TEXTS:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return "\n".join(value)
    elif key.type in _WHOLE_NUMBERS:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_000_000:
            return str(value)
    elif isinstance(value, str):
        return value
    word = _TYPE_WORDS[key.type]
    name = key.policy if place.endswith(POLICY_FILE) else key.user
    raise InvalidConfiguration(f"{place}: '{name}' is not {word}.", next_step=f"It is {key.meaning}.")


def _origin(key: ConfigKey, entry: ConfigEntry) -> str:
    return f"git config {key.git} ({entry.scope}, {entry.origin})"


def _counted(setting: Setting, what: str, example: int) -> int:
    if not _WHOLE_NUMBER.fullmatch(setting.value):
        raise InvalidConfiguration(
            f"{_where(setting)}: '{setting.value}' is no {what}.",
            next_step=f"Use a whole number such as {example}.",
        )
    return int(setting.value)


def _where(setting: Setting) -> str:
    return f"{setting.source}, key '{setting.key}'"


def _why_not_in_git(entry: ConfigEntry) -> str:
    if entry.scope is ConfigScope.WORKTREE:
        return "kas.* keys are not read per worktree"
    known = any(key.git.lower() == entry.key for key in KEYS)
    return "" if known else "there is no such key"


def _why_not(word: str) -> str:
    if word in {"store", "plan_store"}:
        return "a committed file may not choose the plan store, because it differs per branch"
    if word.startswith("guard"):
        return "a committed file may not say what is guarded, because what is pushed would decide on itself"
    if word in {"test_command", "testCommand", "on_transition", "onTransition"} or word.startswith("agent"):
        return "a committed file may not choose a command to run"
    return "there is no such key"


@contextmanager
def named(setting: Setting) -> Iterator[None]:
    """Say in an error about a plugin or its name which setting asked for it."""
    try:
        yield
    except UsageError as error:
        error.message = f"{setting.source}, '{setting.shown}': {error.message}"
        raise
