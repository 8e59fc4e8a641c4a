"""Branches in repositories with attributes, settings, upstreams, cut histories, or no base."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scenario.verdict_corpus import (
    FRESH,
    NOT_LANDED,
    UNMERGED,
    Cases,
    Expected,
    History,
    Truth,
    hows,
    landed,
    lines,
    only,
)

CASES = Cases()
because = CASES.because

FIRST = {"story.txt": lines({10: "ten"})}
SECOND = {"story.txt": lines({10: "ten", 14: "fourteen"}), "new.txt": "new\n"}
DRIFT = {"story.txt": lines({3: "three"})}
UNBORN = Truth("unknown", reason="no_base")
SHALLOW = Truth("unknown", reason="shallow_history")


# -- attributes and settings -------------------------------------------------------------------------------


@because("the squash held the file that must not be merged line by line")
def unmergeable_file(history: History) -> Expected:
    history.put({".gitattributes": "*.txt -merge\n"})
    history.side(FIRST, SECOND)
    history.go_on()
    at = history.squash()
    return only(landed("squash", at))


@because("main's hand combined both; by lines it is there, by the attribute that cannot be said", "attribute")
def unmergeable_file_combined_by_hand(history: History) -> Expected:
    history.put({".gitattributes": "*.txt -merge\n"})
    history.side(FIRST)
    history.put(DRIFT)
    at = history.put({"story.txt": lines({3: "three", 10: "ten"})}, "squash")
    return hows(at).or_else(*NOT_LANDED)


@because("main has the lines of both, as the driver puts them; by plain lines that is a conflict", "driver")
def merged_by_a_driver(history: History) -> Expected:
    history.put({".gitattributes": "*.txt merge=union\n"})
    history.side({"story.txt": lines() + "ours\n"})
    history.put({"story.txt": lines() + "theirs\n"})
    at = history.squash()
    return only(UNMERGED, *hows(at).tolerated, hows(at).truth)


@because("line ends of the worktree are not those of the commits; the squash held all of it")
def line_ends_by_attribute(history: History) -> Expected:
    history.put({".gitattributes": "*.txt text eol=crlf\n"})
    history.side({"story.txt": lines({10: "ten"}).replace("\n", "\r\n")}, {"new.txt": "new\r\n"})
    history.put({"story.txt": lines({3: "three"}).replace("\n", "\r\n")})
    assert "\r" not in history.git("show", "main:story.txt")
    at = history.squash()
    return only(landed("squash", at))


@because("the branch changes the attributes as well; the squash held all of it")
def attributes_changed_by_the_branch(history: History) -> Expected:
    history.side({".gitattributes": "*.txt -diff -merge\n"}, FIRST)
    history.go_on()
    at = history.squash()
    return only(landed("squash", at))


SETTINGS = {
    "diff.external": "false",
    "diff.noprefix": "true",
    "diff.renames": "copies",
    "diff.algorithm": "patience",
    "diff.ignoreSubmodules": "all",
    "diff.orderFile": "/nonexistent",
    "diff.suppressBlankEmpty": "true",
    "merge.renames": "false",
    "merge.conflictStyle": "diff3",
    "merge.renormalize": "true",
    "log.showSignature": "true",
    "log.follow": "true",
    "core.quotePath": "false",
    "core.pager": "false",
    "color.ui": "always",
    "core.whitespace": "-trailing-space",
    "apply.ignoreWhitespace": "change",
}


@because("no setting changes what is in main")
def hostile_settings(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.put(DRIFT)
    at = history.squash()
    history.go_on()
    for key, value in SETTINGS.items():
        history.git("config", key, value)
    return only(landed("squash", at))


@because("no setting brings in what is not in main")
def hostile_settings_and_unmerged(history: History) -> Expected:
    history.side({"story.txt": lines({10: "line  10"}).replace("\n", "\r\n")})
    history.put(DRIFT)
    for key, value in SETTINGS.items():
        history.git("config", key, value)
    return only(UNMERGED)


@because("a commit that stands for another one in refs/replace/ is not what main has", "git shows the other")
def replaced_commit(history: History) -> Expected:
    history.side(FIRST)
    pretended = history.go_on()
    history.on("elsewhere", "main~1")
    other = history.put(FIRST)
    history.main()
    history.git("replace", pretended, other)
    return only(UNMERGED)


# -- names of branches -------------------------------------------------------------------------------------


@because("the branch is meant, not the tag of the same name")
def tag_with_the_name_of_the_branch(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.go_on()
    at = history.squash()
    for name in ("side", "main"):
        history.git("tag", name, "main~2")
    return only(landed("squash", at), base="refs/heads/main")


@because("the tag of the same name is merged, the branch is not")
def merged_tag_with_the_name_of_the_branch(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.git("tag", "side", "main")
    return only(UNMERGED)


@because("the squash held all of it, whatever the branch is called")
def branch_with_an_odd_name(history: History) -> Expected:
    name = "plan/ünï-日本/🙂"
    history.side(FIRST, SECOND, name=name)
    at = history.squash(name)
    return only(landed("squash", at), branch=name)


# -- the base and its upstream -----------------------------------------------------------------------------


def publish(history: History, tip: str) -> None:
    """Let ``origin/main`` stand at ``tip`` and main track it."""
    history.git("remote", "add", "origin", "/nowhere")
    history.git("update-ref", "refs/remotes/origin/main", tip)
    history.git("config", "branch.main.remote", "origin")
    history.git("config", "branch.main.merge", "refs/heads/main")


@because("the server squashed it; only the local main is behind")
def landed_on_the_upstream_of_the_base(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.on("server")
    at = history.squash()
    history.go_on()
    history.main()
    publish(history, "server")
    history.git("branch", "-D", "server")
    return only(landed("squash", at), base="origin/main")


@because("the server squashed it while the local main went its own way")
def landed_on_the_upstream_of_a_diverged_base(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.on("server")
    at = history.squash()
    history.main()
    history.go_on(2)
    publish(history, "server")
    history.git("branch", "-D", "server")
    return only(landed("squash", at), base="origin/main")


@because("it was squashed here; the server does not know it yet")
def landed_on_the_base_ahead_of_its_upstream(history: History) -> Expected:
    history.side(FIRST, SECOND)
    before = history.go_on()
    at = history.squash()
    publish(history, before)
    return only(landed("squash", at))


@because("half of it is in the local main, the other half on the server: nobody ever had both")
def halves_on_the_base_and_its_upstream(history: History) -> Expected:
    history.side({"one.txt": "one\n", "two.txt": "two\n"})
    history.on("server")
    history.put({"one.txt": "one\n"})
    history.main()
    history.put({"two.txt": "two\n"})
    publish(history, "server")
    history.git("branch", "-D", "server")
    return only(UNMERGED)


@because("the server squashed it, and took it back since")
def landed_on_the_upstream_then_reverted(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.on("server")
    at = history.squash()
    history.revert(at)
    history.main()
    publish(history, "server")
    history.git("branch", "-D", "server")
    return only(landed("squash", at, "reverted"), base="origin/main")


@because("that its upstream is gone says nothing about its content")
def gone_upstream_and_unmerged(history: History) -> Expected:
    history.side(FIRST)
    history.git("remote", "add", "origin", "/nowhere")
    history.git("config", "branch.side.remote", "origin")
    history.git("config", "branch.side.merge", "refs/heads/side")
    return only(UNMERGED)


# -- no history to judge by --------------------------------------------------------------------------------


def cut(history: History, depth: int) -> Path:
    clone = history.path.parent / "shallow"
    history.git("clone", "-q", f"--depth={depth}", "--no-single-branch", history.path.as_uri(), str(clone))
    history.git("branch", "-q", "--no-track", "side", "origin/side", cwd=clone)
    return clone


@because("where they forked is cut off", "history is cut off")
def shallow_clone(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.go_on(3)
    history.squash()
    history.go_on()
    return replace(only(SHALLOW), folder=cut(history, 2))


@because("the clone is shallow, but all that matters is there", "history is cut off")
def shallow_clone_that_is_deep_enough(history: History) -> Expected:
    history.go_on(5)
    history.side(FIRST, SECOND)
    history.go_on()
    at = history.squash()
    return replace(only(landed("squash", at), SHALLOW), folder=cut(history, 6))


@because("there is no branch to judge it against", "no base")
def no_base(history: History) -> Expected:
    history.side(FIRST)
    history.git("branch", "-m", "main", "trunk")
    history.git("branch", "fresh")
    return only(UNBORN)


@because("another branch is the base, and that one has it")
def another_base(history: History) -> Expected:
    history.side(FIRST, SECOND)
    history.git("branch", "develop")
    history.git("switch", "-q", "develop")
    at = history.squash()
    history.main()
    history.go_on()
    history.git("config", "kas.base", "develop")
    return only(landed("squash", at), base="develop")


@because("the base is no branch here but that of the server")
def base_only_on_the_server(history: History) -> Expected:
    history.side(FIRST, SECOND)
    at = history.squash()
    publish(history, "main")
    history.git("switch", "-q", "side")
    history.git("branch", "-D", "main")
    return only(landed("squash", at), base="origin/main")


@because("it began where the base is, and nothing was committed yet")
def fresh_branch_of_a_plan_just_begun(history: History) -> Expected:
    history.go_on()
    history.worktree("side")
    return only(FRESH)
