"""Branches whose text only seems to be in the base: white space, repeated lines, old states, odd bytes."""

from __future__ import annotations

import os

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
PROGRAM = "def f(x):\n    if x:\n        a()\n        b()\n    return x\n"
INDENTED = "def f(x):\n    if x:\n        a()\n        b()\n        return x\n"
LATIN = "Käse für Übermut\n".encode("latin-1")


def marked_as_merged(history: History, branch: str = "side") -> bool:
    """Whether ``git cherry``, which ignores white space, calls every commit of the branch merged."""
    return all(line.startswith("- ") for line in history.git("cherry", "main", branch).splitlines())


# -- white space -------------------------------------------------------------------------------------------


@because("the same line with another indentation is another program; tools by patch-id call it merged")
def only_the_indentation_differs(history: History) -> Expected:
    history.put({"f.py": PROGRAM})
    history.side({"f.py": PROGRAM.replace("    return x", "        return x or 1")})
    history.put({"f.py": PROGRAM.replace("    return x", "    return x or 1")})
    assert marked_as_merged(history)
    return only(UNMERGED)


@because("the same new file with tabs for blanks; tools by patch-id call it merged")
def only_tabs_differ_in_a_new_file(history: History) -> Expected:
    history.side({"f.py": PROGRAM})
    history.put({"f.py": PROGRAM.replace("    ", "\t")})
    assert marked_as_merged(history)
    return only(UNMERGED)


@because("of two commits one is there, the other only with different white space")
def white_space_differs_in_one_of_two_commits(history: History) -> Expected:
    one, _ = history.side({"one.txt": "one\n"}, {"f.py": PROGRAM})
    history.pick(one)
    history.put({"f.py": INDENTED})
    assert marked_as_merged(history)
    return only(partial(1, 2))


@because("main never had the indentation")
def indentation_never_landed(history: History) -> Expected:
    history.put({"f.py": PROGRAM})
    history.side({"f.py": INDENTED})
    history.put({"f.py": "import os\n\n\n" + PROGRAM})
    return only(UNMERGED)


@because("the squash held the indentation")
def indentation_landed(history: History) -> Expected:
    history.put({"f.py": PROGRAM})
    history.side({"f.py": INDENTED})
    history.put({"f.py": "import os\n\n\n" + PROGRAM})
    at = history.squash()
    return hows(at)


@because("main never had the line ends")
def line_ends_never_landed(history: History) -> Expected:
    history.side({"story.txt": lines().replace("\n", "\r\n")})
    history.go_on()
    return only(UNMERGED)


@because("the text was picked, the line ends were not")
def line_ends_never_landed_with_the_text(history: History) -> Expected:
    history.put({"new.txt": "new\n"})
    history.side(EDITED, {"story.txt": lines({10: "ten"}).replace("\n", "\r\n")})
    history.put(EDITED)
    return only(partial(1, 2))


@because("the squash held the line ends")
def line_ends_landed(history: History) -> Expected:
    history.side({"story.txt": lines().replace("\n", "\r\n")})
    history.go_on()
    at = history.squash()
    return hows(at)


@because("main has the text, but still ends its last line")
def end_of_the_last_line_never_landed(history: History) -> Expected:
    history.side({"story.txt": lines().removesuffix("\n")})
    history.put({"story.txt": lines({2: "two"})})
    return only(UNMERGED)


@because("white space at the end of a line is content, too")
def trailing_blanks_never_landed(history: History) -> Expected:
    history.side({"story.txt": lines({10: "line 10  "})})
    history.put({"story.txt": lines({2: "two"})})
    return only(UNMERGED)


# -- states that main had before ---------------------------------------------------------------------------


@because("main had this state only before the branch began, and gave it up on purpose")
def reverts_a_change_of_the_base(history: History) -> Expected:
    change = history.put(EDITED)
    history.on("side")
    history.revert(change)
    history.main()
    history.go_on()
    return only(UNMERGED)


@because("main had every file of it long before the branch began")
def equals_an_old_state_of_the_base(history: History) -> Expected:
    history.put({"other.txt": lines({3: "three"}, count=9), "new.txt": "new\n"})
    history.put({"other.txt": lines({3: "drei"}, count=9), "new.txt": None})
    history.side({"other.txt": lines({3: "three"}, count=9)}, {"new.txt": "new\n"})
    history.go_on(2)
    return only(UNMERGED)


@because("main reverted the same commit after the branch had begun")
def base_made_the_same_revert(history: History) -> Expected:
    change = history.put(EDITED)
    history.on("side")
    history.revert(change)
    history.main()
    history.go_on()
    at = history.revert(change)
    return hows(at)


# -- repeated lines ----------------------------------------------------------------------------------------

BLOCKS = "".join(f"block {number} {{\n  call()\n}}\n\n" for number in range(8))


@because("main got an equal line as well, but in another block")
def equal_line_added_elsewhere(history: History) -> Expected:
    history.put({"blocks.txt": BLOCKS})
    history.side({"blocks.txt": BLOCKS.replace("block 6 {\n", "block 6 {\n  check()\n")})
    history.put({"blocks.txt": BLOCKS.replace("block 1 {\n", "block 1 {\n  check()\n")})
    return only(UNMERGED)


@because("main has many lines like the one that the branch repeats, and not the repetition")
def line_that_main_has_already(history: History) -> Expected:
    history.put({"blocks.txt": BLOCKS})
    history.side({"blocks.txt": BLOCKS.replace("block 6 {\n", "block 6 {\n  call()\n")})
    history.put({"blocks.txt": BLOCKS + "the end\n"})
    return only(UNMERGED)


@because("main removed an equal line as well, but from another block")
def equal_line_removed_elsewhere(history: History) -> Expected:
    history.put({"blocks.txt": BLOCKS})
    history.side({"blocks.txt": BLOCKS.replace("block 6 {\n  call()\n", "block 6 {\n")})
    history.put({"blocks.txt": BLOCKS.replace("block 1 {\n  call()\n", "block 1 {\n")})
    return only(UNMERGED)


@because("the squash held the block that was moved within its file")
def block_moved_within_the_file(history: History) -> Expected:
    history.put({"blocks.txt": BLOCKS})
    block = "block 2 {\n  call()\n}\n\n"
    history.side({"blocks.txt": BLOCKS.replace(block, "") + block})
    history.put({"blocks.txt": "the beginning\n" + BLOCKS})
    at = history.squash()
    return hows(at)


@because("both moved lines, and only the branch moved these")
def lines_in_another_order(history: History) -> Expected:
    history.side({"story.txt": lines({10: "line 11", 11: "line 10"})})
    history.put({"story.txt": lines({1: "line 2", 2: "line 1"})})
    return only(UNMERGED)


# -- odd bytes and names -----------------------------------------------------------------------------------


@because("the squash held the line; the text is not UTF-8")
def text_that_is_not_utf8(history: History) -> Expected:
    text = LATIN + lines(count=9).encode() + LATIN
    history.put({"latin.txt": text})
    history.side({"latin.txt": text.replace(b"line 2\n", LATIN * 2)}, {"latin.txt": LATIN + text})
    history.put({"latin.txt": text.replace(b"line 8\n", "höchst\n".encode("latin-1"))})
    history.git("cherry-pick", "side~1")
    at = history.pick("side")
    return only(landed("rebase", at))


@because("main has other bytes that decode to nothing as well")
def text_that_is_not_utf8_and_never_landed(history: History) -> Expected:
    text = LATIN + lines(count=9).encode()
    history.put({"latin.txt": text})
    history.side({"latin.txt": text.replace(b"\xe4", b"\xe5")})
    history.put({"latin.txt": text.replace(b"\xe4", b"\xe6")})
    return only(UNMERGED)


NAMES = [
    "with space.txt",
    "line\nbreak.txt",
    "tab\tulator.txt",
    os.fsdecode(b"latin-\xe9.txt"),
    'quo"te.txt',
    "back\\slash.txt",
    "ünï 日本.txt",
    "-dash.txt",
    ":(glob)*.txt",
    os.fsdecode(b"f\xf6lder/\xff\xfe"),
]


@because("the squash held all of them, whatever their names")
def odd_names(history: History) -> Expected:
    history.put({name: lines() for name in NAMES})
    history.side({name: lines({10: "ten"}) for name in NAMES}, {f"{name}.new": "new" for name in NAMES})
    history.put({name: lines({16: "sixteen"}) for name in NAMES})
    at = history.squash()
    history.go_on()
    return only(landed("squash", at))


@because("one file with an odd name is missing")
def one_odd_name_never_landed(history: History) -> Expected:
    history.side({name: name.encode(errors="surrogateescape") for name in NAMES})
    history.put({name: name.encode(errors="surrogateescape") for name in NAMES[:-1]})
    return only(UNMERGED)


@because("the squash held the line of a file of two megabytes that main edited as well")
def large_file(history: History) -> Expected:
    text = lines(count=150_000)
    history.put({"large.txt": text})
    history.side({"large.txt": text.replace("line 70000\n", "seventy thousand\n")}, {"new.txt": "new\n"})
    history.put({"large.txt": text.replace("line 140000\n", "later\n")})
    at = history.squash()
    return only(landed("squash", at))


@because("one line of a file of two megabytes is missing")
def large_file_never_landed(history: History) -> Expected:
    text = lines(count=150_000)
    history.put({"large.txt": text})
    history.side({"large.txt": text.replace("line 70000\n", "seventy thousand\n")})
    history.put({"large.txt": text.replace("line 140000\n", "later\n")})
    return only(UNMERGED)


def crowd(number: int = 2000) -> dict[str, str]:
    return {
        f"many/{group}/{member}.txt": f"{group}.{member}\n"
        for group in range(number // 50)
        for member in range(50)
    }


@because("the squash held two thousand files")
def many_files(history: History) -> Expected:
    history.side(crowd(), {"many/7/7.txt": "seven\n"})
    history.go_on()
    at = history.squash()
    history.put({"many/8/8.txt": "eight\n"})
    return only(landed("squash", at, "edited"))


@because("one of two thousand files is missing")
def many_files_but_one(history: History) -> Expected:
    history.side(crowd())
    files = crowd()
    files.pop("many/7/7.txt")
    history.put(files)
    return only(UNMERGED, *NOT_LANDED)
