"""``docs/how-to/move-an-old-project.md``, followed word for word."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from earlier_databases import make_earlier, picture
from plan_commands import EARLIER, Plans, put, steady
from support import Repo

PAGE = Path(__file__).parents[2] / "docs/how-to/move-an-old-project.md"
PLACE_ON_THE_PAGE = "/home/ada/shop"
HOME_ON_THE_PAGE = "/home/ada"
ELSEWHERE = {"in another clone", "the database"}
OLD_PROJECT = """{
  "topics": {
    "api": {
      "created_at": "2026-02-21T09:00:00Z"
    }
  },
  "plans": {
    "2026-02-20-login-form.md": {
      "status": "completed",
      "branch": "plan/login-form",
      "created_at": "2026-02-20T10:12:44.5Z"
    },
    "2026-02-21-rate-limit.md": {
      "status": "in_progress",
      "branch": "plan/rate-limit",
      "topic": "api",
      "created_at": "2026-02-21T09:15:02.114503887Z"
    },
    "2026-02-22-billing.md": {
      "status": "ready",
      "created_at": "2026-02-22T16:30:00Z"
    }
  }
}
"""


class Step(NamedTuple):
    """What the page tells to do where, and what it says that this prints (empty: nothing is said).

    ``remark`` is the comment before the commands.
    """

    commands: str
    remark: str
    shown: str


def steps(page: str) -> Iterator[Step]:
    blocks = re.findall(r"(?ms)^<!-- (.*?) -->$|^```(sh|text)\n(.*?)^```$", page)
    for before, block, after in zip(["", *blocks], blocks, [*blocks[1:], ("", "", "")], strict=False):
        if block[1] == "sh":
            yield Step(block[2], before[0] if before else "", after[2] if after[1] == "text" else "")


def follow(plans: Plans, commands: str) -> str:
    """What the commands print, as the page would show it."""
    finished = subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=plans.path,
        env=plans.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    printed = finished.stdout.decode()
    assert finished.returncode == 0, printed
    home = plans.environment["HOME"]
    return steady(printed.replace(str(plans.path), PLACE_ON_THE_PAGE).replace(home, HOME_ON_THE_PAGE))


def old_project(new_repo: Callable[..., Repo], environment: Mapping[str, str]) -> Plans:
    repo = new_repo("shop")
    repo.commit("plans", {EARLIER: OLD_PROJECT, "docs/plans/2026-02-22-billing.md": "# Billing\n"})
    return Plans(repo, environment)


def test_the_page_works(new_repo: Callable[..., Repo], environment: dict[str, str]) -> None:
    plans = old_project(new_repo, environment)
    source = plans.path / EARLIER
    expected = OLD_PROJECT
    *looking_after, going_back = (step for step in steps(PAGE.read_text()) if step.remark not in ELSEWHERE)
    assert len(looking_after) == 8
    for step in looking_after:
        if step.remark.startswith("the old tool"):
            expected = OLD_PROJECT.replace("in_progress", "reviewing")
            put(plans.path, EARLIER, expected)
        printed = follow(plans, step.commands)
        assert not step.shown or printed == steady(step.shown), step.commands
        assert source.read_text() == expected, step.commands
    follow(plans, going_back.commands)
    assert source.read_bytes() == plans.state()
    assert json.loads((plans.path.parent / "shop-plans.json").read_text())["change"] == 3
    assert plans.repo.git("status", "--porcelain") == ""
    assert plans.repo.git("ls-files", "docs/plans") == "docs/plans/2026-02-22-billing.md"


def test_other_clones_as_the_page_says(plans: Plans, new_repo: Callable[..., Repo]) -> None:
    first = old_project(new_repo, plans.environment)
    clone = Repo(plans.path.parent / "clone", plans.environment)
    plans.repo.git("clone", "-q", str(first.path), str(clone.path))
    for step in list(steps(PAGE.read_text()))[1:5]:
        follow(first, step.commands)
    clone.git("pull", "-q")
    there = Plans(clone, plans.environment)
    assert not (clone.path / EARLIER).exists()
    assert there.out("plan", "list") == ""
    (late,) = (step for step in steps(PAGE.read_text()) if "git show" in step.commands)
    follow(there, late.commands)
    assert there.out("plan", "list") == first.out("plan", "list") != ""


def test_a_database_as_the_page_says(new_repo: Callable[..., Repo], environment: dict[str, str]) -> None:
    plans = Plans(new_repo("shop"), environment)
    row = {"filename": "2026-02-24-search.md", "status": "reviewing", "content": "# Search\n"}
    path = Path(environment["HOME"]) / ".config/kasmos/plans.db"
    make_earlier(path, {"shop": [row], "blog": [row]})
    before = picture(path.parent)
    (step,) = (step for step in steps(PAGE.read_text()) if step.remark == "the database")
    assert follow(plans, step.commands) == step.shown
    assert picture(path.parent) == before


def test_the_page_is_found() -> None:
    root = PAGE.parents[2]
    assert "docs/how-to/move-an-old-project.md" in (root / "README.md").read_text()
