"""``git kas init --untrack``: what it writes into ``.gitignore``, what it stages, and what it tells."""

from __future__ import annotations

import os

import pytest

from git_kas.domain.untrack import adds_only, ignore_rule, lines_to_append
from guard_untrack.worlds import RULE, OldProject
from plan_commands import EARLIER

STAGED = ["M  .gitignore", f"D  {EARLIER}"]
NOT_STAGED = [" M .gitignore", f"D  {EARLIER}"]


def with_ignore_file(project: OldProject, text: bytes, name: str = ".gitignore") -> None:
    """Commit a ``.gitignore`` as it is given."""
    (project.path / name).write_bytes(text)
    project.repo.git("add", "-f", "--", name)
    project.repo.git("commit", "-qm", "rules")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"*.log\n", b"*.log\n" + RULE.encode() + b"\n"),
        (b"*.log", b"*.log\n" + RULE.encode() + b"\n"),
        (b"*.log\r\n*.tmp\r\n", b"*.log\r\n*.tmp\r\n" + RULE.encode() + b"\r\n"),
        (b"*.log\r\n*.tmp", b"*.log\r\n*.tmp\r\n" + RULE.encode() + b"\r\n"),
        (b"", RULE.encode() + b"\n"),
        (b"\xef\xbb\xbf# \xff\n", b"\xef\xbb\xbf# \xff\n" + RULE.encode() + b"\n"),
    ],
)
def test_the_rule_is_appended_in_the_form_of_the_file(project: OldProject, before: bytes, after: bytes) -> None:
    with_ignore_file(project, before)
    (project.path / ".gitignore").chmod(0o640)
    project.untrack()
    assert (project.path / ".gitignore").read_bytes() == after
    assert (project.path / ".gitignore").stat().st_mode & 0o777 == 0o640
    assert project.status_lines() == STAGED
    assert project.repo.git("check-ignore", "--", EARLIER) == EARLIER


@pytest.mark.parametrize("rule", ["plan-state.json", "docs/", "*.json", RULE])
def test_a_rule_that_is_there_is_enough(project: OldProject, rule: str) -> None:
    with_ignore_file(project, f"{rule}\n".encode())
    done = project.untrack()
    assert done["ignore"] == [
        {"file": ".gitignore", "rules": [], "written": False, "staged": False, "note": ""}
    ]
    assert project.status_lines() == [f"D  {EARLIER}"]


def test_a_rule_of_one_user_is_not_enough(project: OldProject) -> None:
    (project.path / ".git/info/exclude").write_text("plan-state.json\n")
    assert project.untrack()["ignore"][0]["rules"] == [RULE]


def test_changes_of_the_user_are_not_staged(project: OldProject) -> None:
    with_ignore_file(project, b"*.log\n")
    (project.path / ".gitignore").write_text("*.log\n*.tmp\n")
    done = project.untrack()
    assert "changes of yours" in done["ignore"][0]["note"]
    assert project.status_lines() == NOT_STAGED
    assert (project.path / ".gitignore").read_text() == f"*.log\n*.tmp\n{RULE}\n"
    assert project.untrack()["ignore"][0]["staged"] is False
    assert project.status_lines() == NOT_STAGED


def test_an_ignore_file_that_is_not_tracked_yet_is_not_staged(project: OldProject) -> None:
    (project.path / ".gitignore").write_text("*.log\n")
    project.untrack()
    assert project.status_lines() == [f"D  {EARLIER}", "?? .gitignore"]


def test_what_was_staged_before_is_told(project: OldProject) -> None:
    with_ignore_file(project, b"*.log\n")
    (project.path / ".gitignore").write_text("*.log\n*.tmp\n")
    project.repo.git("add", ".gitignore")
    done = project.untrack()
    assert done["ignore"][0]["staged"]
    assert done["other_staged"] == [".gitignore"]


@pytest.mark.parametrize("place", [".gitignore", "docs/.gitignore", "docs/plans/.gitignore"])
def test_a_rule_that_has_it_not_ignored_is_told_and_answered(project: OldProject, place: str) -> None:
    with_ignore_file(project, b"!plan-state.json\n", place)
    finished = project("init", "--untrack")
    assert f"{place}:1: '!plan-state.json' has {EARLIER} not ignored" in finished.err
    assert project.repo.git("check-ignore", "--", EARLIER) == EARLIER
    assert sorted(project.status_lines()) == sorted([f"D  {EARLIER}", f"M  {place}"])


def test_a_link_in_place_of_the_ignore_file_is_left_alone(project: OldProject) -> None:
    outside = project.path.parent / "rules"
    outside.write_text("*.log\n")
    (project.path / ".gitignore").symlink_to(outside)
    done = project.untrack()
    assert "symbolic link" in done["ignore"][0]["note"]
    assert RULE in done["ignore"][0]["note"]
    assert outside.read_text() == "*.log\n"
    assert EARLIER not in project.tracked()


def test_a_deleted_ignore_file_is_not_written_anew(project: OldProject) -> None:
    with_ignore_file(project, b"*.log\n")
    (project.path / ".gitignore").unlink()
    done = project.untrack()
    assert "was deleted here" in done["ignore"][0]["note"]
    assert not (project.path / ".gitignore").exists()


def test_what_is_still_not_ignored_is_told(project: OldProject) -> None:
    (project.path / ".gitignore").mkdir()
    finished = project("init", "--untrack")
    assert f"{EARLIER} is still not ignored; 'git add' would track it again." in finished.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_ignore_file_that_may_not_be_written(project: OldProject) -> None:
    with_ignore_file(project, b"*.log\n")
    (project.path / ".gitignore").chmod(0o444)
    assert "add the rule by hand" in project.untrack()["ignore"][0]["note"]


def test_line_ends_that_git_converts(project: OldProject) -> None:
    project.repo.git("config", "core.autocrlf", "true")
    with_ignore_file(project, b"*.log\r\n")
    project.untrack()
    assert (project.path / ".gitignore").read_bytes() == f"*.log\r\n{RULE}\r\n".encode()
    assert project.repo.git("show", ":.gitignore") == f"*.log\n{RULE}"


def test_rules_name_exactly_one_path() -> None:
    assert ignore_rule("a/b.json") == "/a/b.json"
    assert ignore_rule("a/b.json", "a") == "/b.json"
    assert ignore_rule("#a/[x]*?\\ /b  ") == "/#a/\\[x]\\*\\?\\\\ /b\\ \\ "
    assert ignore_rule("a\nb") == "/a?b"


def test_what_counts_as_ours() -> None:
    assert adds_only(b"a\r\n", b"a\r\n/x\r\n", ["/x"])
    assert adds_only(b"a\n", b"a\r\n/x\r\n", ["/x", "/y"])
    assert adds_only(b"", b"/x\n", ["/x"])
    assert not adds_only(b"a\n", b"a\n", ["/x"])
    assert not adds_only(b"a\n", b"/x\na\n", ["/x"])
    assert not adds_only(b"a\n", b"a\nb\n/x\n", ["/x"])
    assert lines_to_append(b"a\r\nb", ["/x"]) == b"\r\n/x\r\n"
