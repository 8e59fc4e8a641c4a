"""The ports that one plugin provides, whatever is configured, each opened on demand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.location import RepositoryLocation
    from git_kas.plugin.manager import PluginManager
    from git_kas.ports.activity import Activity
    from git_kas.ports.agent_runs import AgentRuns
    from git_kas.ports.branch_config import BranchConfig
    from git_kas.ports.cache import Cache
    from git_kas.ports.commands import Commands
    from git_kas.ports.contents import Contents, FileMerge
    from git_kas.ports.files import NewFiles, PlanFiles, PrivateFiles, Scratch, WorktreeFiles
    from git_kas.ports.git import Porcelain, Repository
    from git_kas.ports.inspection import AdminFiles, ProcessTable
    from git_kas.ports.locks import Locks
    from git_kas.ports.operations import OperationJournal
    from git_kas.ports.processes import Processes
    from git_kas.ports.signals import SignalBox
    from git_kas.ports.trash import AdminRecords, Trash
    from git_kas.ports.watch import Watch
    from git_kas.usecases.remembered_verdicts import ComparisonPorts

GIT_PLUGIN: Final = "gitcli"
FILES_PLUGIN: Final = "files"
PROCESS_PLUGIN: Final = "process"
_LIBGIT2_PLUGIN: Final = "pygit2"


class PluginPorts(ABC):
    """What is reached through ``plugins``, in the repository at ``location``."""

    plugins: PluginManager
    environment: Mapping[str, str]

    @property
    @abstractmethod
    def location(self) -> RepositoryLocation:
        """Where the repository is."""

    @cached_property
    def plan_files(self) -> PlanFiles:
        """Plan texts in worktrees."""
        return cast("PlanFiles", self.plugins.call(FILES_PLUGIN, "kas_plan_files"))

    @cached_property
    def worktree_files(self) -> WorktreeFiles:
        """Other files in worktrees."""
        return cast("WorktreeFiles", self.plugins.call(FILES_PLUGIN, "kas_worktree_files"))

    @cached_property
    def signal_box(self) -> SignalBox:
        """Sentinel files in worktrees."""
        return cast("SignalBox", self.plugins.call(FILES_PLUGIN, "kas_signal_box", location=self.location))

    @cached_property
    def watch(self) -> Watch:
        """What tells of changes on disk."""
        return cast("Watch", self.plugins.call(FILES_PLUGIN, "kas_watch"))

    @cached_property
    def locks(self) -> Locks:
        """Locks of the repository."""
        return cast("Locks", self.plugins.call(FILES_PLUGIN, "kas_locks", location=self.location))

    @cached_property
    def scratch(self) -> Scratch:
        """Throw-away folders."""
        return cast("Scratch", self.plugins.call(FILES_PLUGIN, "kas_scratch"))

    @cached_property
    def new_files(self) -> NewFiles:
        """Files that are there as a whole or not at all."""
        return cast("NewFiles", self.plugins.call(FILES_PLUGIN, "kas_new_files"))

    @cached_property
    def private_files(self) -> PrivateFiles:
        """Files that only their owner may read."""
        return cast("PrivateFiles", self.plugins.call(FILES_PLUGIN, "kas_private_files"))

    @cached_property
    def processes(self) -> Processes:
        """Other processes of this program."""
        found = self.plugins.call(PROCESS_PLUGIN, "kas_processes", environment=self.environment)
        return cast("Processes", found)

    @cached_property
    def admin_files(self) -> AdminFiles:
        """Files in Git's administrative folders."""
        return cast("AdminFiles", self.plugins.call(FILES_PLUGIN, "kas_admin_files", location=self.location))

    @cached_property
    def process_table(self) -> ProcessTable:
        """The processes of this machine."""
        return cast("ProcessTable", self.plugins.call(PROCESS_PLUGIN, "kas_process_table"))

    @cached_property
    def commands(self) -> Commands:
        """The runner of commands that the user has configured."""
        found = self.plugins.call(PROCESS_PLUGIN, "kas_commands", environment=self.environment)
        return cast("Commands", found)

    @cached_property
    def agent_runs(self) -> AgentRuns:
        """The runs of agents on this repository."""
        location, environment = self.location, self.environment
        found = self.plugins.call(PROCESS_PLUGIN, "kas_agent_runs", location=location, environment=environment)
        return cast("AgentRuns", found)

    @cached_property
    def operation_journal(self) -> OperationJournal:
        """The journal of the operations on this repository."""
        found = self.plugins.call(FILES_PLUGIN, "kas_operation_journal", location=self.location)
        return cast("OperationJournal", found)

    @cached_property
    def trash(self) -> Trash:
        """Where worktrees are moved to."""
        return cast("Trash", self.plugins.call(FILES_PLUGIN, "kas_trash", location=self.location))

    @cached_property
    def admin_records(self) -> AdminRecords:
        """Names of objects in Git's administrative folders."""
        return cast(
            "AdminRecords", self.plugins.call(FILES_PLUGIN, "kas_admin_records", location=self.location)
        )

    @cached_property
    def branch_config(self) -> BranchConfig:
        """The configuration of branches."""
        location, environment = self.location, self.environment
        found = self.plugins.call(GIT_PLUGIN, "kas_branch_config", location=location, environment=environment)
        return cast("BranchConfig", found)

    @cached_property
    def activity(self) -> Activity:
        """Who uses folders."""
        return cast("Activity", self.plugins.call(PROCESS_PLUGIN, "kas_activity"))

    @cached_property
    def porcelain(self) -> Porcelain:
        """The git program."""
        return cast("Porcelain", self.plugins.call(GIT_PLUGIN, "kas_porcelain", environment=self.environment))

    @cached_property
    def comparison(self) -> ComparisonPorts:
        """What the contents of branches are compared through."""
        from git_kas.usecases.remembered_verdicts import ComparisonPorts

        location, environment = self.location, self.environment
        contents = self.plugins.call(GIT_PLUGIN, "kas_contents", location=location, environment=environment)
        cache = self.plugins.call(FILES_PLUGIN, "kas_cache", location=location)
        return ComparisonPorts(cast("Contents", contents), self._open_file_merge, cast("Cache", cache))

    def repository_id(self) -> str:
        """By what shared stores know the repository; whatever ``kas.reader`` says, the cheapest is right."""
        from git_kas.usecases.repository_root import find_repository_id

        location, environment = self.location, self.environment
        cache = self.plugins.call(FILES_PLUGIN, "kas_cache", location=location)
        return find_repository_id(
            cast("Cache", cache),
            lambda: cast(
                "Repository",
                self.plugins.call(GIT_PLUGIN, "kas_repository", location=location, environment=environment),
            ),
        )

    def _open_file_merge(self) -> FileMerge:
        return cast("FileMerge", self.plugins.call(_LIBGIT2_PLUGIN, "kas_file_merge"))
