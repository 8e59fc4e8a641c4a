"""Where a run of git-kas is, its configuration, and the ports it reaches the world through, each on demand."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, cast

from git_kas.config import POLICY_FILE, Configuration, PolicyFile, Setting, named
from git_kas.domain.names import relative_folder
from git_kas.errors import InvalidConfiguration, InvalidName, KasError, NotARepository, UsageError
from git_kas.plugin.manager import OBSERVER_HOOK, PluginManager
from git_kas.plugin_ports import FILES_PLUGIN, GIT_PLUGIN, PROCESS_PLUGIN, PluginPorts
from git_kas.ports.store import Store, StoreRequest, no_repository
from git_kas.system_clock import SystemClock
from git_kas.usecases.observed_store import ObservedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.base import Base, References
    from git_kas.domain.ledger import Outcome
    from git_kas.domain.lifecycle import Actor
    from git_kas.domain.location import ConfigEntries, GitFolders, RepositoryLocation
    from git_kas.domain.mutation import Author
    from git_kas.plugin.observers import Observers
    from git_kas.ports.forge import Forge
    from git_kas.ports.git import GitConfig, GitFolderReader, Repository
    from git_kas.ports.progress import Progress
    from git_kas.ports.runner import Runner


class Workspace(PluginPorts):
    """One folder with its repository, configuration and ports.

    ``options`` are values from the command line, by configuration key.
    """

    def __init__(
        self, folder: str, environment: Mapping[str, str], options: Mapping[str, str], progress: Progress
    ) -> None:
        self.folder = folder
        self.environment = environment
        self.progress = progress
        self._options = options
        self.plugins = PluginManager(sys.path)
        self.warnings: list[str] = []  # what observers had to complain of

    def close(self) -> None:
        """Free what was opened and is held open: a database takes its log in when its last user closes it."""
        if "store" in self.__dict__:
            self.store.close()

    # -- where we are ----------------------------------------------------------------------------------------

    @property
    def location(self) -> RepositoryLocation:
        """Where the repository is.

        Raises:
            NotARepository: there is none.
        """
        if self._location is None:
            if explicit := self.environment.get("GIT_DIR"):
                raise NotARepository(
                    f"GIT_DIR is set to {explicit}, and that is no Git repository.", next_step="Unset GIT_DIR."
                )
            raise NotARepository(
                f"{self.folder} is not in a Git repository.", next_step="Change to a repository's folder."
            )
        return self._location

    @cached_property
    def _location(self) -> RepositoryLocation | None:
        folders = self._folders
        return self.git_folders.locate(folders, self.git_entries) if folders else None

    @cached_property
    def git_folders(self) -> GitFolderReader:
        """The reader of Git's administrative folders."""
        return cast("GitFolderReader", self.plugins.call(FILES_PLUGIN, "kas_git_folders"))

    @cached_property
    def git_entries(self) -> ConfigEntries:
        """Git's configuration."""
        reader = self.plugins.call(GIT_PLUGIN, "kas_git_config", environment=self.environment)
        return cast("GitConfig", reader).read(self.folder, self._folders)

    @cached_property
    def _folders(self) -> GitFolders | None:
        return self.git_folders.find(self.folder, self.environment)

    # -- configuration ---------------------------------------------------------------------------------------

    @cached_property
    def config(self) -> Configuration:
        """All sources of configuration."""
        return Configuration(
            options=self._options,
            environment=self.environment,
            git=self.git_entries,
            read_policy=self._read_policy,
        )

    @cached_property
    def author(self) -> Author:
        """On whose behalf plans are changed: the role in KAS_ACTOR, and the user's name for Git or the system.

        Raises:
            UsageError: KAS_ACTOR is no role.
        """
        from git_kas.domain.mutation import Author

        actor = self.actor
        name = self.git_entries.text("user.name") or self.environment.get("USER", "")
        return Author(actor, name.encode("utf-8", "replace").decode())

    @property
    def actor(self) -> Actor:
        """The role in KAS_ACTOR; whoever needs no more asks nothing of Git.

        Raises:
            UsageError: KAS_ACTOR is no role.
        """
        from git_kas.domain.lifecycle import Actor

        word = self.environment.get("KAS_ACTOR") or Actor.USER
        if word not in set(Actor):
            raise UsageError(f"KAS_ACTOR is '{word}'.", next_step=f"Use one of: {', '.join(Actor)}.")
        return Actor(word)

    @property
    def project(self) -> Setting:
        """The name under which a shared store keeps this repository's plans."""
        setting = self.config.setting("project")
        if setting.source != "default":
            return setting
        from git_kas.domain.location import project_name

        return Setting("project", project_name(self.location), "folder name")

    @property
    def plans_folder(self) -> Setting:
        """The folder of plan texts, relative to a worktree."""
        setting = self.config.setting("plans")
        try:
            return setting._replace(value=relative_folder(setting.value))
        except InvalidName as error:
            raise InvalidConfiguration(
                f"{setting.source}: {error.message}", next_step=error.next_step
            ) from error

    @cached_property
    def base(self) -> Base | None:
        """The base branch, or None where the repository has none."""
        from git_kas.domain.base import choose_base

        configured = self.config.branch("base")
        if configured is None:
            return self._base_without_policy
        base = choose_base([configured], self.references)
        if base is None and self.references.branches:
            setting = self.config.setting("base")
            raise InvalidConfiguration(
                f"{setting.source}: the base branch '{configured}' does not exist.",
                next_step="Name an existing branch, or remove the setting.",
            )
        return base

    @cached_property
    def _base_without_policy(self) -> Base | None:
        from git_kas.domain.base import choose_base, default_candidates

        setting = self.config.without_policy("base")
        if setting:
            return choose_base([setting.value], self.references)
        default_branch = self.git_entries.text("init.defaultbranch")
        return choose_base(default_candidates(self.references.remote_head, default_branch), self.references)

    def _read_policy(self) -> PolicyFile | None:
        if self._location is None or self._base_without_policy is None:
            return None
        base = self._base_without_policy
        data = self.repository.read_file(base.tip, POLICY_FILE)
        return PolicyFile(data, f"{base.name}:{POLICY_FILE}") if data is not None else None

    # -- ports -----------------------------------------------------------------------------------------------

    @cached_property
    def repository(self) -> Repository:
        """The reader of references and history that ``kas.reader`` names."""
        return cast("Repository", self._chosen("reader", "kas_repository", location=self.location))

    @cached_property
    def references(self) -> References:
        """The references of the repository, read once."""
        from git_kas.domain.base import References

        repository = self.repository
        return References(
            repository.local_branches(),
            repository.remote_branches(),
            repository.symbolic_target("refs/remotes/origin/HEAD"),
        )

    @cached_property
    def store(self) -> Store:
        """The plan store that ``kas.store`` names; observers are told of what is committed through it."""
        found = self.open_store(
            self.config.setting("store"),
            lambda: self.project.value,
            environment=self.environment,
            find_repository=self.repository_id,
        )
        return ObservedStore(found, self._tell_observers)

    def open_store(
        self,
        setting: Setting,
        find_project: Callable[[], str],
        *,
        environment: Mapping[str, str],
        find_repository: Callable[[], str] = no_repository,
    ) -> Store:
        """The plan store at the URL ``setting``, opened for one project and with what ``environment`` holds.

        Other repositories' projects may be read too, so only ``find_repository`` tells the store where we are.
        """
        request = StoreRequest(
            setting.value,
            self.location,
            find_project,
            lambda: self.plans_folder.value,
            self.clock,
            lambda: self.watch,
            self.tracking_branches,
            environment,
            find_repository,
        )
        with named(setting):
            found = self.plugins.call(setting.value.partition(":")[0], "kas_store", request=request)
        return cast("Store", found)

    def _tell_observers(self, outcome: Outcome) -> None:
        from git_kas.domain.transitions import transitions_of
        from git_kas.ports.observer import Surroundings

        try:
            command = self.config.setting("on_transition").value
            told = transitions_of(self.project.value, outcome)
            if observers := self._observers(command):
                observers.tell(told, Surroundings(self.location, self.environment, command))
        except KasError as error:  # what is to be told is committed, whether it can be told or not
            self.warnings.append(f"No observer was told of the transition: {error.message}")

    def _observers(self, command: str) -> Observers | None:
        """Who is told of transitions. The plugin that runs ``command`` has nothing to do without one."""
        listeners, problems = self._listeners
        unasked = "If it observes, it was not told of the transition."
        self.warnings += [f"{problem} {unasked}" for problem in problems]
        asked = {name: module for name, module in listeners.items() if command or name != PROCESS_PLUGIN}
        if not asked:
            return None
        from git_kas.plugin.observers import Observers

        return Observers(asked, self.warnings.append)

    @cached_property
    def _listeners(self) -> tuple[Mapping[str, object], Sequence[str]]:
        return self.plugins.providers(OBSERVER_HOOK)

    def tracking_branches(self, path: str) -> list[str]:
        """The branches, local and remote-tracking, whose tips hold a file at ``path``."""
        references = self.references
        tips = {branch.name.ref: branch.tip for branch in references.branches if branch.tip}
        tips |= references.remote_branches
        held = self.repository.existing_paths([(tip, path) for tip in tips.values()])
        return [ref for ref, exists in zip(tips, held, strict=True) if exists]

    @cached_property
    def runner(self) -> Runner:
        """What starts agents, which ``kas.runner`` names."""
        return cast("Runner", self._chosen("runner", "kas_runner", location=self.location))

    @cached_property
    def forge(self) -> Forge:
        """The forge that ``kas.forge`` names."""
        return cast("Forge", self._chosen("forge", "kas_forge", folder=self.location.top))

    def _chosen(self, key: str, hook: str, **place: object) -> object:
        """What the plugin makes that the configuration's ``key`` names."""
        setting = self.config.setting(key)
        with named(setting):
            return self.plugins.call(setting.value, hook, **place, environment=self.environment)

    @property
    def clock(self) -> SystemClock:
        """The time of day."""
        return SystemClock()
