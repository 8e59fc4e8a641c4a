"""What agents are told: a template for each way of working, and the words that are put into it.

A repository may bring templates of its own, committed on its base branch as ``.kas/prompts/<mode>.md``; they
are texts, never commands. Fields are written ``$name`` or ``${name}``, a dollar sign ``$$`` (string.Template).
Names, which agents use in commands, are quoted for a shell where they hold what means something to one.
"""

from __future__ import annotations

import shlex
from string import Template
from typing import TYPE_CHECKING, Final

from git_kas.domain.agents import Mode
from git_kas.domain.schedule import tasks_by_job
from git_kas.errors import InvalidConfiguration, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.plan_document import PlanDocument, Task
    from git_kas.domain.stage import Job, Stage

FIELDS: Final[Mapping[str, str]] = {
    "plan": "the plan's name",
    "title": "its title, or its name where there is none",
    "goal": "its goal",
    "architecture": "its architecture",
    "tech_stack": "its tech stack",
    "text": "its whole text",
    "wave": "the number of the wave",
    "waves": "how many waves there are",
    "wave_introduction": "what stands between the wave's header and its first task",
    "task": "the number of the task",
    "task_title": "its title",
    "task_text": "its text",
    "files": "the files that it names, one a line",
    "peers": "how many agents work in this worktree at the same time",
    "sharing": "the rules for a worktree that several agents share; empty for one agent",
    "base": "the branch that the work will land on",
    "branch": "the branch to work on",
    "folder": "the worktree",
    "text_path": "where the plan's text belongs, relative to the worktree",
    "round": "how often the implementation was finished before",
    "feedback": "what the review found",
    "done": "the command that reports success",
}
"""The fields of a template."""

QUOTED: Final = ("plan", "base", "branch", "folder", "text_path")
"""Those that are quoted for a shell where they have to be."""

_HEADER: Final = """\
Goal: $goal
Architecture: $architecture
Tech stack: $tech_stack
"""

_RULES: Final = """\
Rules
- Work in $folder on the branch $branch, and commit there. Stage the paths you changed, one by one.
- Never touch plan-state.json, never force a status, never rewrite history, never switch branches.
- `git kas prime` tells where everything stands.
"""

TEMPLATES: Final[Mapping[Mode, str]] = {
    Mode.PLANNING: """\
You are the planner of the plan $plan: $title.

Write its text to $text_path: goal, architecture, tech stack, then waves (`## Wave 1: …`) of tasks
(`### Task 1: …`), each task with the files that it creates or changes. Tasks of one wave run at the same time
and must not touch the same file; a later wave says what it depends on. `git kas lint $text_path` must find
nothing.

What is known so far:

$text

"""
    + _RULES
    + """
When the text is complete and committed, report it as the last thing you do: $done
""",
    Mode.WAVES: """\
You are a coder of the plan $plan: $title. Your task is number $task of wave $wave (of $waves): $task_title

"""
    + _HEADER
    + """
$wave_introduction
$task_text

Files: $files

"""
    + _RULES
    + """$sharing
When the task is done and committed, report it as the last thing you do: $done
If you cannot finish it, say why and end with a status other than 0; do not report it.
""",
    Mode.WHOLE: """\
You are the coder of the plan $plan: $title.

$text

"""
    + _RULES
    + """
When all of it is done and committed, report it as the last thing you do: $done
If you cannot finish it, say why and end with a status other than 0; do not report it.
""",
    Mode.FEEDBACK: """\
You are the coder of the plan $plan: $title. It was implemented, and review $round asks for changes:

$feedback

"""
    + _HEADER
    + """
The whole plan: git kas plan show $plan --text

"""
    + _RULES
    + """
When every point is dealt with and committed, report it as the last thing you do: $done
If you cannot finish it, say why and end with a status other than 0; do not report it.
""",
    Mode.REVIEW: """\
You are the reviewer of the plan $plan: $title. Review round $round.

"""
    + _HEADER
    + """
The whole plan: git kas plan show $plan --text
What was done: git diff $base...$branch

Judge whether the branch does what the plan says, and does it well: correctness, tests, security, simplicity.
Mend trivial things yourself and commit them. Then report exactly one verdict, as the last thing you do; it
counts for the commit that you have judged:

- nothing more to do: $done
- changes are needed: git kas signal review_changes_requested $plan -F FILE
  where FILE lists the findings as critical, important or minor, each as file:line and why; all of them block.

"""
    + _RULES,
}
"""What agents are told where the repository does not say otherwise."""

_SHARING: Final = """\
- $peers agents work in this worktree at the same time, each on files of its own. Do not stash, reset, restore
  or add everything; run no formatter over the whole project; leave the tests of others alone. Commit often,
  with the number of your task. If something of another task is missing, commit what you have, say so, and stop.
"""


def fields_of_plan(plan: str, document: PlanDocument, text: str) -> dict[str, str]:
    """The fields that are the same for every agent of a plan."""
    return {
        "plan": plan,
        "title": document.title or plan.removesuffix(".md"),
        "goal": document.goal or "see the plan",
        "architecture": document.architecture or "see the plan",
        "tech_stack": document.tech_stack or "see the plan",
        "text": text.strip() or "nothing yet",
        "waves": str(len(document.waves)),
    }


def fields_of_job(stage: Stage, job: Job, document: PlanDocument, *, alone: bool) -> dict[str, str]:
    """The fields of one task; empty where the job is none.

    ``alone``: nobody else works in the same worktree.

    Raises:
        UsageError: the text has no such task any more.
    """
    place, task = tasks_by_job(document).get(job.id, (0, None)) if job.task else (0, None)
    if job.task and task is None:
        raise UsageError(
            f"The plan's text has no task {job.task} in wave {job.wave} any more.",
            next_step="Write it again, or pass it over: 'git kas waves skip'.",
        )
    peers = sum(other.place == job.place for other in stage.jobs) if job.task and not alone else 1
    return {
        "wave": str(job.wave) if job.task else "",
        "wave_introduction": document.waves[place].introduction if task else "",
        "task": job.task,
        "task_title": task.title if task else job.title,
        "task_text": task.body if task else "",
        "files": _files(task) if task else "",
        "peers": str(peers),
        "sharing": Template(_SHARING).substitute(peers=peers) if peers > 1 else "",
        "round": str(stage.round),
    }


def feedback_text(texts: Sequence[str]) -> str:
    """What reviews have found, the oldest first."""
    return "\n\n".join(text.strip() for text in texts if text.strip()) or "The reviewer gave no reasons."


def render(template: str, place: str, fields: Mapping[str, str]) -> str:
    """A prompt; ``place`` says where the template stands.

    Raises:
        InvalidConfiguration: the template has a field that nobody knows.
    """
    try:
        quoted = {name: shlex.quote(fields[name]) for name in QUOTED if fields.get(name)}
        return Template(template).substitute({**dict.fromkeys(FIELDS, ""), **fields, **quoted})
    except KeyError as error:
        raise InvalidConfiguration(
            f"{place}: there is no field ${error.args[0]}.", next_step=f"Use one of: {', '.join(FIELDS)}."
        ) from error
    except ValueError as error:
        raise InvalidConfiguration(f"{place}: {error}.", next_step="Write a dollar sign as $$.") from error


def _files(task: Task) -> str:
    return ", ".join(file.path for file in task.files) or "as the task says"
