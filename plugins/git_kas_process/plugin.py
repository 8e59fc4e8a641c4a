"""Entry point ``process``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.transitions import PlanTransition
    from git_kas.ports.activity import Activity
    from git_kas.ports.agent_runs import AgentRuns
    from git_kas.ports.commands import Commands
    from git_kas.ports.inspection import ProcessTable
    from git_kas.ports.observer import Surroundings
    from git_kas.ports.processes import Processes
    from git_kas.ports.runner import Runner


def kas_processes(environment: Mapping[str, str]) -> Processes:
    """Processes of the operating system."""
    from git_kas_process.processes import SystemProcesses

    return SystemProcesses(environment)


def kas_process_table() -> ProcessTable:
    """The processes of this machine."""
    from git_kas_process.table import ProcProcessTable

    return ProcProcessTable()


def kas_commands(environment: Mapping[str, str]) -> Commands:
    """Commands of the user, run by the system's shell."""
    from git_kas_process.commands import ShellCommands

    return ShellCommands(environment)


def kas_activity() -> Activity:
    """Processes of the operating system, and what they have open."""
    from git_kas_process.activity import ProcActivity

    return ProcActivity()


def kas_agent_runs(location: RepositoryLocation, environment: Mapping[str, str]) -> AgentRuns:
    """Runs of agents, in the common directory."""
    from git_kas_process.agent_runs import FolderAgentRuns

    return FolderAgentRuns(location.common_dir, environment)


def kas_runner(location: RepositoryLocation, environment: Mapping[str, str]) -> Runner:
    """Processes without a terminal."""
    from git_kas_process.runner import ProcessRunner

    return ProcessRunner(location.common_dir, environment)


def kas_plan_transitioned(transition: PlanTransition, surroundings: Surroundings) -> None:
    """Run the command of ``kas.onTransition``."""
    if surroundings.command:
        from git_kas_process.observer import run_command

        run_command(transition, surroundings)
