"""``git kas setup``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.cli.result import Result
from git_kas.cli.scaffold_view import check_status, effect_text, left_warnings, placed_data, state_text
from git_kas.domain.agent_files import Harness

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from git_kas.app import App
    from git_kas.usecases.scaffold import Placed

DESCRIPTION = (
    "Write the agents planner, coder, reviewer and custodial and the slash commands /kas.* into this\n"
    "worktree, where Claude Code or opencode looks for them. A second run brings them up to date. Files that\n"
    "were edited, or that git-kas did not write, are left alone and listed; opencode.jsonc keeps everything\n"
    "else as it is. Nothing is committed."
)
EXAMPLES = (
    ("git kas setup claude --dry-run", "which files would be written"),
    ("git kas setup claude", "write them to .claude"),
    ("git kas setup opencode", "write them to .opencode, and permissions to its opencode.jsonc"),
    ("git kas setup claude --check", "in CI: exit with 1 if one is missing, outdated or edited"),
    ("git kas setup opencode --remove", "take away what nobody has edited"),
)
_OURS_INSTEAD = "'git kas setup {harness} --print' shows ours; to get it, move yours away and run this again."


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("harness", choices=[str(harness) for harness in Harness], help="who runs the agents")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--check", action="store_true", help="only say what is there; exit with 1 if not current")
    ways.add_argument("--remove", action="store_true", help="remove what is ours and was not edited")
    ways.add_argument("--print", action="store_true", help="print the files as they would be, and write none")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.scaffolding import Scaffolding

    harness, scaffolding = Harness(arguments.harness), Scaffolding(app)
    sites = scaffolding.agent_sites(harness)
    if arguments.print:
        return _printed(harness, scaffolding.texts(sites))
    yours = scaffolding.yours(sites)
    if arguments.check:
        placed = scaffolding.look(sites)
        data = _data(harness, placed, yours)
        return Result(
            "setup", lambda: data, lambda _: state_text(placed), _shadows(yours), check_status(placed)
        )
    act = scaffolding.take if arguments.remove else scaffolding.put
    placed = act(sites, dry_run=arguments.dry_run)
    data = _data(harness, placed, yours) | {"dry_run": arguments.dry_run}
    way = "Remove it yourself if it is to go." if arguments.remove else _OURS_INSTEAD.format(harness=harness)
    warnings = [*left_warnings(placed, way), *([] if arguments.remove else _shadows(yours))]
    return Result("setup", lambda: data, lambda _: effect_text(placed, dry_run=arguments.dry_run), warnings)


def _printed(harness: Harness, texts: Mapping[str, str]) -> Result:
    shown = [{"path": path, "text": text} for path, text in texts.items()]
    data = _data(harness, (), ()) | {"texts": shown}
    return Result(
        "setup", lambda: data, lambda _: "".join(f"==> {path} <==\n{text}\n" for path, text in texts.items())
    )


def _data(harness: Harness, placed: Sequence[Placed], yours: Sequence[str]) -> dict[str, Any]:
    return {
        "harness": str(harness),
        "dry_run": False,
        "files": placed_data(placed),
        "yours": list(yours),
        "texts": [],
    }


def _shadows(yours: Sequence[str]) -> list[str]:
    return [
        f"opencode.jsonc defines the agent '{name}' already; its permissions count, not ours." for name in yours
    ]
