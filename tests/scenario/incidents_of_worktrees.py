"""Worktrees that tools removed, or whose work they lost."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from scenario.incidents import WORK, Fate, Incidents, Scene, goes, stays
from scenario.verdict_corpus import lines

INCIDENTS = Incidents()
when = INCIDENTS.when


@when("nothing is wrong: the plan is done, its branch squash-merged, the worktree clean")
def nothing_is_wrong(scene: Scene) -> Fate:
    return goes(scene.finished(), "plan/done")


# -- work that is only there -------------------------------------------------------------------------------


@when("the only work is files that Git does not know")
def untracked_only(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "notes.md").write_text("precious")
    return stays(place, "untracked")


@when("the user told status to hide untracked files")
def untracked_hidden_by_configuration(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "notes.md").write_text("precious")
    scene.git("config", "status.showUntrackedFiles", "no")
    return stays(place, "untracked")


@when("the worktree's own configuration hides untracked files (worktreeConfig)")
def untracked_hidden_by_worktree_configuration(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "notes.md").write_text("precious")
    scene.git("config", "extensions.worktreeConfig", "true")
    scene.git("config", "--worktree", "status.showUntrackedFiles", "no", cwd=place)
    return stays(place, "untracked")


@when("an edit was never committed")
def edited_only(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "story.txt").write_text("edited")
    return stays(place, "uncommitted")


@when("the work is staged, and the files were put back")
def staged_only(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "story.txt").write_text("staged\n")
    scene.git("add", "story.txt", cwd=place)
    (place / "story.txt").write_text(lines({10: "ten"}))
    return stays(place, "uncommitted")


@when("Git was told to assume that the edited file is unchanged")
def assumed_unchanged(scene: Scene) -> Fate:
    place = scene.finished()
    scene.git("update-index", "--assume-unchanged", "story.txt", cwd=place)
    (place / "story.txt").write_text("edited")
    return stays(place, "hidden_changes")


@when("Git was told to skip the edited file")
def skipped_in_the_worktree(scene: Scene) -> Fate:
    place = scene.finished()
    scene.git("update-index", "--skip-worktree", "story.txt", cwd=place)
    (place / "story.txt").write_text("edited")
    return stays(place, "hidden_changes")


@when("a file system monitor says that nothing ever changes")
def monitor_that_lies(scene: Scene) -> Fate:
    place = scene.finished()
    monitor = scene.around / "monitor"
    monitor.write_text("#!/bin/sh\nprintf 'same\\0'\n")
    monitor.chmod(0o755)
    scene.git("config", "core.fsmonitor", str(monitor))
    scene.git("update-index", "--fsmonitor", cwd=place)
    scene.git("status", cwd=place)
    (place / "story.txt").write_text("edited behind its back")
    return stays(place, "uncommitted")


@when("secrets and databases are ignored by Git, and there is no other copy of them")
def ignored_but_precious(scene: Scene) -> Fate:
    place = scene.finished()
    (place / ".env").write_text("TOKEN=1")
    return stays(place, "ignored")


@when("they are ignored by the user's own settings")
def ignored_by_user_settings(scene: Scene) -> Fate:
    place = scene.finished()
    (scene.around / "ignore").write_text("*.sqlite\n")
    scene.git("config", "core.excludesFile", str(scene.around / "ignore"))
    (place / "data.sqlite").write_text("rows")
    return stays(place, "ignored")


@when("they are ignored by info/exclude")
def ignored_by_exclude(scene: Scene) -> Fate:
    place = scene.finished()
    (scene.common / "info/exclude").write_text("*.sqlite\n")
    (place / "data.sqlite").write_text("rows")
    return stays(place, "ignored")


@when("somebody cloned another repository into it")
def repository_inside(scene: Scene) -> Fate:
    place = scene.finished()
    scene.git("init", "-q", str(place / "inner"))
    scene.git("commit", "-q", "--allow-empty", "-m", "only here", cwd=place / "inner")
    return stays(place, "untracked")


@when("somebody cloned another repository into an ignored folder")
def repository_in_an_ignored_folder(scene: Scene) -> Fate:
    place = scene.finished()
    scene.git("init", "-q", str(place / "build/inner"))
    scene.git("commit", "-q", "--allow-empty", "-m", "only here", cwd=place / "build/inner")
    return stays(place, "ignored")


@when("only the files outside of a sparse checkout are missing")
def sparse_checkout(scene: Scene) -> Fate:
    scene.put({"in/a.txt": "a", "out/b.txt": "b"})
    place = scene.finished()
    scene.git("sparse-checkout", "set", "--cone", "in", cwd=place)
    assert not (place / "out").exists()
    return goes(place, "plan/done")


@when("an edit lies in a sparse checkout, where it was made by hand")
def sparse_checkout_with_an_edit_outside(scene: Scene) -> Fate:
    scene.put({"in/a.txt": "a", "out/b.txt": "b"})
    place = scene.finished()
    scene.git("sparse-checkout", "set", "--cone", "in", cwd=place)
    (place / "out").mkdir()
    (place / "out/b.txt").write_text("edited")
    found = subprocess.run(["git", "ls-files", "-t", "out"], cwd=place, capture_output=True, check=True)
    return stays(place, "hidden_changes" if found.stdout.startswith(b"S") else "uncommitted")


def module(scene: Scene, place: Path) -> Path:
    library = scene.around / "library"
    scene.git("init", "-q", str(library))
    scene.git("commit", "-q", "--allow-empty", "-m", "library", cwd=library)
    allow = ["-c", "protocol.file.allow=always"]
    scene.git(*allow, "submodule", "--quiet", "add", str(library), "module", cwd=place)
    scene.git("commit", "-q", "-m", "module", cwd=place)
    return place / "module"


@when("a submodule has work that was not committed")
def dirty_submodule(scene: Scene) -> Fate:
    place = scene.linked()
    (module(scene, place) / "notes.md").write_text("precious")
    scene.squash("plan/done")
    scene.plan("done", "plan/done")
    return stays(place, "submodules")


@when("a submodule has commits that were pushed nowhere; its repository would go with the worktree")
def submodule_with_commits(scene: Scene) -> Fate:
    place = scene.linked()
    inner = module(scene, place)
    scene.git("commit", "-q", "--allow-empty", "-m", "only here", cwd=inner)
    scene.git("commit", "-q", "-a", "-m", "move the module", cwd=place)
    scene.squash("plan/done")
    scene.plan("done", "plan/done")
    return stays(place, "submodules")


# -- HEAD --------------------------------------------------------------------------------------------------


@when("commits were made on a detached HEAD")
def detached_with_commits(scene: Scene) -> Fate:
    place = scene.around / "detached"
    scene.git("worktree", "add", "-q", "--detach", str(place))
    scene.work_in(place)
    return Fate({}, kept={place: "unreachable_head"}, names=(str(place),))


@when("a detached HEAD is at a commit that the base has anyway")
def detached_without_commits(scene: Scene) -> Fate:
    place = scene.around / "detached"
    scene.git("worktree", "add", "-q", "--detach", str(place))
    return replace(goes(place), names=(str(place),))


@when("its branch was deleted elsewhere, and all its files look new")
def branch_was_deleted(scene: Scene) -> Fate:
    place = scene.finished()
    scene.git("update-ref", "-d", "refs/heads/plan/done")
    return Fate({}, kept={place: "uncommitted"}, names=(str(place),))


@when("it is on a branch that has no commit yet")
def unborn_branch(scene: Scene) -> Fate:
    place = scene.finished()
    scene.git("switch", "-q", "--orphan", "unborn", cwd=place)
    (place / "first.txt").write_text("first")
    return Fate({"plan/done": "landed"}, kept={place: "untracked"}, names=(str(place),))


def conflicting(scene: Scene) -> Path:
    """A finished worktree that conflicts with main."""
    place = scene.finished()
    scene.put({"story.txt": lines({10: "zehn"})})
    return place


def fails(scene: Scene, *arguments: str, cwd: Path) -> None:
    try:
        scene.git(*arguments, cwd=cwd)
    except AssertionError:
        return
    raise AssertionError(f"git {arguments} was expected to stop")


@when("a rebase stopped in the middle, and HEAD is detached meanwhile")
def interrupted_rebase(scene: Scene) -> Fate:
    place = scene.linked()
    scene.put({"story.txt": lines({10: "zehn"})})
    fails(scene, "rebase", "main", cwd=place)
    scene.plan("done", "plan/done")
    return Fate(
        {"plan/done": "unmerged"},
        kept={place: "operation", "plan/done": "checked_out"},
        names=(str(place), "plan/done"),
    )


@when("a merge stopped in the middle")
def interrupted_merge(scene: Scene) -> Fate:
    place = conflicting(scene)
    fails(scene, "merge", "main", cwd=place)
    return stays(place, "operation")


@when("a cherry-pick stopped in the middle")
def interrupted_pick(scene: Scene) -> Fate:
    place = conflicting(scene)
    scene.put({"story.txt": lines({10: "dix"})})
    fails(scene, "cherry-pick", "main", cwd=place)
    return stays(place, "operation")


@when("somebody bisects in it")
def bisecting(scene: Scene) -> Fate:
    place = scene.finished()
    scene.git("bisect", "start", cwd=place)
    return stays(place, "operation")


@when("the merged branch is being rebased in another worktree, where no HEAD names it")
def branch_rebased_elsewhere(scene: Scene) -> Fate:
    place = scene.around / "elsewhere"
    scene.side(WORK, {"more.txt": "more\n"}, name="busy")
    scene.squash("busy")
    scene.git("worktree", "add", "-q", str(place), "busy")
    scene.put({"story.txt": lines({10: "zehn"})})
    fails(scene, "rebase", "main", cwd=place)
    assert "busy" not in scene.git("worktree", "list")
    return Fate({"busy": "landed"}, kept={"busy": "checked_out", place: ""})


@when("a rebase of the branch that grew out of it has stopped elsewhere, and will move it as well (git 2.38)")
def branch_moved_by_a_rebase_elsewhere(scene: Scene) -> Fate:
    place = scene.around / "elsewhere"
    scene.side(WORK, {"more.txt": "more\n"}, name="lower")
    scene.side({"story.txt": lines({10: "ten", 11: "eleven"})}, name="upper", start="lower")
    scene.squash("lower")
    scene.put({"story.txt": lines({10: "zehn", 11: "elf"})})
    scene.git("worktree", "add", "-q", str(place), "upper")
    fails(scene, "-c", "rebase.updateRefs=true", "rebase", "main", cwd=place)
    fails(scene, "branch", "-D", "lower", cwd=scene.path)
    return Fate({"lower": "landed"}, kept={"lower": "checked_out", place: ""})


@when("the merged branch is where a bisection in another worktree goes back to")
def branch_bisected_elsewhere(scene: Scene) -> Fate:
    place = scene.around / "elsewhere"
    scene.side(WORK, name="busy")
    scene.squash("busy")
    scene.git("worktree", "add", "-q", str(place), "busy")
    scene.git("bisect", "start", "HEAD", "HEAD~1", cwd=place)
    scene.git("checkout", "-q", "--detach", cwd=place)
    return Fate({"busy": "landed"}, kept={"busy": "checked_out", place: ""})


@when("two worktrees have the branch checked out, and one of them has work")
def two_worktrees_on_one_branch(scene: Scene) -> Fate:
    place = scene.finished()
    other = scene.around / "other"
    scene.git("worktree", "add", "-q", "--force", str(other), "plan/done")
    (other / "notes.md").write_text("precious")
    return Fate(
        {"plan/done": "landed"}, removed=(place,), kept={other: "untracked", "plan/done": "checked_out"}
    )
