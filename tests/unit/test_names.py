"""Names of plans, branches, topics and objects; Git itself judges the branch names."""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from git_kas.domain.names import (
    BranchName,
    ObjectId,
    PlanName,
    TopicName,
    plan_name_from_argument,
    relative_folder,
    slugify,
)
from git_kas.errors import InvalidName

CONTROL_CHARACTERS = [*map(chr, range(0x20)), "\x7f", *map(chr, range(0x80, 0xA0))]

# Characters and pieces on which git-check-ref-format(1) has an opinion, mixed with harmless ones.
_PIECES = [
    "a",
    "plan",
    "é",
    "日",
    "/",
    "//",
    ".",
    "..",
    ".lock",
    "@",
    "@{",
    "@{-1}",
    "-",
    "HEAD",
    "refs/heads/",
]
_PIECES += list(" ~^:?*[]\\{}\"'$;&|<>#!%+=,_\t\n\x01\x1f\x7f\x85\u2028")
odd_branch_names = st.lists(st.sampled_from(_PIECES), max_size=6).map("".join)


def is_branch_name(text: str) -> bool:
    try:
        BranchName(text)
    except InvalidName:
        return False
    return True


def is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def git_accepts(names: list[str], folder: Path) -> list[bool]:
    """One shell for all names: git-check-ref-format takes a single one."""
    loop = 'for name; do git check-ref-format --branch "$name" >/dev/null 2>&1; echo $?; done'
    finished = subprocess.run(
        ["sh", "-c", loop, "sh", *names],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "GIT_CEILING_DIRECTORIES": str(folder.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line == "0" for line in finished.stdout.splitlines()]


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],  # a counterexample is small already, and each attempt costs a second
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.large_base_example],
)
@given(names=st.lists(st.one_of(odd_branch_names, st.text(max_size=8)), min_size=120, max_size=120))
def test_git_agrees_on_branch_names(names: list[str], tmp_path: Path) -> None:
    possible = [name for name in names if "\0" not in name and is_unicode(name)]
    judged = dict(zip(possible, git_accepts(possible, tmp_path), strict=True))
    assert {name: by_git for name, by_git in judged.items() if by_git != is_branch_name(name)} == {}


def test_git_agrees_on_well_known_traps(tmp_path: Path) -> None:
    traps = ["", "@", "HEAD", "-x", "--", "a.lock", "a.lock/b", "a/.b", ".a", "a.", "a/", "/a", "a//b", "a..b"]
    traps += [
        "a@{b",
        "@{-1}",
        "@a",
        "a@",
        "plan/x",
        "refs/heads/x",
        "heads/HEAD",
        "HEAD/x",
        "a b",
        "a\x7f",
        "é",
    ]
    judged = dict(zip(traps, git_accepts(traps, tmp_path), strict=True))
    assert {name: is_branch_name(name) for name in traps} == judged


@pytest.mark.parametrize("character", ["\0", "\udcff", "\x80"])
def test_a_branch_name_never_escapes_its_type(character: str) -> None:
    if is_branch_name(f"a{character}b"):
        assert BranchName(f"a{character}b").ref == f"refs/heads/a{character}b"
    else:
        assert character in {"\0", "\udcff"}


@pytest.mark.parametrize(
    "text",
    [
        "a.md",
        "2026-02-28-rate-limit.md",
        "é.md",
        "a b.md",
        "a.md.md",
        "...md",
        "UPPER.md",
        "日本語.md",
        "x-.md",
    ],
)
def test_a_plan_name_is_one_file_name(text: str) -> None:
    assert PlanName(text) == text


NO_PLAN_NAMES = ["", ".md", "md", "a", "a.MD", "a.md/", "/a.md", "../a.md", "docs/a.md", "a\\b.md", "a.md "]
NO_PLAN_NAMES += ["\ud800.md", *(f"a{character}.md" for character in CONTROL_CHARACTERS)]


@pytest.mark.parametrize("text", NO_PLAN_NAMES)
def test_anything_else_is_no_plan_name(text: str) -> None:
    with pytest.raises(InvalidName) as refused:
        PlanName(text)
    assert "plan name" in refused.value.message
    assert ".md" in refused.value.next_step


@given(text=st.text(min_size=1, max_size=260))
def test_every_plan_name_can_carry_the_longest_signal_prefix(text: str) -> None:
    try:
        name = PlanName(f"{text}.md")
    except InvalidName:
        return
    prefix = "implement-task-finished-w999-t999-"
    assert len((prefix + name).encode()) <= 255
    assert "/" not in name
    assert not set(CONTROL_CHARACTERS) & set(name)


def test_a_long_plan_name_is_counted_in_bytes() -> None:
    assert PlanName(f"{'a' * 190}.md")
    with pytest.raises(InvalidName):
        PlanName(f"{'a' * 253}.md")
    with pytest.raises(InvalidName):
        PlanName(f"{'é' * 120}.md")


@pytest.mark.parametrize(
    ("name", "display", "slug", "branch"),
    [
        ("2026-02-28-rate-limit.md", "rate-limit", "rate-limit", "plan/rate-limit"),
        ("2026-02-28-Rate  Limit!.md", "Rate  Limit!", "rate-limit", "plan/rate-limit"),
        ("rate-limit.md", "rate-limit", "rate-limit", "plan/rate-limit"),
        ("2026-02-28-2026-03-01-twice.md", "2026-03-01-twice", "2026-03-01-twice", "plan/2026-03-01-twice"),
        ("2026-02-28-日本語.md", "日本語", "", "plan/plan"),
        ("2026-02-28-v2.0_beta.md", "v2.0_beta", "v2-0-beta", "plan/v2-0-beta"),
        ("2026-02-28.md", "2026-02-28", "2026-02-28", "plan/2026-02-28"),
        ("--x--.md", "--x--", "x", "plan/x"),
    ],
)
def test_display_name_slug_and_default_branch(name: str, display: str, slug: str, branch: str) -> None:
    plan = PlanName(name)
    assert (plan.display_name, plan.slug, plan.default_branch) == (display, slug, branch)
    assert f"{plan.key}.md" == plan


@given(text=st.text(max_size=60))
def test_a_slug_follows_the_rule(text: str) -> None:
    words = "".join(c if c in "abcdefghijklmnopqrstuvwxyz0123456789" else " " for c in text.lower()).split()
    assert slugify(text) == "-".join(words)
    assert slugify(slugify(text)) == slugify(text)


@given(text=st.text(min_size=1, max_size=60))
def test_every_plan_has_a_default_branch_that_git_accepts(text: str) -> None:
    try:
        name = PlanName(f"{text}.md")
    except InvalidName:
        return
    assert re.fullmatch(r"plan/[a-z0-9]+(-[a-z0-9]+)*", name.default_branch)


@pytest.mark.parametrize(
    "argument",
    ["2026-02-28-x", "2026-02-28-x.md", "docs/plans/2026-02-28-x.md", "./2026-02-28-x", "/a/b/2026-02-28-x.md"],
)
def test_a_plan_argument_may_be_a_key_a_file_name_or_a_path(argument: str) -> None:
    assert plan_name_from_argument(argument) == "2026-02-28-x.md"


@pytest.mark.parametrize(
    "argument", ["", "/", "docs/plans/", ".md", "docs/.md", "a\nb", "\x1b[31m", "a\0", "\udcff"]
)
def test_an_argument_that_names_no_plan(argument: str) -> None:
    with pytest.raises(InvalidName):
        plan_name_from_argument(argument)


@given(text=st.text(max_size=60))
def test_whatever_the_argument_the_plan_is_one_segment(text: str) -> None:
    try:
        name = plan_name_from_argument(text)
    except InvalidName:
        return
    assert PlanName(name) == name
    assert posixpath.basename(name) == name


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("docs/plans", "docs/plans"),
        ("docs/plans/", "docs/plans"),
        ("./docs//plans/.", "docs/plans"),
        ("docs\\plans", "docs/plans"),
        ("plans", "plans"),
        (".plans", ".plans"),
        ("a..b", "a..b"),
        ("ünïcode/日本", "ünïcode/日本"),
    ],
)
def test_a_relative_folder_is_normalised(text: str, folder: str) -> None:
    assert relative_folder(text) == folder


OUTSIDE = ["", ".", "./", "..", "../x", "a/../../b", "a/..", "a\\..\\b", "/", "/abs", "\\abs", "//host/share"]
OUTSIDE += ["C:\\x", "C:x", ".git", ".git/x", "a/.git/b", ".GIT/hooks", "a\nb", "a\0b", "a\x1b[31m"]


@pytest.mark.parametrize("text", OUTSIDE)
def test_a_folder_outside_the_worktree_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        relative_folder(text)


@given(text=st.lists(st.sampled_from(["a", "b c", "..", ".", "/", "\\", ".git", ":", "\0", "é"])).map("".join))
def test_an_accepted_folder_stays_inside_the_worktree(text: str) -> None:
    try:
        folder = relative_folder(text)
    except InvalidName:
        return
    assert posixpath.normpath(f"/root/{folder}") == f"/root/{folder}"
    assert folder
    assert ".git" not in folder.split("/")
    assert relative_folder(folder) == folder


@pytest.mark.parametrize("text", ["api", "two words", "日本語", "a/b", "x" * 200])
def test_a_topic_is_one_line(text: str) -> None:
    assert TopicName(text) == text


@pytest.mark.parametrize(
    "text", ["", " ", "\t", "\u3000", "a\nb", "a\rb", "a\x1bb", "a\u2028b", "\ud800", "x" * 201]
)
def test_no_topic(text: str) -> None:
    with pytest.raises(InvalidName):
        TopicName(text)


@pytest.mark.parametrize("text", ["0" * 40, "0123456789abcdef" * 4])
def test_an_object_id_is_a_full_sha1_or_sha256(text: str) -> None:
    assert ObjectId(text) == text == ObjectId.trusted(text)


@pytest.mark.parametrize(
    "text", ["", "0" * 39, "0" * 41, "0" * 63, "A" * 40, "g" * 40, " " + "0" * 39, "0" * 40 + "\n"]
)
def test_no_object_id(text: str) -> None:
    with pytest.raises(InvalidName):
        ObjectId(text)
