"""Starts agents: where each works, what it is told, and what its environment says."""

from __future__ import annotations

import shlex
from functools import cached_property
from typing import TYPE_CHECKING, Final

from git_kas.domain import attempts, schedule
from git_kas.domain.agents import MODES, Mode
from git_kas.domain.names import BranchName
from git_kas.domain.plan_document import decode_plan, parse_plan
from git_kas.domain.prompts import feedback_text, fields_of_job, fields_of_plan, render
from git_kas.domain.run_ids import RunId, job_run_id
from git_kas.domain.stage import Attempt
from git_kas.domain.task_merges import task_branch
from git_kas.errors import UsageError
from git_kas.ports.agent_runs import RunSpec, RunState
from git_kas.usecases.drive_worktrees import branch_of, expect_branch, folder_of_branch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.plan import Plan
    from git_kas.domain.stage import Job, RunDocument, Stage
    from git_kas.usecases.drive_ports import DrivePorts, DriveScope

_MOST_ATTEMPTS: Final = 10_000

_DONE: Final[Mapping[Mode, str]] = {
    Mode.PLANNING: "git kas signal planner_finished {plan}",
    Mode.WAVES: "git kas signal implement_task_finished {plan} --wave {wave} --task {task}",
    Mode.WHOLE: "git kas signal implement_finished {plan}",
    Mode.FEEDBACK: "git kas signal implement_finished {plan}",
    Mode.REVIEW: "git kas signal review_approved {plan} -m SUMMARY",
}
"""How an agent reports success."""

_BY_EXIT: Final = "end with status 0"


class AgentStarter:
    """Starts agents for one plan."""

    def __init__(self, ports: DrivePorts, scope: DriveScope, plan: Plan) -> None:
        self._ports = ports
        self._scope = scope
        self._plan = plan

    def attempt(self, document: RunDocument, stage: Stage, job: Job) -> Attempt:
        """The next attempt of ``job``, with the worktree for it; nothing is started yet.

        Raises:
            KasError: no agent of the role is configured, or there can be no such worktree.
        """
        self._command(stage)
        number = attempts.next_attempt(document, stage, job)
        for candidate in range(number, number + _MOST_ATTEMPTS):
            run_id = job_run_id(self._plan.filename, job.id, candidate)
            if self._ports.runs.reports([run_id])[run_id].state is RunState.NEVER:
                branch, folder = self._place(stage, job, candidate)
                return Attempt(run_id, folder, owner=self._scope.owner, branch=branch)
        raise UsageError(
            f"All ids for runs of {job.id} are taken.", next_step="Remove old folders of kas/runs by hand."
        )

    def _place(self, stage: Stage, job: Job, attempt: int) -> tuple[str, str]:
        """The task's own branch, empty where it works on the plan's, and the worktree."""
        plan_branch = branch_of(self._plan)
        if stage.mode is not Mode.PLANNING and any(one.began for other in stage.jobs for one in other.attempts):
            expect_branch(self._ports, self._scope, plan_branch)
        folder = folder_of_branch(self._ports, self._scope, plan_branch)
        if not (self._scope.settings.per_task and job.task):
            return "", folder
        branch = task_branch(plan_branch, job, attempt)
        return branch, folder_of_branch(self._ports, self._scope, branch, start=plan_branch.ref)

    def launch(self, stage: Stage, job: Job) -> None:
        """Start the agent of the newest attempt, which has been written down.

        Raises:
            KasError: it cannot be started.
        """
        attempt = job.last
        if attempt is None:
            return
        run_id = RunId(attempt.run_id)
        branch = BranchName(attempt.branch) if attempt.branch else branch_of(self._plan)
        fields = self._fields(stage, job, attempt, branch)
        template, place = self._scope.template(stage.mode)
        variables = self._variables(stage, job, run_id, branch, fields["peers"])
        spec = RunSpec(run_id, self._command(stage), attempt.folder, variables, render(template, place, fields))
        self._ports.runner.start(run_id, self._ports.runs.prepare(spec), attempt.folder)

    def _command(self, stage: Stage) -> str:
        role = MODES[stage.mode].role
        command = self._scope.settings.commands.get(role)
        if not command:
            raise UsageError(
                f"No command is configured that starts a {role}.",
                next_step=f"Set kas.agent.{role}, or kas.agent for all roles.",
            )
        return command

    def _fields(self, stage: Stage, job: Job, attempt: Attempt, branch: BranchName) -> dict[str, str]:
        name = self._plan.filename
        content = self._ports.store.get_content(name) or b""
        text, _ = decode_plan(content)
        document = parse_plan(text)
        done = _DONE[stage.mode].format(plan=shlex.quote(name.key), wave=job.wave, task=job.task)
        signalled = stage.mode is not Mode.WAVES or schedule.can_be_signalled(stage, job)
        return {
            **fields_of_plan(name, document, text or self._plan.description),
            **fields_of_job(stage, job, document, alone=bool(attempt.branch)),
            "base": self._base or "HEAD",
            "branch": branch,
            "folder": attempt.folder,
            "text_path": f"{self._scope.plans_folder}/{name}",
            "feedback": feedback_text(self._feedback(stage)),
            "done": done if signalled else _BY_EXIT,
        }

    @cached_property
    def _base(self) -> str:
        base = self._scope.base()
        return base.name if base else ""

    def _feedback(self, stage: Stage) -> list[str]:
        """What the reviews have found that the stage answers; it stays in the history for ever."""
        if not stage.feedback:
            return []
        entries = self._ports.store.history(self._plan.filename, min(stage.feedback) - 1)
        return [entry.note for entry in entries if entry.change in stage.feedback and entry.note]

    def _variables(
        self, stage: Stage, job: Job, run_id: RunId, branch: BranchName, peers: str
    ) -> Mapping[str, str]:
        return {
            "KAS_ROLE": MODES[stage.mode].role,
            "KAS_PLAN": self._plan.filename,
            "KAS_ROUND": str(stage.round),
            "KAS_WAVE": str(job.wave) if job.task else "",
            "KAS_TASK": job.task,
            "KAS_PEERS": peers,
            "KAS_RUN": run_id,
            "KAS_BASE": self._base,
            "KAS_BRANCH": branch,
        }
