"""Branches and bases that move files and folders."""

from __future__ import annotations

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


@because("main removed the file, and what it has at the new name is another file")
def rename_only_to_where_the_base_put_another_file(history: History) -> Expected:
    history.on("side")
    moved(history, "story.txt", "tale.txt")
    history.main()
    history.put({"story.txt": None, "tale.txt": "another tale\n" * 30})
    return only(UNMERGED, partial())


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


@because("main kept the old name beside the new one, and edited both: the removal is missing")
def rename_landed_as_an_edited_copy(history: History) -> Expected:
    history.on("side")
    moved(history, "story.txt", "tale.txt")
    history.put({"tale.txt": lines({10: "ten"})})
    history.main()
    history.put({"story.txt": lines({3: "three"})})
    history.put({"tale.txt": lines({3: "three", 10: "ten"})})
    return only(UNMERGED, partial())


@because("the squash held the rename; after other work a commit that does not say so moved the file back")
def rename_taken_back_after_drift(history: History) -> Expected:
    history.on("side")
    moved(history, "story.txt", "tale.txt")
    history.main()
    history.put({"story.txt": lines({3: "three"})})
    at = history.squash()
    moved(history, "tale.txt", "story.txt")
    return hows(at, "reverted")


@because(
    "the squash held rename and edit; a commit that does not say so took both back, and main went on there"
)
def rename_and_edit_taken_back_then_drift(history: History) -> Expected:
    history.on("side")
    moved(history, "story.txt", "tale.txt")
    history.put({"other.txt": lines({4: "four"}, count=9)})
    history.main()
    at = history.squash()
    history.git("mv", "tale.txt", "story.txt")
    history.put({"other.txt": lines(count=9)}, "not that way")
    history.put({"story.txt": lines({3: "three"})})
    return only(landed("squash", at, "reverted"))


@because("the squash held all of it; a commit that does not say so took it back, and then main moved the file")
def taken_back_then_moved_by_the_base(history: History) -> Expected:
    history.side(EDITED, {"new.txt": "new\n"})
    at = history.squash()
    history.put({"story.txt": lines(), "new.txt": None}, "not that way")
    moved(history, "story.txt", "tale.txt")
    history.put({"tale.txt": lines({3: "three"})})
    return only(landed("squash", at, "reverted"))


@because("main moved the file away and back again, and has it still")
def deleted_while_the_base_moved_the_file_away_and_back(history: History) -> Expected:
    history.side({"story.txt": None, "new.txt": "new\n"})
    history.put({"new.txt": "new\n"})
    moved(history, "story.txt", "tale.txt")
    moved(history, "tale.txt", "story.txt")
    return only(UNMERGED)


@because("main moved the file twice, and has it still")
def deleted_while_the_base_moved_the_file_twice(history: History) -> Expected:
    history.side({"story.txt": None, "new.txt": "new\n"})
    history.put({"new.txt": "new\n"})
    moved(history, "story.txt", "tale.txt")
    moved(history, "tale.txt", "saga.txt")
    return only(UNMERGED)


@because("main moved the file away and back again, and then took the edit")
def edited_while_the_base_moved_the_file_away_and_back(history: History) -> Expected:
    history.side(EDITED)
    moved(history, "story.txt", "tale.txt")
    moved(history, "tale.txt", "story.txt")
    at = history.squash()
    return hows(at)


@because("main moved another file to the name, which has none of the edit")
def edited_while_the_base_moved_another_file_there(history: History) -> Expected:
    history.side({"story.txt": lines({10: "ten"}), "other.txt": None})
    moved(history, "story.txt", "tale.txt")
    moved(history, "other.txt", "story.txt")
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
