"""Branches whose content came into the base as a whole, and what became of it there."""

from __future__ import annotations

from scenario.verdict_corpus import (
    ANCESTOR,
    EMPTY,
    FRESH,
    NOT_LANDED,
    UNMERGED,
    UNRELATED,
    Cases,
    Expected,
    History,
    hows,
    landed,
    lines,
    only,
    partial,
)

CASES = Cases()
because = CASES.because

FIRST = {"story.txt": lines({10: "ten"})}
SECOND = {"story.txt": lines({10: "ten", 14: "fourteen"}), "new.txt": "new\n"}


@because("main contains its commits")
def merged_by_merge_commit(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.merge()
    history.go_on()
    return only(ANCESTOR)


@because("main went to its tip; its reflog tells of commits made on it")
def merged_by_fast_forward(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.git("merge", "-q", "--ff-only", "side")
    return only(ANCESTOR)


@because("main contains its commits beside those of others")
def merged_in_an_octopus(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.side({"b.txt": "b"}, name="two")
    history.side({"c.txt": "c"}, name="three")
    history.merge("side", "two", "three")
    return only(ANCESTOR)


@because("main contains its commits, although it took their content back")
def merged_then_reverted(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.merge()
    history.git("revert", "--no-edit", "-m", "1", "HEAD")
    return only(ANCESTOR)


@because("main contains its commits; the merge that added more besides changes nothing about that")
def merged_by_an_evil_merge(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.git("merge", "-q", "--no-ff", "--no-commit", "side")
    history.put({"evil.txt": "only in the merge\n", "story.txt": lines({10: "TEN"})}, "evil")
    return only(ANCESTOR)


@because("main contains its commits, although it never had their content")
def merged_with_strategy_ours(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.git("merge", "-q", "-s", "ours", "-m", "ours", "side")
    return only(ANCESTOR)


@because("main contains its commits by way of a history that it gave up")
def merged_then_lost_by_strategy_ours(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.on("given-up")
    history.merge()
    history.main()
    history.go_on()
    history.git("merge", "-q", "-s", "ours", "-m", "ours", "given-up")
    return only(ANCESTOR)


@because("nothing was ever committed on it")
def fresh_branch(history: History) -> Expected:
    history.git("branch", "side")
    history.go_on()
    return only(FRESH)


@because("it has nothing of its own any more; its reflog still tells of the work that was given up")
def commits_then_reset_to_base(history: History) -> Expected:
    history.side(FIRST)
    history.git("switch", "-q", "side")
    history.git("reset", "-q", "--hard", "main")
    history.main()
    return only(ANCESTOR, FRESH)


@because("no commit in common")
def unrelated_history(history: History) -> Expected:
    history.git("switch", "-q", "--orphan", "side")
    history.put({"story.txt": lines(), "alone.txt": "alone"})
    history.main()
    return only(UNRELATED)


@because("what it added it removed again")
def added_and_removed_within_the_branch(history: History) -> Expected:
    history.side({"new.txt": "new"}, {"new.txt": None})
    history.go_on()
    return only(EMPTY)


@because("its commit changes nothing")
def empty_commit_only(history: History) -> Expected:
    history.side({})
    return only(EMPTY)


@because("never merged")
def unmerged(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.go_on()
    return only(UNMERGED)


# -- squashed ----------------------------------------------------------------------------------------------


@because("one commit of main holds all of it")
def squashed_at_once(history: History) -> Expected:
    history.side(FIRST, SECOND)
    at = history.squash()
    history.go_on(3)
    return only(landed("squash", at))


@because("one commit of main holds all of it; a copy of one commit is as much a squash")
def one_commit_picked(history: History) -> Expected:
    (commit,) = history.side(SECOND)
    history.go_on()
    at = history.pick(commit)
    return hows(at)


@because("neighbouring lines of the same file changed before, the squash still holds all of it")
def squashed_after_drift(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.put({"story.txt": lines({1: "one", 12: "twelve", 18: "eighteen"})})
    at = history.squash()
    history.go_on()
    return only(landed("squash", at))


@because("line numbers moved by a hundred before, the squash still holds all of it")
def squashed_after_lines_moved(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.put({"story.txt": "".join(f"prologue {n}\n" for n in range(100)) + lines()})
    at = history.squash()
    return only(landed("squash", at))


@because("the squash held all of it; the lines were edited only afterwards")
def later_edits_to_the_same_lines(history: History) -> Expected:
    history.side(FIRST, SECOND)
    at = history.squash()
    history.put({"story.txt": lines({10: "ten of others", 14: "fourteen"})})
    return only(landed("squash", at, "edited"))


@because("the squash held all of it after drift; the lines were edited only afterwards")
def drift_and_later_edits(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.put({"story.txt": lines({1: "one", 12: "twelve"})})
    at = history.squash()
    history.put({"story.txt": lines({1: "one", 9: "nine", 10: "ten of others", 12: "12", 14: "others'"})})
    history.go_on()
    return only(landed("squash", at, "edited"))


@because("the squash held all of it; somebody removed everything of it later")
def later_removed(history: History) -> Expected:
    history.side({"new.txt": "new\n"}, {"new.txt": "new\nnewer\n"})
    at = history.squash()
    history.put({"new.txt": None})
    return only(landed("squash", at, "reverted"), landed("squash", at, "edited"))


@because("one commit of main made the same change by itself; nothing of the branch is missing from it")
def independent_identical_change(history: History) -> Expected:
    history.side(SECOND)
    at = history.put(SECOND, "found by somebody else")
    return hows(at)


@because("both added the same file")
def added_on_both_sides_alike(history: History) -> Expected:
    history.side({"new.txt": lines(count=5)})
    at = history.put({"new.txt": lines(count=5)})
    history.go_on()
    return hows(at)


@because("the dates of the commits say nothing; the squash holds all of it")
def squashed_by_a_clock_that_is_late(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.git("merge", "-q", "--squash", "side")
    history.git("commit", "-q", "-m", "squash", at=1_000_000_000)
    at = history.head()
    history.go_on()
    return only(landed("squash", at))


@because("the commits taken back within the branch change nothing; the squash holds the rest")
def squashed_with_a_revert_inside(history: History) -> Expected:
    first, _ = history.side(FIRST, {"new.txt": "new\n"})
    history.git("switch", "-q", "side")
    history.revert(first)
    history.main()
    at = history.squash()
    return hows(at)


# -- taken back --------------------------------------------------------------------------------------------


@because("the squash held all of it, a later commit took it back")
def squashed_then_reverted(history: History) -> Expected:
    history.side(FIRST, SECOND)
    at = history.squash()
    history.revert(at)
    return only(landed("squash", at, "reverted"))


@because("the squash held all of it; a revert took it back among other work")
def reverted_after_others_worked_on(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.put({"story.txt": lines({1: "one"})})
    at = history.squash()
    history.put({"story.txt": lines({1: "one", 10: "ten", 14: "fourteen", 19: "nineteen"})})
    history.revert(at)
    history.go_on()
    return only(landed("squash", at, "reverted"))


@because("the squash held all of it; one of its two files was put back")
def partly_reverted(history: History) -> Expected:
    history.side(FIRST, SECOND)
    at = history.squash()
    history.git("rm", "-q", "new.txt")
    history.close("without new.txt")
    return only(landed("squash", at, "edited"))


@because("it landed, was taken back, and came again: the first moment counts, and it is there now")
def reverted_then_landed_again(history: History) -> Expected:
    history.side(FIRST, SECOND)
    at = history.squash()
    taken_back = history.revert(at)
    history.go_on()
    history.revert(taken_back)
    return only(landed("squash", at))


@because("it landed as copies, all of which were taken back")
def rebased_then_reverted(history: History) -> Expected:
    commits = history.side(FIRST, SECOND)
    history.go_on()
    at = history.pick(*commits)
    history.revert(at, f"{at}~1")
    return only(landed("rebase", at, "reverted"))


@because("it was taken back, and then its lines were written anew by others")
def reverted_then_edited(history: History) -> Expected:
    history.side(FIRST, SECOND)
    at = history.squash()
    history.revert(at)
    history.put({"story.txt": lines({10: "something else"})})
    return only(landed("squash", at, "edited"), landed("squash", at, "reverted"))


# -- by merges of others -----------------------------------------------------------------------------------


@because("a copy of it was merged; the merge is the first state of main that has it")
def copy_was_merged(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.go_on()
    history.git("branch", "copy", "side")
    history.git("rebase", "-q", "main", "copy")
    history.main()
    at = history.merge("copy")
    return only(landed("merge", at))


@because("a topic that had picked its commits was merged")
def picked_by_a_topic_that_was_merged(history: History) -> Expected:
    commits = history.side(FIRST, SECOND)
    history.on("topic")
    history.go_on()
    history.pick(*commits)
    history.main()
    history.go_on()
    at = history.merge("topic")
    return only(landed("merge", at))


@because("a pull made the squash a second parent; main has all of it since the merge, origin since the squash")
def chain_swapped_by_a_pull(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.on("theirs")
    squash = history.squash()
    history.go_on()
    history.main()
    history.go_on()
    at = history.merge("theirs")
    return only(landed("merge", at), landed("squash", squash))


@because("the squash was in a history that main gave up; what main itself had never held it")
def squashed_then_lost_by_strategy_ours(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.on("given-up")
    squash = history.squash()
    history.main()
    history.go_on()
    history.git("merge", "-q", "-s", "ours", "-m", "ours", "given-up")
    tolerated = [landed(how, squash, "reverted") for how in ("squash", "merge")]
    return only(UNMERGED, *tolerated)


@because("one of its commits was made after the merge")
def commit_after_the_merge(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.merge()
    history.side({"after.txt": "after the merge\n"})
    return only(UNMERGED)


@because("one of its three commits was made after the squash")
def commit_after_the_squash(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.squash()
    history.side({"after.txt": "after the squash\n"})
    return only(partial(2, 3))


@because("the lines that it edits after the squash never landed")
def same_lines_edited_after_the_squash(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.squash()
    history.side({"story.txt": lines({10: "ten again", 14: "fourteen"})})
    return only(partial(2, 3))


# -- conflicts ---------------------------------------------------------------------------------------------


def conflicting_squash(history: History, resolved: str) -> str:
    """Squash a branch that conflicts with main in line 10; the resolution by hand is that line."""
    history.side({**FIRST, "new.txt": "new\n"})
    history.put({"story.txt": lines({10: "zehn"})})
    try:
        history.git("merge", "-q", "--squash", "side")
    except AssertionError:
        return history.put({"story.txt": lines({10: resolved})}, "squash, by hand")
    raise AssertionError("no conflict")


@because("the line that was written by hand is neither side's, and the branch's own is nowhere")
def conflict_resolved_by_hand(history: History) -> Expected:
    conflicting_squash(history, "ten and zehn")
    return only(UNMERGED, partial())


@because("the resolution dropped the branch's line")
def conflict_resolved_for_the_base(history: History) -> Expected:
    conflicting_squash(history, "zehn")
    return only(UNMERGED, partial())


@because("the resolution took the branch's line; all of it is in the squash")
def conflict_resolved_for_the_branch(history: History) -> Expected:
    at = conflicting_squash(history, "ten")
    return only(landed("squash", at))


@because("of two commits the one that did not conflict is in the squash as it was")
def conflict_in_one_of_two_commits(history: History) -> Expected:
    history.side({"new.txt": "new\n"}, FIRST)
    history.put({"story.txt": lines({10: "zehn"}), "new.txt": "new\n"}, "squash, by hand")
    return only(partial(1, 2), *NOT_LANDED[:1])
