"""What is guarded, what counts as a change, and what Git tells its hooks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_kas.domain.guard import (
    EntryKind,
    GuardedChange,
    GuardPattern,
    findings_of,
    guard_patterns,
    matches,
    pathspecs,
    rough_pathspecs,
)
from git_kas.domain.landing import PathChange, TreeEntry
from git_kas.domain.names import ObjectId
from git_kas.domain.ref_updates import (
    FrameworkPush,
    RefUpdate,
    framework_push,
    pushed_updates,
    received_updates,
)
from git_kas.errors import InvalidName, UsageError

STATE = guard_patterns(["plan-state.json"])
ONE, TWO, ZERO = ObjectId("1" * 40), ObjectId("2" * 40), "0" * 40


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("plan-state.json", "plan-state.json", True),
        ("plan-state.json", "docs/plans/plan-state.json", True),
        ("plan-state.json", "a/Plan-State.JSON", True),
        ("plan-state.json", "plan-state.json/below/it", True),
        ("plan-state.json", "a/plan-state.json/b", True),
        ("plan-state.json", "plan-state.jsonc", False),
        ("plan-state.json", "my-plan-state.json", False),
        ("plan-state.json", "plan-stateXjson", False),
        ("plan-state.json", "plan-state.json.bak", False),
        ("/plan-state.json", "plan-state.json", True),
        ("/plan-state.json", "docs/plan-state.json", False),
        ("docs/plans", "docs/plans/a.md", True),
        ("docs/plans", "docs/plans", True),
        ("docs/plans", "x/docs/plans/a.md", False),
        ("docs/*.json", "docs/a.json", True),
        ("docs/*.json", "docs/a/b.json", False),
        ("docs/**/x", "docs/x", True),
        ("docs/**/x", "docs/a/b/x", True),
        ("docs/**", "docs/a/b", True),
        ("docs/**", "docs", False),
        ("?.txt", "a/b.txt", True),
        ("?.txt", "a/é.txt", False),
        ("s\u017ftate", "SSTATE", False),
        ("state\u212a", "statek", False),
    ],
)
def test_patterns(pattern: str, path: str, *, expected: bool) -> None:
    assert GuardPattern(pattern).matches(path.encode()) is expected


@pytest.mark.parametrize(
    "text", ["", "/", "//", ".", "..", "a//b", "a/../b", "./a", "a[b]", "a\\b", "a\nb", "a\0b", ".git/../x"]
)
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(InvalidName):
        GuardPattern(text)


def test_nothing_guarded_is_an_error() -> None:
    with pytest.raises(InvalidName):
        guard_patterns([])


@pytest.mark.parametrize(
    ("text", "kept"), [("a/", "a"), ("/a", "/a"), ("/a/b/", "a/b"), ("a**b", "a*b"), ("**/a", "**/a")]
)
def test_one_spelling(text: str, kept: str) -> None:
    assert GuardPattern(text) == kept
    assert GuardPattern(kept) == kept


PARTS = st.text("abAB*?", min_size=1, max_size=3).filter(lambda part: part not in {"**", "***"})
PATTERNS = st.builds(
    "{}{}".format,
    st.sampled_from(["", "/"]),
    st.lists(PARTS | st.just("**"), min_size=1, max_size=4).map("/".join),
)
NAMES = st.lists(st.text("abABé\n", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain")
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    return path


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pattern=PATTERNS, names=st.lists(NAMES, min_size=1, max_size=12, unique=True))
def test_patterns_match_what_git_matches(plain: Path, pattern: str, names: list[str]) -> None:
    """Both ways in which Git matches: by the index (ls-files), and by trees (diff-tree)."""
    paths = _compatible(names)
    guarded = GuardPattern(pattern)
    specs = pathspecs([guarded])
    env = {**os.environ, "GIT_DIR": str(plain / ".git"), "GIT_INDEX_FILE": str(plain / "index")}

    def git(*arguments: str, stdin: bytes = b"") -> bytes:
        run = subprocess.run(
            ["git", *arguments], cwd=plain, env=env, input=stdin, capture_output=True, check=True
        )
        return run.stdout

    blob = git("hash-object", "-w", "--stdin").strip()
    git("read-tree", "--empty")
    lines = b"".join(b"100644 " + blob + b"\t" + path + b"\0" for path in paths)
    git("update-index", "-z", "--index-info", stdin=lines)
    expected = {path for path in paths if matches([guarded], path)}
    assert set(filter(None, git("ls-files", "-z", "--", *specs).split(b"\0"))) == expected
    tree, empty = (
        git("write-tree").decode().strip(),
        git("hash-object", "-w", "-t", "tree", "--stdin").decode().strip(),
    )
    told = git("diff-tree", "-r", "-z", "--name-only", "--no-renames", empty, tree, "--", *specs)
    assert set(filter(None, told.split(b"\0"))) == expected
    rough = rough_pathspecs([guarded])
    assert set(git("ls-files", "-z", "--", *rough).split(b"\0")) >= expected
    roughly = git("diff-tree", "-r", "-z", "--name-only", "--no-renames", empty, tree, "--", *rough)
    assert set(roughly.split(b"\0")) >= expected


def _compatible(names: list[str]) -> list[bytes]:
    """Those that one tree can hold: none is a folder of another one."""
    paths = [name.encode() for name in names]
    return [path for path in paths if not any(other.startswith(path + b"/") for other in paths)]


def entry(mode: int = 0o100644, id_: ObjectId = ONE) -> TreeEntry:
    return TreeEntry(mode, id_)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, entry(), (GuardedChange.ADDED, EntryKind.FILE)),
        (entry(), entry(id_=TWO), (GuardedChange.CHANGED, EntryKind.FILE)),
        (entry(), entry(0o100755), (GuardedChange.CHANGED, EntryKind.FILE)),
        (entry(), entry(0o120000), (GuardedChange.CHANGED, EntryKind.SYMLINK)),
        (None, entry(0o160000), (GuardedChange.ADDED, EntryKind.SUBMODULE)),
        (entry(), None, None),
        (entry(), entry(), None),
    ],
)
def test_what_is_refused(
    before: TreeEntry | None, after: TreeEntry | None, expected: tuple[GuardedChange, EntryKind] | None
) -> None:
    found = findings_of([PathChange(b"plan-state.json", before, after)], STATE)
    assert [(finding.change, finding.entry) for finding in found] == ([expected] if expected else [])
    assert findings_of([PathChange(b"other.json", before, after)], STATE) == []


def test_lines_of_pre_receive() -> None:
    data = f"{ONE} {TWO} refs/heads/a\n{ZERO} {TWO} refs/heads/b\n{ONE} {ZERO} refs/heads/c\n".encode()
    assert received_updates(data) == [
        RefUpdate("refs/heads/a", ONE, TWO),
        RefUpdate("refs/heads/b", None, TWO),
        RefUpdate("refs/heads/c", ONE, None),
    ]
    assert received_updates(b"") == []


def test_lines_of_pre_push_are_read_from_the_right() -> None:
    data = f":/the fix {TWO} refs/heads/a {ONE}\n(delete) {ZERO} refs/heads/b {ONE}\n".encode()
    assert pushed_updates(data) == [RefUpdate("refs/heads/a", ONE, TWO), RefUpdate("refs/heads/b", ONE, None)]


@pytest.mark.parametrize(
    "line",
    [
        "x",
        f"{ONE} {TWO}",
        f"{ONE} main refs/heads/a",
        "a b c d",
        f"{ONE}  refs/heads/a",
        f"x  refs/heads/a {ONE}",
    ],
)
def test_lines_of_another_form_are_an_error(line: str) -> None:
    with pytest.raises(UsageError, match="says nothing about a ref"):
        received_updates(line.encode())
    with pytest.raises(UsageError, match="says nothing about a ref"):
        pushed_updates(line.encode())


def test_what_the_framework_says() -> None:
    assert framework_push({}) is None
    assert framework_push({"PRE_COMMIT_REMOTE_NAME": "origin"}) is None
    variables = {
        "PRE_COMMIT_FROM_REF": ONE,
        "PRE_COMMIT_TO_REF": TWO,
        "PRE_COMMIT_REMOTE_NAME": "origin",
        "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/a",
    }
    assert framework_push(variables) == FrameworkPush("origin", "refs/heads/a", ONE, TWO)
