"""Branches that came into the base in parts, in copies, on top of one another, or only in part."""

from __future__ import annotations

from scenario.verdict_corpus import (
    EMPTY,
    NOT_LANDED,
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
    return only(partial(2, 4))


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


# -- with merges of its own --------------------------------------------------------------------------------


def updated_branch(history: History) -> None:
    """A branch that merged main twice while it worked."""
    history.side({"story.txt": lines({10: "ten"})})
    history.put({"story.txt": lines({2: "two"})})
    history.git("switch", "-q", "side")
    history.merge("main")
    history.side({**ONE, "story.txt": lines({2: "two", 10: "zehn"})})
    history.put({"story.txt": lines({2: "two", 18: "eighteen"}), **FOUR})
    history.git("switch", "-q", "side")
    history.merge("main")
    history.side(TWO)


@because("what it merged from main is main's; the squash held the rest")
def updated_from_the_base_then_squashed(history: History) -> Expected:
    updated_branch(history)
    history.go_on()
    at = history.squash()
    history.go_on()
    return only(landed("squash", at))


@because("what it merged from main is main's; its own never landed")
def updated_from_the_base_and_unmerged(history: History) -> Expected:
    updated_branch(history)
    history.go_on()
    return only(UNMERGED)


@because("all that it ever did was to merge main")
def updated_from_the_base_without_own_work(history: History) -> Expected:
    history.side({})
    history.go_on()
    history.git("switch", "-q", "side")
    history.merge("main")
    history.main()
    return only(EMPTY)


@because("the squash held its own work and the topic that it had merged")
def with_a_merge_of_another_topic_squashed(history: History) -> Expected:
    history.side(ONE)
    history.side({"story.txt": lines({8: "eight"})}, name="topic")
    history.git("switch", "-q", "side")
    history.merge("topic")
    history.main()
    history.go_on()
    at = history.squash()
    return only(landed("squash", at))


@because("its own commit was picked, but not the topic that it had merged")
def with_a_merge_of_another_topic_that_never_landed(history: History) -> Expected:
    (own,) = history.side(ONE)
    history.side(TWO, name="topic")
    history.git("switch", "-q", "side")
    history.merge("topic")
    history.main()
    history.pick(own)
    return only(partial(), UNMERGED)


@because("its merge holds work of its own, which was not picked with the other commits")
def own_work_hidden_in_a_merge(history: History) -> Expected:
    (own,) = history.side(ONE)
    history.go_on()
    history.git("switch", "-q", "side")
    history.git("merge", "-q", "--no-ff", "--no-commit", "main")
    history.put({"evil.txt": "only in the merge\n"}, "evil merge")
    history.main()
    history.pick(own)
    return only(partial(), UNMERGED)


@because("its merge resolved a conflict with its own words, which were not picked with the other commits")
def conflict_resolved_in_a_merge_of_its_own(history: History) -> Expected:
    history.side({"story.txt": lines({10: "ten"})}, ONE)
    history.put({"story.txt": lines({10: "zehn"})})
    history.git("switch", "-q", "side")
    try:
        history.merge("main")
    except AssertionError:
        history.put({"story.txt": lines({10: "ten, zehn, dix"})}, "resolved")
    history.main()
    history.put(ONE, "the second of its commits")
    return only(partial(), *NOT_LANDED)


@because("it forked from a commit beside main's own states; the squash held what it added to that")
def forked_from_a_merged_topic(history: History) -> Expected:
    first, _ = history.side(ONE, TWO, name="topic")
    history.side(THREE, {"story.txt": lines({9: "nine"})}, start=first)
    history.go_on()
    history.merge("topic")
    history.go_on()
    at = history.squash()
    return only(landed("squash", at))


@because("it forked from a commit beside main's own states, and never landed")
def forked_from_a_merged_topic_and_unmerged(history: History) -> Expected:
    first, _ = history.side(ONE, TWO, name="topic")
    history.side({"one.txt": "one\nmore\n"}, start=first)
    history.merge("topic")
    return only(UNMERGED)


@because("it forked from a topic whose next commit did the same; main has all of it since that topic's merge")
def same_as_the_topic_that_it_forked_from(history: History) -> Expected:
    first, _ = history.side(ONE, TWO, name="topic")
    history.side(TWO, start=first)
    history.go_on()
    at = history.merge("topic")
    return only(landed("merge", at))


@because("they merged each other crosswise before; the squash held what came after")
def squashed_after_criss_cross_merges(history: History) -> Expected:
    (one,) = history.side(ONE)
    two = history.put(TWO)
    history.git("switch", "-q", "side")
    history.merge(two)
    history.main()
    history.merge(one)
    history.side({"story.txt": lines({5: "five"})})
    history.go_on()
    at = history.squash()
    return only(landed("squash", at))
