"""``docs/how-to/keep-state-out-of-commits.md``, followed with native hooks; tests/framework has the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from guard_untrack.worlds import TWO_PLANS, OldProject
from plan_commands import EARLIER
from support import Repo

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/keep-state-out-of-commits.md"
BLOCK = re.compile(r"<!-- ([^>]*) -->\n\n```sh\n(.*?)```", re.DOTALL)


def test_the_page_works(project: OldProject, new_repo: Callable[..., Repo]) -> None:
    server = new_repo("server.git", "--bare")
    commit = project.repo.git("rev-parse", "HEAD")
    places = {"in the clone": project.path, "on the server": server.path}
    followed = []
    for place, commands in BLOCK.findall(PAGE.read_text()):
        if "framework" in place:
            continue
        where, _, _ = place.partition(",")
        project.run_shell(f"COMMIT={commit}\n{commands}", cwd=places[where])
        followed.append(where)
    assert followed == [*["in the clone"] * 3, *["on the server"] * 2, "in the clone"]
    assert project.listed() == TWO_PLANS
    project.repo.git("push", "-q", str(server.path), "main")
    project.repo.git("add", "--force", EARLIER)
    project.repo.git("commit", "-q", "--no-verify", "-m", "past the hook")
    with pytest.raises(AssertionError, match="failed to push"):
        project.repo.git("push", "-q", str(server.path), "main")
    with pytest.raises(AssertionError, match="remote: git-kas: refused"):
        project.repo.git("push", "-q", "--no-verify", str(server.path), "main")


def test_both_pages_are_found() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "docs/how-to/keep-state-out-of-commits.md" in readme
    assert "docs/how-to/guard-in-ci.md" in readme
