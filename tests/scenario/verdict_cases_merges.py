"""Branches that merged the base, other topics or other histories, or that forked from such."""

from __future__ import annotations

from scenario.verdict_corpus import (
    EMPTY,
    NOT_LANDED,
    UNMERGED,
    Cases,
    Expected,
    History,
    Truth,
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


@because(
    "its commits were picked, and then it merged main, with which it is level since", "nothing is left to merge"
)
def updated_from_the_base_after_landing(history: History) -> Expected:
    commits = history.side(ONE, TWO)
    history.go_on()
    at = history.pick(*commits)
    history.git("switch", "-q", "side")
    history.merge("main")
    history.main()
    history.go_on()
    return only(EMPTY, landed("rebase", at))


@because("its undoing of what main did after the fork is not what main once had before that")
def undoes_what_it_merged_from_the_base(history: History) -> Expected:
    history.side(ONE)
    history.put({"story.txt": lines({10: "ten"})})
    history.put({"story.txt": lines({10: "zehn"})})
    history.git("switch", "-q", "side")
    history.merge("main")
    history.side({"story.txt": lines({10: "ten"})})
    history.pick("side~2")
    return only(partial(1, 2))


@because("each of its sixty commits was copied")
def long_branch_rebased(history: History) -> Expected:
    commits = history.side(*({f"{number}.txt": f"{number}\n"} for number in range(60)))
    history.go_on()
    at = history.pick(*commits)
    return only(landed("rebase", at))


@because("all but one of its sixty commits were copied")
def long_branch_rebased_but_one(history: History) -> Expected:
    commits = history.side(*({f"{number}.txt": f"{number}\n"} for number in range(60)))
    history.go_on()
    history.pick(*commits[:30], *commits[31:])
    return only(partial(59, 60), UNMERGED, Truth("unknown", reason="content_not_compared"))


@because("the history that it merged has no commit in common with main and never came there")
def merged_an_unrelated_history(history: History) -> Expected:
    (own,) = history.side(ONE)
    history.git("switch", "-q", "--orphan", "imported")
    history.put(TWO)
    history.git("switch", "-q", "side")
    history.merge("--allow-unrelated-histories", "imported")
    history.main()
    history.pick(own)
    return only(partial(), UNMERGED)


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


@because("main took the place of a history of its own, of which only the last commit came into main")
def other_root_behind_the_base(history: History) -> Expected:
    history.side(FOUR, name="forked-earlier")
    history.git("switch", "-q", "--orphan", "side")
    history.put(ONE)
    history.put({**ONE, **TWO})
    history.main()
    history.put(TWO)
    history.git("switch", "-q", "side")
    tree = history.git("rev-parse", "main^{tree}")
    tip = history.git("commit-tree", "-p", "side", "-p", "main", "-m", "take main", tree)
    history.git("reset", "-q", "--hard", tip)
    history.main()
    return only(EMPTY)
