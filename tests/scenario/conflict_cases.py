"""Histories in which merging the branch ``side`` into ``main`` stops at a conflict, or does not."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from scenario.verdict_corpus import Files, History, lines


class Ends(StrEnum):
    """How the merge ends."""

    CONFLICT = "conflict"
    CLEAN = "clean"


CONFLICT, CLEAN = Ends
Build = Callable[[History], None]
CASES: list[tuple[Build, Ends]] = []

# Whatever else a case is about, this has not landed.
OWN: Files = {"own.txt": "own\n"}
TOP, BOTTOM, TOP_TOO = (
    {"story.txt": lines({number: text})} for number, text in ((2, "a"), (19, "b"), (2, "c"))
)


def merges(ends: Ends) -> Callable[[Build], Build]:
    """Register the decorated function as a case that ends so."""

    def register(build: Build) -> Build:
        CASES.append((build, ends))
        return build

    return register


def apart(name: str, ends: Ends, branch: Files, base: Files, start: Files | None = None) -> None:
    """A case of one commit on either side of a fork."""

    def build(history: History) -> None:
        history.put(start or {"unused.txt": "1\n"})
        history.side({**OWN, **branch})
        history.put(base)

    build.__name__ = name
    CASES.append((build, ends))


FOLDER = {f"old/{name}.txt": lines(count=5 + place) for place, name in enumerate("abc")}
MOVED = {**dict.fromkeys(FOLDER), **{name.replace("old", "new"): text for name, text in FOLDER.items()}}

apart("nothing_in_common", CLEAN, TOP, {"other.txt": "other\n"})
apart("the_same_line", CONFLICT, TOP, TOP_TOO)
apart("neighbouring_lines", CONFLICT, TOP, {"story.txt": lines({3: "c"})})
apart("lines_far_apart", CLEAN, TOP, BOTTOM)
apart("the_same_change", CLEAN, TOP, TOP)
apart("white_space_alone", CONFLICT, {"story.txt": lines({2: " line 2"})}, {"story.txt": lines({2: "line 2 "})})
apart("both_add_the_same", CLEAN, {"new.txt": "1\n"}, {"new.txt": "1\n"})
apart("both_add_something_else", CONFLICT, {"new.txt": "1\n"}, {"new.txt": "2\n"})
apart("changed_here_and_removed_there", CONFLICT, TOP, {"story.txt": None})
apart("removed_here_and_changed_there", CONFLICT, {"story.txt": None}, TOP)
apart("both_remove", CLEAN, {"story.txt": None}, {"story.txt": None})
apart("moved_here_and_changed_there", CLEAN, {"story.txt": None, "tale.txt": lines()}, TOP)
apart("changed_here_and_moved_there", CLEAN, TOP, {"story.txt": None, "tale.txt": lines()})
apart("moved_and_changed_on_both_sides", CONFLICT, {"story.txt": None, "tale.txt": lines({2: "a"})}, TOP_TOO)
apart(
    "moved_to_two_places",
    CONFLICT,
    {"story.txt": None, "a.txt": lines()},
    {"story.txt": None, "b.txt": lines()},
)
apart("moved_to_one_place", CLEAN, {"story.txt": None, "a.txt": lines()}, {"story.txt": None, "a.txt": lines()})
apart("moved_here_and_removed_there", CONFLICT, {"story.txt": None, "a.txt": lines()}, {"story.txt": None})
apart("moved_onto_something_new", CONFLICT, {"story.txt": None, "a.txt": lines()}, {"a.txt": "new\n"})
apart("a_file_here_and_a_folder_there", CONFLICT, {"thing": "file\n"}, {"thing/inside.txt": "folder\n"})
apart("a_folder_here_and_a_file_there", CONFLICT, {"thing/inside.txt": "folder\n"}, {"thing": "file\n"})
apart("added_where_a_folder_was_moved_away", CONFLICT, {"old/d.txt": "d\n"}, MOVED, FOLDER)
apart("moved_away_where_something_was_added", CONFLICT, MOVED, {"old/d.txt": "d\n"}, FOLDER)
apart("added_deeper_than_what_was_moved_away", CLEAN, {"old/deep/d.txt": "d\n"}, MOVED, FOLDER)
apart("added_where_a_folder_was_removed", CLEAN, {"old/d.txt": "d\n"}, dict.fromkeys(FOLDER), FOLDER)
apart("both_change_a_binary_file", CONFLICT, {"data": b"\0a"}, {"data": b"\0b"}, {"data": b"\0"})
apart("both_change_a_link", CONFLICT, {"link": Path("a")}, {"link": Path("b")}, {"link": Path("c")})
apart("a_link_here_and_a_change_there", CONFLICT, {"story.txt": Path("a")}, TOP)
apart("an_odd_name", CONFLICT, {"odd\n\tnäme ": "1\n"}, {"odd\n\tnäme ": "2\n"})
apart("without_a_last_line_end", CONFLICT, {"other.txt": lines(count=9)[:-1]}, {"other.txt": lines(count=10)})
apart(
    "told_to_unite", CLEAN, {"log": "a\n"}, {"log": "b\n", ".gitattributes": "log merge=union\n"}, {"log": "\n"}
)
apart(
    "told_to_unite_in_a_folder",
    CLEAN,
    {"deep/er/log": "a\n"},
    {"deep/er/log": "b\n", "deep/.gitattributes": "er/* merge=union\n"},
    {"deep/er/log": "\n"},
)
apart(
    "told_only_by_the_branch", CONFLICT, {"log": "a\n", ".gitattributes": "log merge=union\n"}, {"log": "b\n"}
)
apart("told_not_to_merge", CONFLICT, TOP, {**BOTTOM, ".gitattributes": "story.txt -merge\n"})


@merges(CLEAN)
def mode_here_and_content_there(history: History) -> None:
    history.on("side")
    (history.path / "story.txt").chmod(0o755)
    history.put(OWN)
    history.main()
    history.put(TOP)


@merges(CONFLICT)
def both_move_a_submodule_on(history: History) -> None:
    def put(letter: str) -> None:
        history.git("update-index", "--add", "--cacheinfo", f"160000,{letter * 40},module")
        history.close()

    put("1")
    history.on("side")
    put("2")
    history.main()
    put("3")


@merges(CLEAN)
def updated_from_the_base(history: History) -> None:
    history.side(TOP)
    history.put({"other.txt": "other\n"})
    history.git("switch", "-q", "side")
    history.merge("main")
    history.put({"other.txt": "another\n"})
    history.main()
    history.put(BOTTOM)


@merges(CONFLICT)
def forked_beside_the_base(history: History) -> None:
    history.side(TOP, name="other")
    history.side({"story.txt": lines({2: "side"})}, start="other")
    history.go_on()
    history.git("merge", "-q", "--no-commit", "--no-ff", "other")
    history.put({"story.txt": lines({2: "as merged"})})


@merges(CONFLICT)
def criss_cross(history: History) -> None:
    _cross(history)
    history.side({"story.txt": lines({2: "side", 19: "b"})})
    history.put({"story.txt": lines({2: "main", 19: "b"})})


@merges(CLEAN)
def criss_cross_apart(history: History) -> None:
    _cross(history)
    history.side(OWN)
    history.put({"other.txt": "other\n"})


def _cross(history: History) -> None:
    """Main and side have merged each other's first commit, so there are two merge bases."""
    history.side(TOP)
    history.put(BOTTOM)
    history.git("tag", "one")
    history.git("tag", "two", "side")
    history.merge("two")
    history.git("switch", "-q", "side")
    history.merge("one")
    history.main()


def configured(setting: str, ends: Ends, branch: Files, base: Files, start: Files | None = None) -> None:
    """A case that a setting decides."""
    key, value = setting.split("=")

    def build(history: History) -> None:
        history.put(start or {"unused.txt": "1\n"})
        history.side({**OWN, **branch})
        history.put(base)
        history.git("config", key, value)

    build.__name__ = f"with_{key}_{value}"
    CASES.append((build, ends))


configured("merge.directoryRenames=true", CLEAN, {"old/d.txt": "d\n"}, MOVED, FOLDER)
configured("merge.directoryRenames=false", CLEAN, {"old/d.txt": "d\n"}, MOVED, FOLDER)
configured("merge.default=union", CLEAN, TOP, TOP_TOO)
configured("merge.conflictStyle=diff3", CONFLICT, TOP, TOP_TOO)
configured(
    "merge.renormalize=true",
    CLEAN,
    {"dos.txt": lines({2: "a"}).replace("\n", "\r\n")},
    {"dos.txt": lines({19: "b"}), ".gitattributes": "*.txt text\n"},
    {"dos.txt": lines().replace("\n", "\r\n")},
)


@merges(CLEAN)
def told_by_the_repository(history: History) -> None:
    history.side(TOP)
    history.put(TOP_TOO)
    (history.path / ".git/info").mkdir(exist_ok=True)
    (history.path / ".git/info/attributes").write_text("story.txt merge=union\n")
