"""Repositories that are bare, shallow, partial or asked from odd places; hooks and settings that interfere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from scenario.incidents import WORK, Fate, Incidents, Scene, goes, stays

INCIDENTS = Incidents()
when = INCIDENTS.when


# -- bare repositories and clones --------------------------------------------------------------------------


def make_bare(scene: Scene) -> Path:
    """Go on in a bare clone, from its worktree of main; the first repository stays as it is."""
    bare, place = scene.around / "bare.git", scene.around / "trunk"
    scene.git("clone", "-q", "--bare", str(scene.path), str(bare))
    scene.git("remote", "remove", "origin", cwd=bare)
    scene.git("worktree", "add", "-q", str(place), "main", cwd=bare)
    scene.common, scene.path = bare, place
    return bare


@when("the repository is bare and everything happens in its worktrees")
def bare_repository(scene: Scene) -> Fate:
    make_bare(scene)
    place = scene.finished()
    return goes(place, "plan/done")


@when("the repository is bare, and the one that asks is in no worktree")
def bare_repository_asked_from_inside(scene: Scene) -> Fate:
    bare = make_bare(scene)
    place = scene.finished()
    return replace(goes(place, "plan/done"), folder=bare)


@when("the repository is bare, and the worktree of its base is named")
def worktree_of_the_base_of_a_bare_repository(scene: Scene) -> Fate:
    bare = make_bare(scene)
    return Fate({}, kept={scene.path: "base_branch"}, names=(str(scene.path),), folder=bare)


@when("core.bare is set in a worktree's configuration")
def bare_by_worktree_configuration(scene: Scene) -> Fate:
    bare = make_bare(scene)
    scene.git("config", "extensions.worktreeConfig", "true", cwd=bare)
    scene.git("config", "--unset", "core.bare", cwd=bare)
    scene.git("config", "--file", str(bare / "config.worktree"), "core.bare", "true", cwd=bare)
    return goes(scene.finished(), "plan/done")


def go_on_in(scene: Scene, clone: Path) -> None:
    scene.path, scene.common = clone, clone / ".git"


@when("the clone is shallow, and where the branch began is cut off")
def shallow_clone(scene: Scene) -> Fate:
    scene.side(WORK, {"more.txt": "more\n"})
    scene.go_on(3)
    scene.squash()
    clone = scene.around / "shallow"
    scene.git("clone", "-q", "--depth=2", "--no-single-branch", scene.path.as_uri(), str(clone))
    go_on_in(scene, clone)
    scene.git("branch", "-q", "--no-track", "side", "origin/side")
    return Fate({"side": "unknown"}, kept={"side": "unknown"}, names=("side",))


def partial_clone(scene: Scene) -> None:
    """Go on in a clone without contents, whose server is away."""
    scene.git("config", "uploadpack.allowFilter", "true")
    clone = scene.around / "partial"
    scene.git("clone", "-q", "--filter=blob:none", "--no-checkout", scene.path.as_uri(), str(clone))
    go_on_in(scene, clone)
    scene.git("branch", "-q", "--no-track", "side", "origin/side")
    scene.git("config", "remote.origin.url", "/nowhere")


@when("the clone is partial, nothing can be fetched, and object names alone tell that the branch landed")
def partial_clone_that_tells_enough(scene: Scene) -> Fate:
    scene.side({"new.txt": "new\n"}, {"more.txt": "more\n"})
    scene.go_on()
    scene.squash()
    partial_clone(scene)
    return goes("side")


@when("the clone is partial, and what would have to be compared cannot be fetched")
def partial_clone_that_does_not_tell(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.put({"story.txt": (scene.path / "story.txt").read_text() + "drift\n"})
    scene.squash()
    partial_clone(scene)
    return Fate({"side": "unknown"}, kept={"side": "unknown"}, names=("side",))


@when("everything is packed, references as well")
def packed_references(scene: Scene) -> Fate:
    place = scene.finished()
    scene.side({"other.txt": "precious\n"}, name="other")
    scene.git("gc", "-q")
    scene.git("pack-refs", "--all")
    return replace(
        goes(place, "plan/done"), verdicts={"plan/done": "landed", "other": "unmerged"}, kept={"other": ""}
    )


@when("reflogs are switched off")
def no_reflogs(scene: Scene) -> Fate:
    scene.git("config", "core.logAllRefUpdates", "false")
    place = scene.finished()
    return goes(place, "plan/done")


# -- asked from odd places ---------------------------------------------------------------------------------


@when("it is asked from another linked worktree, which stays")
def asked_from_another_worktree(scene: Scene) -> Fate:
    place, other = scene.finished(), scene.worktree("other")
    (other / "notes.md").write_text("precious")
    fate = replace(goes(place, "plan/done", other="fresh"), folder=other)
    return replace(fate, kept={"other": "", other: ""})


@when("it is asked in a hook, whose environment names the repository and another index")
def asked_in_a_hook(scene: Scene) -> Fate:
    place, other = scene.finished(), scene.finished("plan/two", scene.around / "two")
    (other / "notes.md").write_text("precious")
    scene.plan("done", "plan/done", "2026-01-02-other.md")
    environment = {
        "GIT_DIR": str(scene.common),
        "GIT_INDEX_FILE": str(scene.common / "index"),
        "GIT_PREFIX": "",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_REFLOG_ACTION": "rebase",
    }
    fate = Fate(
        {"plan/done": "landed", "plan/two": "landed"},
        removed=(place, "plan/done"),
        kept={other: "untracked", "plan/two": "checked_out"},
    )
    return replace(fate, environment=environment)


def configured(*pairs: tuple[str, str]) -> Mapping[str, str]:
    environment = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return environment


@when("settings of the user change what Git prints and fetches")
def hostile_settings(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "line\nend.txt").write_text("precious")
    settings = configured(
        ("status.short", "true"),
        ("status.branch", "true"),
        ("status.showUntrackedFiles", "no"),
        ("color.ui", "always"),
        ("core.quotePath", "false"),
        ("log.showSignature", "true"),
        ("gc.auto", "1"),
        ("fetch.prune", "true"),
        ("diff.ignoreSubmodules", "all"),
        ("core.pager", "false"),
        ("core.untrackedCache", "true"),
        ("core.commentChar", "#"),
    )
    return replace(stays(place, "untracked"), environment=settings)


@when("the clean filter of an attribute hides an edit: it is moved like all the rest, and comes back")
def filter_that_hides_an_edit(scene: Scene) -> Fate:
    place = scene.linked()
    scene.work_in(place, {".gitattributes": "*.cfg filter=fixed\n", "a.cfg": "same\n"})
    scene.squash("plan/done")
    scene.plan("done", "plan/done")
    scene.git("config", "filter.fixed.clean", "echo same")
    (place / "a.cfg").write_text("SAME\n")
    assert scene.git("status", "--porcelain", cwd=place) == ""
    return goes(place, "plan/done")


@when("the filter of an attribute is missing here, as without git-lfs")
def filter_that_is_missing(scene: Scene) -> Fate:
    place = scene.linked()
    scene.work_in(place, {".gitattributes": "*.cfg filter=lfs\n", "a.cfg": "same\n"})
    scene.squash("plan/done")
    scene.plan("done", "plan/done")
    scene.git("config", "filter.lfs.clean", "false")
    scene.git("config", "filter.lfs.required", "true")
    (place / "a.cfg").write_text("SAME\n")
    return Fate({"plan/done": "landed"}, kept={place: "", "plan/done": "checked_out"})


# -- hooks -------------------------------------------------------------------------------------------------


def hook(scene: Scene, name: str, program: str) -> None:
    path = scene.common / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(0o755)


@when("hooks of commits and checkouts fail, which no removal needs")
def hooks_that_fail(scene: Scene) -> Fate:
    place = scene.finished()
    for name in ("pre-commit", "post-checkout", "commit-msg", "post-commit", "pre-push", "post-index-change"):
        hook(scene, name, "exit 1")
    return goes(place, "plan/done")


@when("a hook refuses that a branch is deleted: nothing is removed, and nothing is lost")
def hook_that_refuses_the_deletion(scene: Scene) -> Fate:
    scene.side(WORK)
    scene.squash()
    zeros = "0" * 40
    refusing = f'while read old new ref; do case "$new $ref" in "{zeros} refs/heads/side") exit 1;; esac; done'
    hook(scene, "reference-transaction", f'[ "$1" = prepared ] || exit 0\n{refusing}')
    return Fate({"side": "landed"}, kept={"side": "FAILS"})
