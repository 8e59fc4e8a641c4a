"""Which configuration keys there are, and under which name each stands in each source."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ValueType(StrEnum):
    """What a value must be."""

    TEXT = "text"
    DAYS = "days"
    NUMBER = "number"
    TEXTS = "texts"


class ConfigKey(NamedTuple):
    """One thing that can be configured, and under which name in each source (empty: not there)."""

    name: str
    meaning: str
    default: str
    option: str = ""
    variable: str = ""
    git: str = ""
    user: str = ""
    policy: str = ""
    type: ValueType = ValueType.TEXT


KEYS: Final[Sequence[ConfigKey]] = (
    ConfigKey(
        "store",
        "the plan store: json, sqlite, or a URL: sqlite:////path/plans.db, postgresql://host/database, http://host:7433",
        "json",
        option="--store",
        variable="KAS_STORE",
        git="kas.store",
        user="plan_store",
    ),
    ConfigKey(
        "project",
        "the name under which a shared store keeps this repository's plans",
        "the folder name of the main worktree",
        variable="KAS_PROJECT",
        git="kas.project",
        policy="project",
    ),
    ConfigKey(
        "base",
        "the branch that finished work lands on",
        "origin/HEAD, init.defaultBranch, main or master, the first that exists",
        git="kas.base",
        policy="base",
    ),
    ConfigKey(
        "plans",
        "the folder of plan texts, relative to a worktree",
        "docs/plans",
        git="kas.plans",
        policy="plans",
    ),
    ConfigKey(
        "protected",
        "branches that are never removed (Git: one value per branch)",
        "",
        git="kas.protected",
        policy="protected",
        type=ValueType.TEXTS,
    ),
    ConfigKey(
        "stalled_after",
        "days without a commit after which a plan in work counts as stalled",
        "3",
        git="kas.stalledAfter",
        policy="stalled_after",
        type=ValueType.DAYS,
    ),
    ConfigKey(
        "merge_strategy",
        "how git kas finish --merge merges: ff, no-ff, squash or rebase",
        "no-ff",
        option="--strategy",
        git="kas.mergeStrategy",
        policy="merge_strategy",
    ),
    ConfigKey(
        "test_command",
        "a shell command that must succeed in a plan's worktree before the plan is finished",
        "",
        option="--test",
        git="kas.testCommand",
    ),
    ConfigKey(
        "on_transition",
        "a shell command that is run after a plan's status has changed",
        "",
        git="kas.onTransition",
    ),
    ConfigKey(
        "forge",
        "the plugin that speaks with the forge where pull requests are",
        "github",
        git="kas.forge",
    ),
    ConfigKey(
        "guard_paths",
        "paths that 'git kas guard' refuses, at any depth unless there is a / in it (one value per path)",
        "plan-state.json",
        git="kas.guard.path",
        type=ValueType.TEXTS,
    ),
    ConfigKey(
        "guard_baseline",
        "commits whose history 'git kas guard' accepts, on the receiving side (one value per commit)",
        "",
        git="kas.guard.baseline",
        type=ValueType.TEXTS,
    ),
    ConfigKey(
        "agent",
        "the shell command that starts an agent, whatever its role; without one no agent is started",
        "",
        git="kas.agent",
    ),
    ConfigKey("agent_planner", "the same for planners", "kas.agent", git="kas.agent.planner"),
    ConfigKey("agent_coder", "the same for coders", "kas.agent", git="kas.agent.coder"),
    ConfigKey("agent_reviewer", "the same for reviewers", "kas.agent", git="kas.agent.reviewer"),
    ConfigKey(
        "most_agents",
        "how many agents may be at work at the same time",
        "4",
        git="kas.maxAgents",
        type=ValueType.NUMBER,
    ),
    ConfigKey(
        "task_timeout",
        "minutes after which an agent that is still at work counts as unknown; 0: never",
        "120",
        git="kas.taskTimeout",
        type=ValueType.NUMBER,
    ),
    ConfigKey(
        "task_retries",
        "how often a job that failed is tried again without anybody being asked",
        "0",
        git="kas.taskRetries",
        type=ValueType.NUMBER,
    ),
    ConfigKey(
        "review_cap",
        "reviews that ask for changes after which a person has to decide how it goes on; 0: no limit",
        "5",
        git="kas.reviewCap",
        policy="review_cap",
        type=ValueType.NUMBER,
    ),
    ConfigKey(
        "worktree_per",
        "plan: the agents of a plan share its worktree; task: each task has a branch and a worktree of its own",
        "plan",
        git="kas.worktreePer",
    ),
    ConfigKey(
        "worktrees",
        "the folder in which worktrees for agents are made, relative to the main worktree",
        ".worktrees",
        git="kas.worktrees",
    ),
    ConfigKey(
        "runner",
        "the plugin that starts agents: tmux (in terminals that one can attach to) or process (without any)",
        "tmux",
        git="kas.runner",
    ),
    ConfigKey(
        "reader",
        "the plugin that reads references and history",
        "gitcli",
        git="kas.reader",
    ),
)

KEY_BY_NAME: Final[Mapping[str, ConfigKey]] = {key.name: key for key in KEYS}

VARIABLES: Final[Mapping[str, str]] = {
    "KAS_STORE": "the plan store, as kas.store",
    "KAS_PROJECT": "the project name, as kas.project",
    "KAS_ACTOR": "who changes plans: user (the default), agent or system; users may do more",
    "KAS_TOKEN": "the token for the server that kas.store names",
    "KAS_TOKEN_FILE": "the file that holds it, instead of git-kas/tokens beside the user's config.toml",
    "http_proxy": "the proxy to servers, with https_proxy, all_proxy and no_proxy; never to this machine",
    "KAS_JSON": "any value but 0: every command prints JSON, as with --json",
    "KAS_DEBUG": "any value but 0: an unexpected error shows where it came from",
    "NO_COLOR": "any value: no colour",
}
