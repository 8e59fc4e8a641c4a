"""The commands, one module each; :data:`COMMANDS` is the table that everything else is made from."""

from collections.abc import Sequence
from typing import Final, NamedTuple


class CommandEntry(NamedTuple):
    """A command by its words, what it does in one line, and its module in this package."""

    words: tuple[str, ...]
    summary: str
    module: str

    @property
    def name(self) -> str:
        """The words, as typed after ``git kas``."""
        return " ".join(self.words)


COMMANDS: Final[Sequence[CommandEntry]] = (
    CommandEntry(("init",), "prepare a repository, or take plan state out of version control", "init"),
    CommandEntry(("setup",), "write agents and slash commands for Claude Code or opencode", "setup"),
    CommandEntry(("triage",), "say where every plan, branch and worktree stands", "triage"),
    CommandEntry(("verdict",), "say whether the base has what a branch has, and how that is known", "verdict"),
    CommandEntry(("finish",), "land a plan's branch, mark the plan done, remove what is over", "finish"),
    CommandEntry(("cleanup",), "remove what is finished or merged, so that it can be undone", "cleanup"),
    CommandEntry(("undo",), "bring back what an operation removed", "undo"),
    CommandEntry(("trash", "list"), "list what is in the trash", "trash_list"),
    CommandEntry(("trash", "purge"), "remove what is in the trash for good", "trash_purge"),
    CommandEntry(("plan", "list"), "list the plans of the project", "plan_list"),
    CommandEntry(("plan", "show"), "show a plan, its waves and tasks", "plan_show"),
    CommandEntry(("plan", "create"), "create a plan", "plan_create"),
    CommandEntry(("plan", "register"), "make a plan of a text in the plans folder", "plan_register"),
    CommandEntry(("plan", "transition"), "apply an event of the lifecycle to a plan", "plan_transition"),
    CommandEntry(("plan", "set-status"), "force a plan's status", "plan_set_status"),
    CommandEntry(("plan", "rename"), "give a plan another name", "plan_rename"),
    CommandEntry(("plan", "topic"), "list topics, or set a plan's topic", "plan_topic"),
    CommandEntry(("plan", "history"), "show what happened to a plan or to the project", "plan_history"),
    CommandEntry(("reset-plan",), "put a plan back to a status, and show it before and after", "reset_plan"),
    CommandEntry(("plan", "implement"), "the same as git kas implement", "plan_implement"),
    CommandEntry(("implement",), "have a plan implemented by agents, wave by wave", "implement"),
    CommandEntry(("waves", "status"), "say how far plans are driven", "waves_status"),
    CommandEntry(("waves", "retry"), "have failed jobs tried again", "waves_retry"),
    CommandEntry(("waves", "skip"), "pass failed jobs over", "waves_skip"),
    CommandEntry(("waves", "abort"), "stop driving a plan", "waves_abort"),
    CommandEntry(("watch",), "drive plans: apply signals, start agents, advance waves", "watch"),
    CommandEntry(("import",), "take over plans from an export, the earlier system or another store", "import_"),
    CommandEntry(("export",), "print everything the store knows", "export"),
    CommandEntry(("signal",), "report, as an agent, that something is done", "signal"),
    CommandEntry(("prime",), "say what an agent must know before it begins", "prime"),
    CommandEntry(("signals", "list"), "list what agents have reported", "signals_list"),
    CommandEntry(("signals", "apply"), "apply what agents have reported", "signals_apply"),
    CommandEntry(("signals", "retry"), "have rejected signals judged anew", "signals_retry"),
    CommandEntry(("signals", "purge"), "remove rejected signals for good", "signals_purge"),
    CommandEntry(("lint",), "check the texts of plans", "lint"),
    CommandEntry(("guard",), "refuse plan-state.json in what is committed or shared", "guard"),
    CommandEntry(
        ("hooks", "install"), "have the guard refuse guarded paths at commit and push", "hooks_install"
    ),
    CommandEntry(
        ("hooks", "status"), "say whether the guard is in force, and what passes it by", "hooks_status"
    ),
    CommandEntry(("hooks", "uninstall"), "take the guard's hooks away, as if never there", "hooks_uninstall"),
    CommandEntry(("doctor",), "find, and mend, what goes wrong around worktrees", "doctor"),
    CommandEntry(("serve",), "serve the plans of many projects over HTTP", "serve"),
    CommandEntry(("where",), "say which plan store this is, and why", "where"),
    CommandEntry(("config",), "show the configuration in effect", "config"),
    CommandEntry(("plugins",), "list the installed plugins and what is wrong with them", "plugins"),
    CommandEntry(("store", "check"), "look through a plan store for anything wrong", "store_check"),
    CommandEntry(("store", "backup"), "copy a plan store into a new database", "store_backup"),
    CommandEntry(("token", "create"), "make a token for a server, and print it once", "token_create"),
    CommandEntry(("token", "list"), "list the tokens of a server", "token_list"),
    CommandEntry(("token", "revoke"), "have a token open nothing any more", "token_revoke"),
    CommandEntry(("verify-store",), "try a plan store with many processes at once", "verify_store"),
    CommandEntry(("demo",), "build a throw-away repository and triage it", "demo"),
    CommandEntry(("completion",), "print a completion script for your shell", "completion"),
    CommandEntry(("version",), "print the version", "version"),
)

GROUPS: Final = {
    "trash": "what was removed",
    "plan": "plans of the project",
    "signals": "signals of agents",
    "waves": "plans that agents work on",
    "hooks": "hooks of the guard",
    "store": "the place where plans are kept",
    "token": "who may use a server",
}
