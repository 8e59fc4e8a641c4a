"""Branches that tools deleted although their work was nowhere else, or kept although it was."""

from __future__ import annotations

from dataclasses import replace

from scenario.incidents import WORK, Fate, Incidents, Scene, goes
from scenario.verdict_corpus import lines

INCIDENTS = Incidents()
when = INCIDENTS.when

PROGRAM = "def f(x):\n    if x:\n        a()\n    return x\n"


def keeps(code: str, branch: str = "side", verdict: str = "unmerged") -> Fate:
    """The branch stays for a reason."""
    return Fate({branch: verdict}, kept={branch: code}, names=(branch,))


# -- merged and yet not --------------------------------------------------------------------------------------


@when("it was squash-merged, and the base went on in the same file")
def squash_merged(scene: Scene) -> Fate:
    scene.side(WORK, {"more.txt": "more\n"})
    scene.put({"story.txt": lines({3: "three"})})
    scene.squash()
    scene.put({"story.txt": lines({3: "three", 10: "ten", 17: "seventeen"})})
    return goes("side")


@when("it was rebase-merged")
def rebase_merged(scene: Scene) -> Fate:
    commits = scene.side(WORK, {"more.txt": "more\n"})
    scene.go_on()
    scene.pick(*commits)
    return goes("side")


@when("it was merged by a merge commit")
def truly_merged(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.merge()
    return replace(goes("side"), verdicts={"side": "ancestor"})


@when("commits were made on it after it was merged")
def commits_after_the_merge(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.merge()
    scene.side({"after.txt": "after\n"})
    return keeps("unmerged")


@when("commits were made on it after it was squash-merged")
def commits_after_the_squash(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.squash()
    scene.side({"after.txt": "after\n"})
    return keeps("partial", verdict="partial")


@when("it was squash-merged, and that was reverted: the work is to be done again")
def squash_merged_then_reverted(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.revert(scene.squash())
    return keeps("reverted", verdict="landed")


@when("two of its four commits were cherry-picked")
def partly_picked(scene: Scene) -> Fate:
    commits = scene.side(*({f"{number}.txt": f"{number}\n"} for number in range(4)))
    scene.pick(*commits[:2])
    return keeps("partial", verdict="partial")


@when("the base has the same change with another indentation, which patch-ids do not see")
def only_the_indentation_differs(scene: Scene) -> Fate:
    scene.put({"f.py": PROGRAM})
    scene.side({"f.py": PROGRAM.replace("    return x", "        return x or 1")})
    scene.put({"f.py": PROGRAM.replace("    return x", "    return x or 1")})
    assert scene.git("cherry", "main", "side").startswith("- ")
    return keeps("unmerged")


@when("its upstream is gone, and nobody merged it")
def gone_upstream_but_unmerged(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.track("side")
    return replace(keeps("unmerged"), options=("--remote",))


@when("its upstream is gone, because it was squash-merged")
def gone_upstream_and_landed(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.squash()
    scene.track("side")
    return replace(goes("side"), options=("--remote",))


@when("it has commits that were pushed nowhere")
def unpushed_commits(scene: Scene) -> Fate:
    first, _ = scene.side(WORK, {"more.txt": "more\n"})
    scene.track("side", first)
    return keeps("unmerged")


@when("the plan is done, but its branch has commits that were pushed and merged nowhere")
def unpushed_commits_of_a_finished_plan(scene: Scene) -> Fate:
    place = scene.linked()
    scene.track("plan/done", "main")
    scene.plan("done", "plan/done")
    return Fate({"plan/done": "unmerged"}, removed=(place,), kept={"plan/done": "unmerged"})


# -- nothing of its own --------------------------------------------------------------------------------------


@when("it was made a minute ago by somebody who is about to begin")
def fresh_branch(scene: Scene) -> Fate:
    scene.git("branch", "side")
    scene.go_on()
    return keeps("fresh", verdict="fresh")


@when("a plan was just begun, with a fresh branch and a clean worktree")
def plan_just_begun(scene: Scene) -> Fate:
    place = scene.worktree("plan/new")
    scene.plan("implementing", "plan/new")
    return Fate(
        {"plan/new": "fresh"},
        kept={"plan/new": "plan_in_work", place: "plan_in_work"},
        names=("plan/new", str(place)),
    )


@when("its plan is in work, although what it has so far was merged")
def merged_branch_of_a_plan_in_work(scene: Scene) -> Fate:
    place = scene.linked("plan/work")
    scene.merge("plan/work")
    scene.plan("reviewing", "plan/work")
    return Fate(
        {"plan/work": "ancestor"},
        kept={"plan/work": "plan_in_work", place: "plan_in_work"},
        names=("plan/work", str(place)),
    )


@when("two plans name the branch, and one of them is in work")
def branch_of_two_plans(scene: Scene) -> Fate:
    place = scene.finished()
    scene.plan("implementing", "plan/done", "2026-01-02-other.md")
    return Fate(
        {"plan/done": "landed"},
        kept={"plan/done": "plan_in_work", place: "plan_in_work"},
        names=("plan/done", str(place)),
    )


@when("its commits change nothing; they may be marks of somebody")
def empty_commits(scene: Scene) -> Fate:
    scene.side({}, {})
    return keeps("empty", verdict="empty")


@when("it shares no history with the base, as gh-pages does")
def unrelated_history(scene: Scene) -> Fate:
    scene.git("switch", "-q", "--orphan", "side")
    scene.put({"index.html": "pages"})
    scene.main()
    return keeps("unrelated", verdict="unrelated")


# -- names ---------------------------------------------------------------------------------------------------


@when("another branch differs from it in case only")
def names_that_differ_in_case(scene: Scene) -> Fate:
    scene.side(WORK, name="Feature")
    scene.squash("Feature")
    scene.side({"other.txt": "precious\n"}, name="feature")
    return replace(
        goes("Feature"), verdicts={"Feature": "landed", "feature": "unmerged"}, kept={"feature": "unmerged"}
    )


@when("a tag has its name, and stays")
def tag_with_its_name(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.squash()
    scene.git("tag", "side", "main~1")
    return goes("side")


@when("a merged tag has its name")
def merged_tag_with_its_name(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.git("tag", "side", "main")
    return keeps("unmerged")


@when("tags have the base's name and HEAD's")
def tag_with_the_name_of_the_base(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.side({"other.txt": "landed\n"}, name="two")
    scene.squash("two")
    scene.git("tag", "main", "side")
    scene.git("update-ref", "refs/tags/HEAD", "side")
    fate = goes("two")
    return replace(fate, verdicts={"two": "landed", "side": "unmerged"}, kept={"side": "unmerged"})


@when("its name is odd, and so are those of its neighbours")
def odd_names(scene: Scene) -> Fate:
    landed = ["plan/ünï/🙂", "a+b=c", "x.y", "semi;colon", "dollar$(true)", "x/-y"]
    verdicts = dict.fromkeys(landed, "landed")
    for number, name in enumerate(landed):
        full = f"refs/heads/{name}"
        scene.git("checkout", "-q", "--detach", "main")
        scene.put({f"{number}.txt": f"{number}\n"})
        scene.git("update-ref", full, "HEAD")
        scene.main()
        scene.git("cherry-pick", full)
    scene.side(WORK, name="x.yz")
    return Fate(verdicts | {"x.yz": "unmerged"}, removed=tuple(landed), kept={"x.yz": "unmerged"})


@when("its name begins with a dash, which Git's commands take for options")
def name_that_begins_with_a_dash(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.squash()
    scene.git("update-ref", "refs/heads/-D", "side")
    return replace(goes("side"), kept={"-D": ""})


@when("another reference leads to it")
def symbolic_reference(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.squash()
    scene.git("symbolic-ref", "refs/heads/alias", "refs/heads/side")
    return Fate({"side": "landed"}, kept={"side": "symbolic", "alias": "symbolic"})


# -- the base and the protected --------------------------------------------------------------------------------


@when("it is the base")
def base_by_name(scene: Scene) -> Fate:
    scene.git("switch", "-q", "-c", "elsewhere")
    scene.put(WORK)
    return Fate({"elsewhere": "unmerged"}, kept={"main": "base_branch"}, names=("main",))


@when("it is protected, and merged")
def protected_branch(scene: Scene) -> Fate:
    scene.side(WORK, name="release")
    scene.merge("release")
    scene.git("config", "kas.protected", "release")
    return keeps("protected", "release", "ancestor")


@when("it is protected by the policy that the base has committed")
def protected_by_policy(scene: Scene) -> Fate:
    scene.put({".kas.toml": 'protected = ["release"]\n'})
    scene.side(WORK, name="release")
    scene.merge("release")
    return keeps("protected", "release", "ancestor")


@when("it is checked out right here")
def current_branch(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.squash()
    scene.git("switch", "-q", "side")
    return keeps("checked_out", verdict="landed")


@when("it was merged on the server, and the local base is behind")
def stale_base(scene: Scene) -> Fate:
    scene.side(WORK)
    old = scene.git("rev-parse", "main")
    scene.squash()
    scene.track("main", "main")
    scene.git("reset", "-q", "--hard", old)
    return goes("side")


@when("there is no remote at all")
def no_remote(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.squash()
    assert scene.git("remote") == ""
    return replace(goes("side"), options=("--remote",))


@when("HEAD is detached at the base, and the base is checked out nowhere")
def detached_base(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.squash()
    scene.git("checkout", "-q", "--detach")
    return goes("side")


@when("stashes were made on it; they stay")
def stash_entries(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.git("switch", "-q", "side")
    (scene.path / "story.txt").write_text("stashed")
    scene.git("stash", "push", "-q")
    (scene.path / "story.txt").write_text("stashed, too")
    scene.git("stash", "push", "-q")
    scene.main()
    scene.squash()
    assert scene.git("stash", "list").count("WIP on side") == 2
    return goes("side")


@when("its remote branch is merged as well, and stays")
def remote_branch_stays(scene: Scene) -> Fate:
    server = scene.around / "server.git"
    scene.side(WORK)
    scene.git("init", "-q", "--bare", str(server))
    scene.git("remote", "add", "origin", str(server))
    scene.git("push", "-q", "-u", "origin", "side", "main")
    scene.squash()
    return replace(goes("side"), options=("--remote",))
