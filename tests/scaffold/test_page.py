"""``docs/how-to/set-up-agents.md``, followed word for word in a fresh repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from git_kas.domain.agent_files import ROLES, SLASH_COMMANDS
from git_kas.domain.transitions import OBSERVER_VARIABLES
from plan_commands import Plans

PAGE = (Path(__file__).parents[2] / "docs/how-to/set-up-agents.md").read_text()
BLOCKS = dict(re.findall(r"<!-- (\w+) -->\n\n```sh\n(.*?)```", PAGE, re.DOTALL))


def follow(place: Plans, block: str) -> str:
    """Run the commands of a block as a reader would."""
    finished = subprocess.run(
        ["sh", "-ec", BLOCKS[block]],
        cwd=place.path,
        env=dict(place.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished
    return finished.stdout


def test_the_page_works(place: Plans) -> None:
    followed = []
    for name in BLOCKS:
        said = follow(place, name)
        followed.append(name)
        if name == "prime":
            assert "# No plan" in said
    assert followed == ["prepare", "claude", "opencode", "remove", "prime", "observe"]
    assert place.repo.git("status", "--porcelain") == ""
    assert len(place.repo.git("ls-files", ".claude").splitlines()) == len(ROLES) + len(SLASH_COMMANDS)
    place.out("plan", "create", "a")
    place.out("plan", "transition", "a", "implement_start")
    assert (Path(place.environment["HOME"]) / "moves").read_text() == "a.md: ready -> implementing\n"


def test_the_page_names_what_there_is() -> None:
    for role in ROLES:
        assert f"| {role.name} |" in PAGE
    for command in SLASH_COMMANDS:
        assert f"| `/{command.name} {command.hint}` |" in PAGE
    for variable, (_, meaning) in OBSERVER_VARIABLES.items():
        assert f"| `{variable}` | {meaning} |" in PAGE
