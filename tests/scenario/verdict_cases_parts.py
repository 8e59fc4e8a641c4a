"""Branches that came into the base in parts, in copies, on top of one another, or only in part."""

from __future__ import annotations

from scenario.verdict_corpus import (
    UNMERGED,
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

ONE = {"one.txt": "one\n"}
TWO = {"two.txt": "two\n"}
THREE = {"three.txt": "three\n"}
FOUR = {"four.txt": "four\n"}


# -- all of it, in parts -----------------------------------------------------------------------------------


@because("two squashes together hold all of it, so main has it since the second")
def landed_in_two_parts(history: History) -> Expected:
    _, middle, _ = history.side(ONE, TWO, THREE)
    history.git("merge", "-q", "--squash", middle)
    history.close("first part")
    history.go_on()
    at = history.squash()
    return only(landed("rebase", at))


@because("two squashes of the same file together hold all of it, so main has it since the second")
def landed_in_two_parts_of_one_file(history: History) -> Expected:
    first, _ = history.side({"story.txt": lines({3: "three"})}, {"story.txt": lines({3: "three", 15: "15"})})
    history.pick(first)
    history.put({"story.txt": lines({3: "three", 9: "nine"})})
    at = history.put({"story.txt": lines({3: "three", 9: "nine", 15: "15"})}, "second part")
    return only(landed("rebase", at))


@because("the copy of its last commit completes it")
def rebased(history: History) -> Expected:
    commits = history.side(ONE, TWO, THREE)
    history.go_on()
    at = history.pick(*commits)
    history.go_on()
    return only(landed("rebase", at))


@because("the copy of its last commit completes it, although each commit edits the same file")
def rebased_commits_of_one_file(history: History) -> Expected:
    texts = [lines({5: "five"}), lines({5: "five", 6: "six"}), lines({5: "5", 6: "six", 16: "sixteen"})]
    commits = history.side(*({"story.txt": text} for text in texts))
    history.put({"story.txt": lines({20: "twenty"})})
    at = history.pick(*commits)
    return only(landed("rebase", at))


@because("main worked on between the copies and left them alone; the last one completes it")
def rebased_with_other_commits_between(history: History) -> Expected:
    first, second, third = history.side(ONE, TWO, THREE)
    for commit in (first, second):
        history.pick(commit)
        history.go_on()
    at = history.pick(third)
    return only(landed("rebase", at))


@because("the last of the copies completes it, in whatever order they came")
def picked_in_another_order(history: History) -> Expected:
    first, second, third = history.side(ONE, TWO, THREE)
    history.pick(third)
    history.pick(first)
    at = history.pick(second)
    return only(landed("rebase", at))


@because("sent as patches and applied with git am, the last one completes it")
def applied_with_am(history: History) -> Expected:
    history.side(ONE, {"story.txt": lines({7: "seven"})})
    history.put({"story.txt": lines({15: "fifteen"})})
    patches = history.git("format-patch", "--stdout", "main...side") + "\n"
    history.git("am", "-q", "-3", stdin=patches)
    at = history.head()
    return only(landed("rebase", at))


@because("what was taken back within the branch changes nothing, so the one picked commit holds all of it")
def picked_without_what_was_taken_back(history: History) -> Expected:
    first, _ = history.side(ONE, {"two.txt": "two\n", "story.txt": lines({4: "four"})})
    history.git("switch", "-q", "side")
    history.revert(first)
    history.main()
    history.go_on()
    at = history.pick("side~1")
    return hows(at)


# -- only some of it ---------------------------------------------------------------------------------------


@because("two of four were picked")
def partly_picked(history: History) -> Expected:
    first, second, *_ = history.side(ONE, TWO, THREE, FOUR)
    history.pick(first, second)
    history.go_on()
    return only(partial(2, 4))


@because("only the one in the middle was picked")
def middle_one_picked(history: History) -> Expected:
    _, second, _ = history.side(ONE, TWO, THREE)
    history.pick(second)
    return only(partial(1, 3))


@because("only the last was picked")
def last_one_picked(history: History) -> Expected:
    *_, third = history.side(ONE, TWO, THREE)
    history.go_on()
    history.pick(third)
    return only(partial(1, 3))


@because("the first part was taken back before the second came, so main never had both")
def first_part_reverted_before_the_second_came(history: History) -> Expected:
    first, second = history.side(ONE, TWO)
    history.revert(history.pick(first))
    history.pick(second)
    return only(partial(), UNMERGED)


@because("each of the two squashes left out what the other had: main never had both")
def two_halves_never_together(history: History) -> Expected:
    history.side({**ONE, **TWO})
    history.put(ONE)
    history.put({"one.txt": None, **TWO})
    history.put({"one.txt": None, "two.txt": None})
    return only(UNMERGED)


@because("the first part's lines were rewritten before the second came, so main never had both as they were")
def first_part_edited_before_the_second_came(history: History) -> Expected:
    first, second = history.side({"story.txt": lines({3: "three"})}, TWO)
    history.pick(first)
    history.put({"story.txt": lines({3: "drei"})})
    at = history.pick(second)
    return only(partial(), UNMERGED, landed("rebase", at, "edited"))


@because("one of two files of its only commit came into main")
def half_a_commit_picked(history: History) -> Expected:
    history.side({**ONE, **TWO})
    history.put(ONE)
    return only(UNMERGED)


# -- stacked -----------------------------------------------------------------------------------------------


@because("what lies below was squashed, its own commits were not")
def stacked_on_a_squashed_branch(history: History) -> Expected:
    history.side(ONE, TWO, name="lower")
    history.side(THREE, FOUR, start="lower")
    history.squash("lower")
    history.go_on()
    return only(partial(2, 4))


@because("what lies below was squashed, and the second commit there had rewritten the first one's lines")
def stacked_on_a_squashed_branch_that_corrected_itself(history: History) -> Expected:
    history.side({"one.txt": "draft\n"}, ONE, name="lower")
    history.side(THREE, FOUR, start="lower")
    history.squash("lower")
    return only(partial(2, 4), partial(1, 4))


@because("the squash held all of the lower branch")
def lower_branch_was_squashed(history: History) -> Expected:
    history.side(ONE, TWO, name="lower")
    history.side(THREE, start="lower")
    at = history.squash("lower")
    return only(landed("squash", at), branch="lower")


@because("first the lower, then the upper part was squashed; main has both since then")
def stacked_and_both_squashed(history: History) -> Expected:
    history.side(ONE, TWO, name="lower")
    history.side(THREE, FOUR, start="lower")
    history.squash("lower")
    history.go_on()
    at = history.squash()
    return only(landed("rebase", at))


@because("the squash of the upper branch held all of the lower one, too")
def lower_branch_landed_with_the_upper(history: History) -> Expected:
    history.side(ONE, TWO, name="lower")
    history.side(THREE, {"one.txt": "one\n" * 2}, start="lower")
    history.go_on()
    history.squash()
    return only(UNMERGED, partial(), branch="lower")


@because("the squash of the upper branch held all of the lower one, which it does not touch")
def lower_branch_landed_untouched_with_the_upper(history: History) -> Expected:
    history.side(ONE, TWO, name="lower")
    history.side(THREE, {"four.txt": "four\n" * 2}, start="lower")
    history.go_on()
    at = history.squash()
    return only(landed("squash", at), branch="lower")


@because("neither it nor what it is stacked on ever landed")
def stacked_on_an_unmerged_branch(history: History) -> Expected:
    history.side(ONE, name="lower")
    history.side(TWO, start="lower")
    history.go_on()
    return only(UNMERGED)


@because("its own commit was picked, the one that it is stacked on was not")
def picked_from_on_top_of_an_unmerged_branch(history: History) -> Expected:
    history.side(ONE, name="lower")
    (own,) = history.side(TWO, start="lower")
    history.pick(own)
    return only(partial(1, 2))
