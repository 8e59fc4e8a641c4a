"""Which runner a repository uses is said by ``kas.runner``, and nowhere else."""

from __future__ import annotations

import pytest

from git_kas.domain.run_ids import RunId
from git_kas.errors import PluginUnusable
from git_kas.ports.agent_runs import RunState
from git_kas.ports.fakes import FakeProgress
from git_kas.workspace import Workspace
from git_kas_process.runner import ProcessRunner
from git_kas_tmux.runner import TmuxRunner
from support import Repo


def workspace(repo: Repo, environment: dict[str, str]) -> Workspace:
    return Workspace(str(repo.path), environment, {}, FakeProgress())


def test_the_configuration_chooses(repo: Repo, environment: dict[str, str]) -> None:
    repo.commit("policy", {".kas.toml": 'runner = "process"\n'})
    assert isinstance(workspace(repo, environment).runner, TmuxRunner)
    repo.git("config", "kas.runner", "process")
    assert isinstance(workspace(repo, environment).runner, ProcessRunner)
    repo.git("config", "kas.runner", "screen")
    with pytest.raises(PluginUnusable) as raised:
        _ = workspace(repo, environment).runner
    assert "git config kas.runner" in raised.value.message


def test_all_worktrees_have_the_same_runs(repo: Repo, environment: dict[str, str]) -> None:
    linked = Workspace(str(repo.worktree("linked")), environment, {}, FakeProgress())
    run_id = RunId("a-W1-T1-1")
    folder = workspace(repo, environment).agent_runs.folder(run_id)
    assert linked.agent_runs.folder(run_id) == folder == f"{repo.path}/.git/kas/runs/{run_id}"
    assert linked.agent_runs.reports([run_id])[run_id].state is RunState.NEVER
