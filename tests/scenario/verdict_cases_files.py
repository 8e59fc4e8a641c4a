"""Branches that move, remove, retype or reformat files."""

from __future__ import annotations

from pathlib import Path

from scenario.verdict_corpus import (
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

EDITED = {"story.txt": lines({10: "ten"})}
NOISE = bytes(range(256)) * 40


def moved(history: History, old: str, new: str) -> str:
    """A commit that moves a file or folder and nothing else."""
    (history.path / new).parent.mkdir(parents=True, exist_ok=True)
    history.git("mv", old, new)
    return history.close(f"move {old}")


# -- renamed -----------------------------------------------------------------------------------------------


@because("the squash held all of it; the file was renamed only afterwards")
def file_renamed_after_landing(history: History) -> Expected:
    history.side(EDITED)
    at = history.squash()
    moved(history, "story.txt", "tale.txt")
    return hows(at, "present", "edited")


@because("the squash held its edit under the file's new name")
def file_renamed_before_landing(history: History) -> Expected:
    history.side(EDITED, {"new.txt": "new\n"})
    moved(history, "story.txt", "tale.txt")
    at = history.squash()
    history.go_on()
    return only(landed("squash", at))


@because("the file was renamed, but its edit is nowhere")
def file_renamed_and_never_landed(history: History) -> Expected:
    history.side(EDITED)
    moved(history, "story.txt", "tale.txt")
    history.put({"tale.txt": lines({3: "three"})})
    return only(UNMERGED)


@because("the squash held its edit under the file's new name, and main had edited the file, too")
def file_renamed_and_edited_before_landing(history: History) -> Expected:
    history.side(EDITED)
    history.git("mv", "story.txt", "tale.txt")
    history.put({"tale.txt": lines({2: "two"})})
    at = history.squash()
    return hows(at).or_else(*NOT_LANDED)


@because("the squash held the rename")
def rename_only(history: History) -> Expected:
    history.on("side")
    moved(history, "story.txt", "tale.txt")
    history.main()
    at = history.squash()
    return hows(at)


@because("the rename never came into main")
def rename_only_never_landed(history: History) -> Expected:
    history.on("side")
    moved(history, "story.txt", "tale.txt")
    history.main()
    history.put({"story.txt": lines({3: "three"})})
    return only(UNMERGED)


@because("main has the new name and kept the old one as well: the removal is missing")
def rename_landed_as_a_copy(history: History) -> Expected:
    history.on("side")
    moved(history, "story.txt", "tale.txt")
    history.main()
    history.put({"tale.txt": lines()})
    return only(UNMERGED)


@because("the squash held the rename and the edit")
def renamed_and_edited_on_the_branch(history: History) -> Expected:
    history.on("side")
    moved(history, "story.txt", "tale.txt")
    history.put({"tale.txt": lines({10: "ten"})})
    history.main()
    history.go_on()
    at = history.squash()
    return only(landed("squash", at))


@because("the squash held the rename and brought main's own edit along to the new name")
def renamed_on_the_branch_after_drift(history: History) -> Expected:
    history.on("side")
    moved(history, "story.txt", "tale.txt")
    history.main()
    history.side({"new.txt": "new\n"})
    history.put({"story.txt": lines({3: "three"})})
    at = history.squash()
    return only(landed("squash", at))


@because("the squash held the rename with its edit, and main's own edit besides")
def renamed_and_edited_on_the_branch_after_drift(history: History) -> Expected:
    history.on("side")
    moved(history, "story.txt", "tale.txt")
    history.put({"tale.txt": lines({10: "ten"})})
    history.main()
    history.put({"story.txt": lines({3: "three"})})
    at = history.squash()
    return only(landed("squash", at), *NOT_LANDED)


@because("a name that differs only in case is another name")
def renamed_in_case_only(history: History) -> Expected:
    history.on("side")
    moved(history, "story.txt", "Story.txt")
    history.main()
    history.go_on()
    return only(UNMERGED)


def folder(history: History) -> None:
    history.put({f"old/{name}.txt": lines({1: name}) for name in ("a", "b", "c")})


@because("the squash held the edit in the folder's new place")
def folder_renamed_on_the_base(history: History) -> Expected:
    folder(history)
    history.side({"old/a.txt": lines({1: "a", 9: "nine"})}, {"old/b.txt": lines({1: "b", 9: "nine"})})
    moved(history, "old", "new")
    at = history.squash()
    history.go_on()
    return only(landed("squash", at))


@because("git put the new file into the folder's new place as well; at its own path it never was")
def folder_renamed_on_the_base_and_file_added(history: History) -> Expected:
    folder(history)
    history.side({"old/a.txt": lines({1: "a", 9: "nine"}), "old/d.txt": "d\n"})
    moved(history, "old", "new")
    history.git("config", "merge.directoryRenames", "true")
    at = history.squash()
    return only(landed("squash", at), *NOT_LANDED)


@because("the squash held the moved folder with its edit")
def folder_renamed_on_the_branch(history: History) -> Expected:
    folder(history)
    history.on("side")
    moved(history, "old", "new")
    history.put({"new/a.txt": lines({1: "a", 9: "nine"})})
    history.main()
    history.go_on()
    at = history.squash()
    return only(landed("squash", at))


# -- removed -----------------------------------------------------------------------------------------------


@because("the squash held the removal")
def deletion_only(history: History) -> Expected:
    history.side({"other.txt": None})
    history.go_on()
    at = history.squash()
    return hows(at)


@because("the file is still in main")
def deletion_only_never_landed(history: History) -> Expected:
    history.side({"other.txt": None})
    history.go_on()
    return only(UNMERGED)


@because("main edited the file that the branch removed, and kept it")
def deleted_on_the_branch_edited_on_the_base(history: History) -> Expected:
    history.side({"other.txt": None})
    history.put({"other.txt": lines({3: "three"}, count=9)})
    return only(UNMERGED)


@because("main edited the file that the branch removed, and then removed it, too")
def deleted_on_the_branch_and_later_on_the_base(history: History) -> Expected:
    history.side({"other.txt": None})
    history.put({"other.txt": lines({3: "three"}, count=9)})
    at = history.put({"other.txt": None})
    return hows(at)


@because("main removed the file that the branch edited; the edit is nowhere")
def edited_on_the_branch_deleted_on_the_base(history: History) -> Expected:
    history.side({"other.txt": lines({3: "three"}, count=9)})
    history.put({"other.txt": None})
    return only(UNMERGED)


@because("main has the folder that it put where a file was")
def file_turned_into_a_folder(history: History) -> Expected:
    history.git("rm", "-q", "other.txt")
    history.close()
    history.put({"thing": "a file\n"})
    history.on("side")
    history.git("rm", "-q", "thing")
    history.put({"thing/inside.txt": "a folder\n"})
    history.main()
    history.go_on()
    at = history.squash()
    return hows(at)


# -- types and modes ---------------------------------------------------------------------------------------


def executable(history: History, name: str, mark: str = "+x") -> None:
    history.git("update-index", f"--chmod={mark}", name)
    (history.path / name).chmod(0o755 if mark == "+x" else 0o644)


def branch_with_mode(history: History, content: str | None = None) -> None:
    history.on("side")
    if content:
        (history.path / "story.txt").write_text(content)
        history.git("add", "story.txt")
    executable(history, "story.txt")
    history.close("chmod")
    history.main()


@because("the squash held the mode")
def mode_change_only(history: History) -> Expected:
    branch_with_mode(history)
    history.put({"story.txt": lines({3: "three"})})
    at = history.squash()
    return hows(at)


@because("main never made the file executable")
def mode_change_only_never_landed(history: History) -> Expected:
    branch_with_mode(history)
    history.put({"story.txt": lines({3: "three"})})
    return only(UNMERGED)


@because("main has the text and not the mode")
def text_landed_without_the_mode(history: History) -> Expected:
    branch_with_mode(history, lines({10: "ten"}))
    history.put(EDITED)
    return only(UNMERGED)


@because("main has the text, and made the file executable by itself")
def text_landed_in_a_file_that_became_executable(history: History) -> Expected:
    history.side(EDITED)
    executable(history, "story.txt")
    history.close("chmod")
    at = history.squash()
    return hows(at)


@because("the squash held the link")
def symbolic_link_added(history: History) -> Expected:
    history.side({"link": Path("story.txt")})
    history.go_on()
    at = history.squash()
    return hows(at)


@because("main's link leads elsewhere")
def symbolic_link_to_elsewhere(history: History) -> Expected:
    history.side({"link": Path("story.txt")})
    history.put({"link": Path("other.txt")})
    return only(UNMERGED)


@because("the squash held the link that took the file's place")
def file_turned_into_a_link(history: History) -> Expected:
    history.side({"other.txt": Path("story.txt")})
    at = history.squash()
    return hows(at)


@because("main still has a file there, whose text is the link's target")
def file_turned_into_a_link_never_landed(history: History) -> Expected:
    history.put({"other.txt": "story.txt"})
    history.side({"other.txt": Path("story.txt")})
    history.put({"other.txt": "elsewhere"})
    history.put({"other.txt": "story.txt"})
    return only(UNMERGED)


def point_module(history: History, commit: str, message: str = "module") -> str:
    history.git("update-index", "--add", "--cacheinfo", f"160000,{commit},module")
    return history.close(message)


def module_branch(history: History) -> list[str]:
    """A branch that moves a submodule from the first to the second of three commits."""
    three = [history.git("commit-tree", "-m", name, "HEAD^{tree}") for name in ("v1", "v2", "v3")]
    (history.path / "module").mkdir()
    point_module(history, three[0])
    history.on("side")
    point_module(history, three[1])
    history.main()
    return three


@because("the squash held the submodule's new commit")
def submodule_moved(history: History) -> Expected:
    _, second, _ = module_branch(history)
    history.go_on()
    history.git("update-index", "--cacheinfo", f"160000,{second},module")
    return hows(history.close("moved as well"))


@because("main's submodule stayed, then went to another commit")
def submodule_never_moved(history: History) -> Expected:
    *_, third = module_branch(history)
    point_module(history, third)
    return only(UNMERGED)


# -- bytes -------------------------------------------------------------------------------------------------


@because("the squash held the binary file")
def binary_added(history: History) -> Expected:
    history.side({"noise.bin": NOISE})
    history.go_on()
    at = history.squash()
    return hows(at)


@because("the squash held the binary file as changed")
def binary_changed(history: History) -> Expected:
    history.put({"noise.bin": NOISE})
    history.side({"noise.bin": NOISE + b"\0"}, {"noise.bin": b"\0" + NOISE})
    history.go_on()
    at = history.squash()
    return only(landed("squash", at))


@because("main changed the binary file in another way")
def binary_changed_on_both_sides(history: History) -> Expected:
    history.put({"noise.bin": NOISE})
    history.side({"noise.bin": NOISE + b"\0"}, {"new.txt": "new\n"})
    history.put({"noise.bin": b"\0" + NOISE, "new.txt": "new\n"})
    return only(partial(1, 2), *NOT_LANDED)
