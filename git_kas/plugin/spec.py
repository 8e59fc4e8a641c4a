"""Every hook a plugin may implement.

A plugin is a module named by an entry point of the group ``git_kas``; the entry point's name is the plugin's
name. Each function in it that is named as a hook below implements that hook, with the same parameters; it may
leave out those it does not need. The module must not import its library at import time.

Hooks are of two kinds. Of a *provider hook* exactly one plugin, chosen by name, is called. The *observer hook*
``kas_plan_transitioned`` is called in every plugin that has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.transitions import PlanTransition
    from git_kas.ports.activity import Activity
    from git_kas.ports.agent_runs import AgentRuns
    from git_kas.ports.branch_config import BranchConfig
    from git_kas.ports.cache import Cache
    from git_kas.ports.commands import Commands
    from git_kas.ports.contents import Contents, FileMerge
    from git_kas.ports.earlier_database import EarlierDatabase
    from git_kas.ports.files import NewFiles, PlanFiles, PrivateFiles, Scratch, WorktreeFiles
    from git_kas.ports.forge import Forge
    from git_kas.ports.git import GitConfig, GitFolderReader, Porcelain, Repository
    from git_kas.ports.guarded import Guarded
    from git_kas.ports.hook_files import HookFiles
    from git_kas.ports.inspection import AdminFiles, ProcessTable
    from git_kas.ports.locks import Locks
    from git_kas.ports.observer import Surroundings
    from git_kas.ports.operations import OperationJournal
    from git_kas.ports.processes import Processes
    from git_kas.ports.runner import Runner
    from git_kas.ports.signals import SignalBox
    from git_kas.ports.store import Store, StoreRequest
    from git_kas.ports.store_host import HostRequest, Outage, StoreHost
    from git_kas.ports.tokens import TokenStore
    from git_kas.ports.trash import AdminRecords, Trash
    from git_kas.ports.watch import Watch

PROJECT: Final = "git_kas"
HOOK_PREFIX: Final = "kas_"

_hookspec = pluggy.HookspecMarker(PROJECT)


@_hookspec(firstresult=True)
def kas_store(request: StoreRequest) -> Store:  # type: ignore[empty-body]  # a specification has no body
    """Open a plan store. ``kas.store`` chooses the plugin: it is named by the part before the first ``:``."""


@_hookspec(firstresult=True)
def kas_store_host(request: HostRequest) -> StoreHost:  # type: ignore[empty-body]  # a specification
    """Open the place of many projects that a server serves; chosen by the URL as for :func:`kas_store`."""


@_hookspec(firstresult=True)
def kas_store_outage(request: HostRequest, user: str) -> Outage | None:
    """Make outages of a place for those who use it as ``user``, None where there are none; chosen as above."""


@_hookspec(firstresult=True)
def kas_store_damages(request: HostRequest) -> Sequence[str]:  # type: ignore[empty-body]  # a specification
    """Look through the bytes of a place, and say what is damaged; chosen as for :func:`kas_store`."""


@_hookspec(firstresult=True)
def kas_earlier_database(path: str) -> EarlierDatabase:  # type: ignore[empty-body]  # a specification has no body
    """Open the earlier system's database, which is only read. Provided by the plugin ``sqlite``."""


@_hookspec(firstresult=True)
def kas_new_files() -> NewFiles:  # type: ignore[empty-body]  # a specification has no body
    """Make the maker of files that are there as a whole or not at all. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_private_files() -> PrivateFiles:  # type: ignore[empty-body]  # a specification has no body
    """Make what changes files that only their owner may read. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_tokens(request: HostRequest) -> TokenStore:  # type: ignore[empty-body]  # a specification has no body
    """Open the tokens of a place that a server serves; chosen by the URL as for :func:`kas_store`."""


@_hookspec(firstresult=True)
def kas_repository(  # type: ignore[empty-body]  # a specification has no body
    location: RepositoryLocation, environment: Mapping[str, str]
) -> Repository:
    """Open a reader of references and history. ``kas.reader`` chooses the plugin by name."""


@_hookspec(firstresult=True)
def kas_git_folders() -> GitFolderReader:  # type: ignore[empty-body]  # a specification has no body
    """Make the reader of Git's administrative folders. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_git_config(environment: Mapping[str, str]) -> GitConfig:  # type: ignore[empty-body]  # a specification
    """Make the reader of Git's configuration. Provided by the plugin ``gitcli``."""


@_hookspec(firstresult=True)
def kas_porcelain(environment: Mapping[str, str]) -> Porcelain:  # type: ignore[empty-body]  # a specification
    """Make the adapter to the git program. Provided by the plugin ``gitcli``."""


@_hookspec(firstresult=True)
def kas_contents(  # type: ignore[empty-body]  # a specification has no body
    location: RepositoryLocation, environment: Mapping[str, str]
) -> Contents:
    """Open the reader of trees and blobs. Provided by the plugin ``gitcli``."""


@_hookspec(firstresult=True)
def kas_guarded(  # type: ignore[empty-body]  # a specification has no body
    location: RepositoryLocation, environment: Mapping[str, str]
) -> Guarded:
    """Open the reader of what is staged and pushed. Provided by the plugin ``gitcli``."""


@_hookspec(firstresult=True)
def kas_file_merge() -> FileMerge:  # type: ignore[empty-body]  # a specification has no body
    """Make what merges texts. Provided by the plugin ``pygit2``."""


@_hookspec(firstresult=True)
def kas_cache(location: RepositoryLocation) -> Cache:  # type: ignore[empty-body]  # a specification has no body
    """Open what may be forgotten. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_plan_files() -> PlanFiles:  # type: ignore[empty-body]  # a specification has no body
    """Make the reader of plan texts. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_worktree_files() -> WorktreeFiles:  # type: ignore[empty-body]  # a specification has no body
    """Make the reader and writer of other files in worktrees. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_watch() -> Watch:  # type: ignore[empty-body]  # a specification has no body
    """Make what tells of changes on disk. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_locks(location: RepositoryLocation) -> Locks:  # type: ignore[empty-body]  # a specification has no body
    """Open the locks of a repository. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_scratch() -> Scratch:  # type: ignore[empty-body]  # a specification has no body
    """Make the maker of throw-away folders. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_processes(environment: Mapping[str, str]) -> Processes:  # type: ignore[empty-body]  # a specification
    """Make the starter of other processes of this program. Provided by the plugin ``process``."""


@_hookspec(firstresult=True)
def kas_process_table() -> ProcessTable:  # type: ignore[empty-body]  # a specification has no body
    """Make what looks at the processes of this machine. Provided by the plugin ``process``."""


@_hookspec(firstresult=True)
def kas_admin_files(location: RepositoryLocation) -> AdminFiles:  # type: ignore[empty-body]  # a specification
    """Open the files in a repository's administrative folders. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_commands(environment: Mapping[str, str]) -> Commands:  # type: ignore[empty-body]  # a specification
    """Make the runner of commands that the user has configured. Provided by the plugin ``process``."""


@_hookspec(firstresult=True)
def kas_forge(folder: str, environment: Mapping[str, str]) -> Forge:  # type: ignore[empty-body]  # a specification
    """Open the forge of the repository that ``folder`` lies in. ``kas.forge`` chooses the plugin by name."""


@_hookspec(firstresult=True)
def kas_signal_box(location: RepositoryLocation) -> SignalBox:  # type: ignore[empty-body]  # a specification
    """Open the box of sentinel files of a repository. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_operation_journal(  # type: ignore[empty-body]  # a specification has no body
    location: RepositoryLocation,
) -> OperationJournal:
    """Open the journal of the operations on a repository. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_trash(location: RepositoryLocation) -> Trash:  # type: ignore[empty-body]  # a specification has no body
    """Open the trash of a repository, into which worktrees are moved. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_admin_records(location: RepositoryLocation) -> AdminRecords:  # type: ignore[empty-body]  # a specification
    """Make the reader of object names in Git's administrative folders. Provided by the plugin ``files``."""


@_hookspec(firstresult=True)
def kas_branch_config(  # type: ignore[empty-body]  # a specification has no body
    location: RepositoryLocation, environment: Mapping[str, str]
) -> BranchConfig:
    """Make the editor of branches' configuration. Provided by the plugin ``gitcli``."""


@_hookspec(firstresult=True)
def kas_activity() -> Activity:  # type: ignore[empty-body]  # a specification has no body
    """Make what tells which processes use a folder. Provided by the plugin ``process``."""


@_hookspec(firstresult=True)
def kas_hook_files(environment: Mapping[str, str]) -> HookFiles:  # type: ignore[empty-body]  # a specification
    """Make what reads and changes hooks folders. Provided by the plugin ``hooks``."""


@_hookspec(firstresult=True)
def kas_agent_runs(  # type: ignore[empty-body]  # a specification has no body
    location: RepositoryLocation, environment: Mapping[str, str]
) -> AgentRuns:
    """Open the runs of agents on a repository. Provided by the plugin ``process``."""


@_hookspec(firstresult=True)
def kas_runner(  # type: ignore[empty-body]  # a specification has no body
    location: RepositoryLocation, environment: Mapping[str, str]
) -> Runner:
    """Make what starts agents so that they survive us. ``kas.runner`` chooses the plugin by name."""


@_hookspec
def kas_plan_transitioned(transition: PlanTransition, surroundings: Surroundings) -> None:
    """Take note that a plan has another status. The plugin ``process`` runs the command ``kas.onTransition``.

    Called in every plugin that has it, in the order of their names, after this process has committed the change
    of status: once for each, never for an answer that is repeated, and not in ``git kas serve``, where the
    client that asked for the change is told. Nothing depends on what comes of it: an exception is a warning. If
    the process is killed in between nobody is told, so what must not miss anything reads the history.
    """
