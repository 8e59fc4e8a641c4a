"""Plan texts are read from regular files of the worktree only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_kas.domain.names import PlanName
from git_kas.errors import KasError
from git_kas.ports.fakes import FakePlanFiles
from git_kas.ports.files import PlanFiles, PlanText
from git_kas_files.plan_files import FolderPlanFiles

NAME = PlanName("a.md")


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    plans = tmp_path / "worktree/docs/plans"
    plans.mkdir(parents=True)
    (plans / NAME).write_bytes(b"# a\r\n")
    (tmp_path / "secret.md").write_text("secret")
    return tmp_path / "worktree"


def reason(worktree: Path, folder: str = "docs/plans", name: str = NAME) -> str:
    """Why the plan is not read."""
    with pytest.raises(KasError) as raised:
        FolderPlanFiles().read(str(worktree), folder, PlanName(name))
    assert raised.value.exit_status == 1
    path = f"{worktree}/{folder}/{name}"
    assert raised.value.message.startswith(f"The plan text {path} cannot be read: ")
    return raised.value.message.removeprefix(f"The plan text {path} cannot be read: ")


@pytest.mark.parametrize("kind", ["fake", "files"])
def test_a_text(worktree: Path, kind: str) -> None:
    path = worktree / "docs/plans" / NAME
    expected = PlanText(b"# a\r\n", path.stat().st_mtime_ns)
    files: PlanFiles = FakePlanFiles(texts={str(path): expected}) if kind == "fake" else FolderPlanFiles()
    assert files.read(str(worktree), "docs/plans", NAME) == expected
    assert files.read_path(str(worktree), "docs/plans/a.md") == expected
    assert files.read_path("/", str(path)) == expected
    assert files.read(str(worktree), "docs/plans", PlanName("b.md")) is None
    assert files.read(str(worktree), "other", NAME) is None
    assert files.read_path(str(worktree), "b.md") is None
    assert files.read_path(str(worktree), "docs/plans/a.md/b.md") is None


@pytest.mark.parametrize("target", ["../../../secret.md", "a.md", "nowhere.md"])
def test_a_symbolic_link_is_not_followed(worktree: Path, target: str) -> None:
    (worktree / "docs/plans/link.md").symlink_to(target)
    assert reason(worktree, name="link.md") == "it is a symbolic link."
    with pytest.raises(KasError, match="it is a symbolic link"):
        FolderPlanFiles().read_path(str(worktree), "docs/plans/link.md")


def test_a_folder_may_not_lead_out_of_the_worktree(worktree: Path) -> None:
    (worktree / "out").symlink_to("../../" + worktree.parent.name)
    assert reason(worktree, "out", "secret.md") == "the folder leads out of the worktree."


def test_a_folder_may_not_lead_into_git_s_own(worktree: Path) -> None:
    (worktree / ".git").mkdir()
    (worktree / ".git/a.md").write_text("a")
    (worktree / "git").symlink_to(".git")
    assert reason(worktree, "git") == "the folder leads out of the worktree."


def test_a_folder_may_lead_elsewhere_in_the_worktree(worktree: Path) -> None:
    (worktree / "plans").symlink_to("docs/plans")
    text = FolderPlanFiles().read(str(worktree), "plans", NAME)
    assert text is not None
    assert text.data == b"# a\r\n"


def test_what_is_no_regular_file(worktree: Path) -> None:
    (worktree / "docs/plans/folder.md").mkdir()
    os.mkfifo(worktree / "docs/plans/pipe.md")
    assert reason(worktree, name="folder.md") == "Is a directory."
    assert reason(worktree, name="pipe.md") == "it is no regular file."


def test_a_very_large_file(worktree: Path) -> None:
    largest = 2 * 1024 * 1024
    os.truncate(worktree / "docs/plans" / NAME, largest)
    text = FolderPlanFiles().read(str(worktree), "docs/plans", NAME)
    assert text is not None
    assert len(text.data) == largest
    os.truncate(worktree / "docs/plans" / NAME, largest + 1)
    assert reason(worktree) == f"it is larger than {largest} bytes."


def test_what_the_system_refuses(worktree: Path) -> None:
    with pytest.raises(KasError, match="cannot be read: File name too long"):
        FolderPlanFiles().read_path(str(worktree), "a" * 5000)
