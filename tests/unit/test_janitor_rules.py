"""The rules of what may be removed, the steps of a journal, and names for what comes back."""

from __future__ import annotations

import pytest

from git_kas.domain.ages import parse_age
from git_kas.domain.branch import LandingMethod, Presence, UnknownReason, Verdict, VerdictKind
from git_kas.domain.janitor import (
    LOSS_FLAGS,
    REASONS,
    FolderFacts,
    Inspection,
    Reason,
    ReasonCode,
    Untouchable,
    Usage,
    WorktreeFacts,
    verdict_reason,
    worktree_reasons,
)
from git_kas.domain.janitor_names import Renaming
from git_kas.domain.names import BranchName, ObjectId, PlanName
from git_kas.domain.removal_steps import (
    BranchesStep,
    ConfigStep,
    PlanStep,
    RemovedBranch,
    Step,
    WorktreeStep,
    encode_done,
    encode_end,
    encode_step,
    has_ended,
    next_number,
    numbers_done,
    removal_steps,
)
from git_kas.domain.worktree import Dirt, FolderState, Operation, Worktree
from git_kas.errors import UsageError

TIP = ObjectId("1" * 40)
NOTHING = Untouchable(BranchName("main"), frozenset({BranchName("release")}))
UNTOUCHED = Inspection()
CLEAN = Worktree("wt", "/wt", "/repo/.git/worktrees/wt", BranchName("x"))
STEPS: tuple[Step, ...] = (
    WorktreeStep(1, "wt", "/a \udcff\n", "/admin", "/trash/tree", "/trash/admin", BranchName("x"), TIP),
    WorktreeStep(2, "wt", "/b", "/admin", "", "/trash/admin", None, None),
    BranchesStep(
        3, (RemovedBranch(BranchName("x"), TIP, 5, None), RemovedBranch(BranchName("y"), TIP, 5, 7)), "l"
    ),
    ConfigStep(4, (("x", 3, 4),), "config-4", "aa", "bb"),
    PlanStep(5, PlanName("a.md"), "key"),
)


def codes(worktree: Worktree = CLEAN, inspection: Inspection = UNTOUCHED, **more: object) -> list[str]:
    folder = more.get("folder", FolderFacts())
    usage = more.get("usage", Usage())
    assert isinstance(folder, FolderFacts)
    assert isinstance(usage, Usage)
    facts = WorktreeFacts(worktree, inspection, folder, usage, ["s"] * bool(more.get("signals")))
    return [str(reason.code) for reason in worktree_reasons(facts, NOTHING)]


def test_a_clean_idle_worktree_may_go() -> None:
    assert codes() == []


def test_each_obstacle_is_a_reason_and_several_add_up() -> None:
    locked = Worktree("wt", "/wt", "/a", BranchName("release"), locked=True, operations=(Operation.MERGE,))
    dirt = Inspection(Dirt(2, 1), ignored=1, hidden=["f"], submodules=["s"], unreachable=TIP)
    assert codes(locked, dirt, usage=Usage(["vim"], "no"), signals=True) == [
        "protected",
        "locked",
        "operation",
        "signals",
        "in_use",
        "use_unknown",
        "uncommitted",
        "untracked",
        "hidden_changes",
        "ignored",
        "submodules",
        "unreachable_head",
    ]
    assert codes(Worktree("", "/", "/.git", BranchName("main"))) == ["main_worktree", "base_branch"]
    here = FolderFacts(here=True, mounts=["/wt/m"], nested=["/wt/n"], submodules=True)
    assert codes(folder=here) == ["current", "mount_point", "nested_worktree", "submodules"]


def test_what_could_not_be_looked_at_is_kept() -> None:
    for inspection in (Inspection(problem="why"), Inspection(Dirt(problem="why"))):
        assert codes(inspection=inspection) == ["not_inspected"]
    assert codes(folder=FolderFacts(problem="why")) == ["not_inspected"]


def test_an_entry_without_a_folder() -> None:
    missing = Worktree("wt", "/wt", "/a", folder=FolderState.MISSING)
    assert codes(missing, Inspection(Dirt(3, 3), ignored=2)) == []
    assert codes(missing, folder=FolderFacts(found_at="/else")) == ["moved"]
    assert codes(missing, folder=FolderFacts(is_empty=True)) == ["empty_folder"]
    assert codes(Worktree("wt", "/wt", "/a", folder=FolderState.FOREIGN)) == ["foreign_folder"]


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict(VerdictKind.ANCESTOR), None),
        (Verdict(VerdictKind.LANDED, how=LandingMethod.SQUASH, landed_at=TIP, now=Presence.EDITED), None),
        (
            Verdict(VerdictKind.LANDED, how=LandingMethod.SQUASH, landed_at=TIP, now=Presence.REVERTED),
            "reverted",
        ),
        (Verdict(VerdictKind.PARTIAL, commits=3, landed_commits=1), "partial"),
        (Verdict(VerdictKind.UNMERGED), "unmerged"),
        (Verdict(VerdictKind.FRESH), "fresh"),
        (Verdict(VerdictKind.EMPTY), "empty"),
        (Verdict(VerdictKind.UNRELATED), "unrelated"),
        (Verdict(VerdictKind.UNKNOWN, UnknownReason.NO_BASE), "unknown"),
    ],
)
def test_only_what_is_in_the_base_may_go(verdict: Verdict, code: str | None) -> None:
    reason = verdict_reason(verdict)
    assert (reason and reason.code) == code
    assert (reason is None) == verdict.allows_removal


def test_every_code_has_a_rule_and_only_known_losses_can_be_accepted() -> None:
    assert set(REASONS) == set(ReasonCode)
    assert {code for code, rule in REASONS.items() if rule.flag} == {
        "uncommitted",
        "untracked",
        "hidden_changes",
        "ignored",
        "submodules",
        "unreachable_head",
        "use_unknown",
        "fresh",
        "empty",
        "reverted",
    }
    assert len(LOSS_FLAGS) == 10
    reason = Reason(ReasonCode.IGNORED, "a.log")
    assert reason.keeps(())
    assert not reason.keeps({"--discard-ignored"})
    assert Reason(ReasonCode.LOCKED).keeps(LOSS_FLAGS)
    assert reason.text == "files that are ignored: a.log"


def test_steps_are_read_back_and_the_last_of_a_number_counts() -> None:
    documents = [{"names": []}, *map(encode_step, STEPS), encode_done(1), encode_done(3)]
    assert list(removal_steps(documents)) == list(STEPS)
    assert numbers_done(documents) == {1, 3}
    assert next_number(documents) == 6
    assert next_number([]) == 1
    assert not has_ended(documents)
    assert has_ended([*documents, encode_end()])
    again = STEPS[2]
    assert isinstance(again, BranchesStep)
    documents.append(encode_step(again._replace(branches=())))
    assert removal_steps(documents)[2] == again._replace(branches=())


@pytest.mark.parametrize(
    "document",
    [{"step": "worktree", "number": 1}, {"step": "branches", "number": 1, "branches": 3}, {"step": "plan"}],
)
def test_a_step_of_another_form_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not understood"):
        removal_steps([document])


def test_names_that_are_free_stay() -> None:
    renaming = Renaming(None, lambda _: False)
    renaming.branch(BranchName("x"), {"refs/heads/y": TIP})
    assert (renaming.problems, renaming.branches) == ([], {})


def test_names_that_are_taken_are_problems_or_get_numbers() -> None:
    references = {"refs/heads/x": TIP, "refs/heads/dir/a": TIP, "refs/heads/new": TIP}
    refused = Renaming(None, lambda path: path == "/wt")
    for name in ("x", "dir", "x/below"):
        refused.branch(BranchName(name), references)
    refused.plan(PlanName("p.md"))
    refused.worktree(1, "/wt", "/admin/wt")
    refused.worktree(2, "/other", "/admin/other")
    assert refused.problems == [
        "branch x exists",
        "branch dir cannot be beside dir/a",
        "branch x/below cannot be beside x",
        "plan p.md exists",
        "/wt is in use",
        "/admin/other is in use",
    ]
    given = Renaming("new", lambda path: path == "/new")
    for name in ("x", "dir"):
        given.branch(BranchName(name), references)
    given.worktree(1, "/wt", "/admin/wt")
    given.worktree(2, "/deep/wt", "/admin/two")
    given.plan(PlanName("p.md"))
    assert given.branches == {"x": "new-2", "dir": "new-3"}
    assert given.plans == {"p.md": "new.md"}
    read = Renaming.decode(given.encode())
    first, second = (STEPS[0]._replace(number=n) for n in (1, 2))
    assert isinstance(first, WorktreeStep)
    assert isinstance(second, WorktreeStep)
    assert (read.path(first), read.admin(first)) == ("/new-2", "/admin/new-2")
    assert (read.path(second), read.admin(second)) == ("/deep/new", "/admin/new")


@pytest.mark.parametrize(("text", "hours"), [("30", 720), ("30d", 720), ("12h", 12), ("2w", 336), ("0", 0)])
def test_ages(text: str, hours: int) -> None:
    assert parse_age(text) == hours * 3600


@pytest.mark.parametrize("text", ["", "d", "-1", "1.5d", "1y", "1 d", "9999999"])
def test_other_ages_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_age(text)
