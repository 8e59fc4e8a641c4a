"""Which files are checked, and how they are named."""

from __future__ import annotations

import pytest

from git_kas.domain.plan_rules import Rule
from git_kas.errors import InvalidName, KasError, NotARepository, NotFound
from git_kas.ports.fakes import FakePlanFiles
from git_kas.ports.files import PlanText
from git_kas.usecases.lint import PlansPlace, lint_files

PLACE = PlansPlace("/repo", "docs/plans", "../plans")
GOOD = PlanText(b"# t\n\n**Goal:** g\n\n## Wave 1\n### Task 1: x\na\n", 0)
EMPTY = PlanText(b"", 0)


class UnreadablePlanFiles(FakePlanFiles):
    def read_path(self, folder: str, path: str) -> PlanText | None:
        raise KasError(f"The plan text {folder}{path} cannot be read: no.", next_step="Look at that path.")


def no_place() -> PlansPlace:
    raise NotARepository("no repository.", next_step="Change to one.")


def checked(files: FakePlanFiles, *arguments: str, folder: str = "/repo/src") -> list[tuple[str, list[Rule]]]:
    found = lint_files(files, folder, arguments, lambda: PLACE)
    return [(file.name, [finding.rule for finding in file.findings]) for file in found]


def test_all_plans_by_name() -> None:
    listed = {"/repo": frozenset({"b.md", "a.md", "gone.md", "bad\nname.md"})}
    texts = {"/repo/docs/plans/a.md": GOOD, "/repo/docs/plans/b.md": EMPTY}
    assert checked(FakePlanFiles(listed, texts)) == [
        ("../plans/a.md", []),
        ("../plans/b.md", [Rule.EMPTY_TEXT]),
        ("../plans/bad\nname.md", [Rule.UNREADABLE]),
    ]


@pytest.mark.parametrize("argument", ["a", "a.md", "docs/plans/a.md", "docs/plans/a"])
def test_a_plan(argument: str) -> None:
    assert checked(FakePlanFiles(texts={"/repo/docs/plans/a.md": GOOD}), argument) == [("../plans/a.md", [])]


def test_a_path_that_is_there_comes_before_a_plan() -> None:
    files = FakePlanFiles(texts={"/repo/docs/plans/a.md": GOOD, "/repo/src/a.md": EMPTY})
    assert checked(files, "a.md", "a", "a.md") == [("a.md", [Rule.EMPTY_TEXT]), ("../plans/a.md", [])]


def test_a_path_needs_no_repository() -> None:
    files = FakePlanFiles(texts={"/tmp/a.md": GOOD})
    assert [file.name for file in lint_files(files, "/", ["/tmp/a.md"], no_place)] == ["/tmp/a.md"]
    with pytest.raises(NotARepository):
        lint_files(files, "/", ["b.md"], no_place)
    with pytest.raises(NotARepository):
        lint_files(files, "/", [], no_place)


def test_what_is_not_there() -> None:
    with pytest.raises(NotFound, match=r"There is no plan 'b\.md' in \.\./plans\."):
        checked(FakePlanFiles(), "src/b")
    with pytest.raises(InvalidName):
        checked(FakePlanFiles(), "docs/plans/")


def test_what_cannot_be_read_is_a_finding() -> None:
    (file,) = lint_files(UnreadablePlanFiles(), "/", ["a.md"], no_place)
    assert file.findings == [(1, Rule.UNREADABLE, "The plan text /a.md cannot be read: no")]
