"""Folders of worktrees that are elsewhere, shared, nested, oddly named, or something else by now."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from scenario.incidents import Fate, Incidents, Scene, goes, stays

INCIDENTS = Incidents()
when = INCIDENTS.when


# -- not where Git thinks ----------------------------------------------------------------------------------


@when("somebody moved the folder by hand, with work in it")
def moved_by_hand(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "notes.md").write_text("precious")
    place.rename(scene.around / "elsewhere")
    scene.git("status", cwd=scene.around / "elsewhere")
    return Fate({"plan/done": "landed"}, kept={"plan/done": "", place: ""})


@when("somebody moved the folder by hand and asks from there")
def moved_by_hand_and_asked_from_there(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "notes.md").write_text("precious")
    place.rename(scene.around / "elsewhere")
    fate = Fate({"plan/done": "landed"}, kept={"plan/done": "", place: ""})
    return replace(fate, folder=scene.around / "elsewhere")


@when("its folder is gone; its branch was squash-merged")
def folder_is_gone(scene: Scene) -> Fate:
    place = scene.finished()
    shutil.rmtree(place)
    return goes(place, "plan/done")


@when("its folder is gone; nothing was merged, and the branch holds the commits")
def folder_is_gone_and_branch_unmerged(scene: Scene) -> Fate:
    place = scene.linked()
    shutil.rmtree(place)
    return Fate({"plan/done": "unmerged"}, removed=(place,), kept={"plan/done": "unmerged"})


@when("its volume is not mounted, and its entry is all that keeps the commits of a detached HEAD")
def unmounted_with_a_detached_head(scene: Scene) -> Fate:
    place = scene.around / "volume/detached"
    scene.git("worktree", "add", "-q", "--detach", str(place))
    scene.work_in(place)
    shutil.rmtree(scene.around / "volume")
    return Fate({}, kept={place: "unreachable_head"})


@when("its volume is not mounted: the mount point is an empty folder")
def unmounted_with_an_empty_mount_point(scene: Scene) -> Fate:
    place = scene.finished()
    shutil.rmtree(place)
    place.mkdir()
    return stays(place, "empty_folder")


@when("its neighbour's entry is prunable, its own is not; only one of them may go")
def one_entry_of_two(scene: Scene) -> Fate:
    gone = scene.linked("plan/gone")
    locked = scene.linked("plan/locked")
    scene.git("worktree", "lock", str(locked))
    for place in (gone, locked):
        shutil.rmtree(place)
    verdicts = {"plan/gone": "unmerged", "plan/locked": "unmerged"}
    return Fate(verdicts, removed=(gone,), kept={locked: "locked", "plan/locked": ""})


@when("somebody put another folder where it was")
def something_else_at_its_path(scene: Scene) -> Fate:
    place = scene.finished()
    shutil.rmtree(place)
    place.mkdir()
    (place / "thesis.tex").write_text("precious")
    return stays(place, "foreign_folder")


@when("somebody cloned another repository where it was")
def another_repository_at_its_path(scene: Scene) -> Fate:
    place = scene.finished()
    shutil.rmtree(place)
    scene.git("init", "-q", str(place))
    scene.git("commit", "-q", "--allow-empty", "-m", "only here", cwd=place)
    return stays(place, "foreign_folder")


@when("a file is where it was")
def file_at_its_path(scene: Scene) -> Fate:
    place = scene.finished()
    shutil.rmtree(place)
    place.write_text("precious")
    return stays(place, "foreign_folder")


@when("two worktrees exchanged their places")
def exchanged_worktrees(scene: Scene) -> Fate:
    one, two = scene.finished(), scene.linked("plan/other")
    one.rename(scene.around / "aside")
    two.rename(one)
    (scene.around / "aside").rename(two)
    return Fate(
        {"plan/done": "landed", "plan/other": "unmerged"},
        kept={one: "foreign_folder", two: "", "plan/done": "checked_out"},
    )


@when("its .git file was lost, and with it the way back to the repository")
def git_file_is_lost(scene: Scene) -> Fate:
    place = scene.finished()
    (place / ".git").unlink()
    (place / "notes.md").write_text("precious")
    return stays(place, "foreign_folder")


@when("its index is damaged, so nobody can say what is in it")
def damaged_index(scene: Scene) -> Fate:
    place = scene.finished()
    (Path(scene.picture().admins[str(place)]) / "index").write_bytes(b"DIRCgarbage")
    return stays(place, "not_inspected")


# -- nested and linked -------------------------------------------------------------------------------------


@when("another worktree with work lies inside")
def worktree_inside(scene: Scene) -> Fate:
    place = scene.finished()
    inner = place / ".worktrees/inner"
    scene.git("worktree", "add", "-q", "-b", "inner", str(inner))
    (inner / "notes.md").write_text("precious")
    return Fate(
        {"plan/done": "landed", "inner": "fresh"},
        kept={place: "nested_worktree", "plan/done": "checked_out", "inner": "", inner: ""},
    )


@when("it lies inside the main worktree, beside others")
def inside_the_main_worktree(scene: Scene) -> Fate:
    place = scene.finished(path=scene.path / ".worktrees/done")
    scene.git("worktree", "add", "-q", "-b", "other", str(scene.path / ".worktrees/other"))
    (scene.path / ".worktrees/notes.md").write_text("precious")
    fate = goes(place, "plan/done", other="fresh")
    return replace(fate, kept={"other": ""})


@when("it was made by way of a symbolic link")
def path_through_a_link(scene: Scene) -> Fate:
    (scene.around / "real").mkdir()
    (scene.around / "link").symlink_to("real")
    place = scene.finished(path=scene.around / "link/tree")
    (scene.around / "real/neighbour.txt").write_text("precious")
    (registered,) = [path for path in scene.picture().worktrees if path.endswith("/tree")]
    assert place.is_dir()
    return goes(Path(registered), "plan/done")


@when("it holds a symbolic link to a folder outside")
def link_to_a_folder_outside(scene: Scene) -> Fate:
    outside = scene.around / "outside"
    outside.mkdir()
    (outside / "thesis.tex").write_text("precious")
    place = scene.linked()
    scene.work_in(place, {"link": Path("../outside")})
    scene.squash("plan/done")
    scene.plan("done", "plan/done")
    return goes(place, "plan/done")


@when("its folder was moved, and a symbolic link stands in its place")
def link_in_its_place(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "notes.md").write_text("precious")
    place.rename(scene.around / "real")
    place.symlink_to("real")
    return Fate({"plan/done": "landed"}, kept={place: "", "plan/done": "checked_out"})


# -- odd names ---------------------------------------------------------------------------------------------

ODD = {
    "blanks": "with  blanks ",
    "line_end": "line\nend",
    "quotes": "quo\"te's",
    "dash": "-dash",
    "glob": "[glob]*?",
    "unicode": "ünï 日本 🙂",
    "bytes": os.fsdecode(b"latin-\xe9"),
    "magic": ":!magic",
    "backslash": "back\\slash",
    "escape": "\x1b[31mred",
}


def oddly_named(name: str) -> None:
    """An incident whose worktree has an odd name, beside one with nearly the same name."""

    def build(scene: Scene) -> Fate:
        place = scene.finished(path=scene.around / "odd" / name)
        assert (place / f"{name}.txt").is_file()
        neighbour = scene.around / "odd" / f"{name}2"
        neighbour.mkdir()
        (neighbour / "notes.md").write_text("precious")
        return goes(place, "plan/done")

    build.__name__ = f"odd_name_{next(key for key, value in ODD.items() if value == name)}"
    when(f"its path has an odd name: {name!r}")(build)


for odd in ODD.values():
    oddly_named(odd)
