"""What counts as not committed in a worktree, whatever the user has configured (GIT-FACTS 5)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scenario.rows import Triage, configuration
from support import Repo


def write(path: Path, text: str = "new") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def status_lines(repo: Repo, cwd: Path | None = None) -> list[str]:
    """What plain git says, every untracked path by itself."""
    return repo.git("status", "--porcelain", "--untracked-files=all", cwd=cwd).splitlines()


# -- counting ----------------------------------------------------------------------------------------------


def unstaged(repo: Repo) -> None:
    write(repo.path / "README.md", "edited")


def staged(repo: Repo) -> None:
    unstaged(repo)
    repo.git("add", "README.md")


def staged_and_edited_again(repo: Repo) -> None:
    staged(repo)
    write(repo.path / "README.md", "edited again")


def staged_and_edited_back(repo: Repo) -> None:
    before = (repo.path / "README.md").read_text()
    staged(repo)
    write(repo.path / "README.md", before)


def deleted(repo: Repo) -> None:
    (repo.path / "README.md").unlink()


def deleted_from_index(repo: Repo) -> None:
    repo.git("rm", "-q", "README.md")


def mode_changed(repo: Repo) -> None:
    (repo.path / "README.md").chmod(0o755)


def type_changed(repo: Repo) -> None:
    deleted(repo)
    (repo.path / "README.md").symlink_to("nowhere")


def added(repo: Repo) -> None:
    write(repo.path / "new.txt")
    repo.git("add", "new.txt")


def added_in_intent(repo: Repo) -> None:
    write(repo.path / "new.txt")
    repo.git("add", "--intent-to-add", "new.txt")


CHANGES = [
    unstaged,
    staged,
    staged_and_edited_again,
    staged_and_edited_back,
    deleted,
    deleted_from_index,
    mode_changed,
    type_changed,
    added,
    added_in_intent,
]


@pytest.mark.parametrize("change", CHANGES)
def test_change_of_a_tracked_file_counts_once(
    repo: Repo, triage: Triage, change: Callable[[Repo], None]
) -> None:
    change(repo)
    row = triage().worktree(repo.path)
    assert row["dirt"] == {"changed": 1, "untracked": 0, "conflicts": 0}
    assert row["dirty"] == 1


@pytest.mark.parametrize(
    "name", ["new.txt", "new folder/a.txt", "line\nbreak", "ünï", os.fsdecode(b"\xe9"), '"', " "]
)
def test_untracked_path_counts_once(repo: Repo, triage: Triage, name: str) -> None:
    write(repo.path / name)
    assert triage().worktree(repo.path)["dirt"] == {"changed": 0, "untracked": 1, "conflicts": 0}


def test_untracked_folder_counts_once(repo: Repo, triage: Triage) -> None:
    for number in range(5):
        write(repo.path / f"folder/deep/{number}.txt")
    assert triage().worktree(repo.path)["dirty"] == 1


def test_rename_is_dirt(repo: Repo, triage: Triage) -> None:
    repo.git("mv", "README.md", "LIESMICH.md")
    dirt = triage().worktree(repo.path)["dirt"]
    assert dirt["changed"] in {1, 2}
    assert dirt["untracked"] == 0


@pytest.mark.parametrize("pattern", ["*.log", "build/"])
def test_ignored_files_are_no_dirt(repo: Repo, triage: Triage, pattern: str) -> None:
    repo.commit("ignore", {".gitignore": f"{pattern}\n"})
    write(repo.path / "build/x.log")
    assert triage().worktree(repo.path)["dirty"] == 0


def test_each_worktree_has_its_own_dirt(repo: Repo, triage: Triage) -> None:
    paths = [repo.worktree(f"side-{number}", "--detach") for number in range(7)]
    for number, path in enumerate(paths):
        for file in range(number):
            write(path / f"{file}.txt")
    answer = triage()
    assert [answer.worktree(path)["dirty"] for path in paths] == list(range(7))


def test_index_that_cannot_be_read_is_not_clean(repo: Repo, triage: Triage) -> None:
    broken, healthy = repo.worktree("broken"), repo.worktree("healthy")
    (repo.path / ".git/worktrees" / broken.name / "index").write_bytes(b"DIRCgarbage")
    answer = triage()
    row = answer.worktree(broken)
    assert (row["dirty"], "unreadable_worktree" in row["flags"]) == (None, True)
    assert answer.worktree(healthy)["dirty"] == 0


# -- nested worktrees and repositories ---------------------------------------------------------------------


@pytest.mark.parametrize("where", ["inner", ".worktrees/inner", "a/b/c/inner"])
def test_nested_worktree_is_no_dirt(repo: Repo, triage: Triage, where: str) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", where)
    write(repo.path / where / "new.txt")
    answer = triage()
    assert answer.worktree(repo.path)["dirty"] == 0
    assert answer.worktree(repo.path / where)["dirty"] == 1


def test_what_lies_beside_a_nested_worktree_is_dirt(repo: Repo, triage: Triage) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", ".worktrees/inner")
    write(repo.path / ".worktrees/notes.txt")
    assert triage().worktree(repo.path)["dirt"] == {"changed": 0, "untracked": 1, "conflicts": 0}


def test_folder_with_a_name_like_a_nested_worktree_is_dirt(repo: Repo, triage: Triage) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", "inner")
    write(repo.path / "inner-notes/notes.txt")
    assert triage().worktree(repo.path)["dirty"] == 1


def test_main_worktree_nested_in_a_linked_one_is_no_dirt(
    new_repo: Callable[..., Repo], triage: Triage, tmp_path: Path
) -> None:
    outer = tmp_path / "outer"
    inner = new_repo("inner")
    inner.commit()
    inner.git("worktree", "add", "-q", "-b", "side", str(outer))
    inner.path.rename(outer / "inner")
    inner.path = outer / "inner"
    inner.git("worktree", "repair", str(outer))
    answer = triage(inner.path)
    assert [answer.worktree(path)["dirty"] for path in (outer, inner.path)] == [0, 0]


def test_nested_repository_of_its_own_is_dirt(repo: Repo, triage: Triage) -> None:
    repo.git("init", "-q", "inner")
    repo.git("commit", "-q", "--allow-empty", "-m", "other", cwd=repo.path / "inner")
    assert triage().worktree(repo.path)["dirty"] == 1


def test_foreign_folder_at_the_path_of_a_nested_worktree_is_dirt(repo: Repo, triage: Triage) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", "inner")
    (repo.path / "inner").rename(repo.path.parent / "moved")
    write(repo.path / "inner/precious.txt")
    assert triage().worktree(repo.path)["dirty"] == 1


# -- settings that hide or disguise dirt -------------------------------------------------------------------

SETTINGS = {
    "status.showUntrackedFiles": "no",
    "status.branch": "true",
    "status.short": "true",
    "status.showStash": "true",
    "status.relativePaths": "false",
    "status.renames": "copies",
    "status.submoduleSummary": "true",
    "color.ui": "always",
    "color.status": "always",
    "column.ui": "always",
    "core.quotePath": "false",
    "core.untrackedCache": "true",
    "core.pager": "false",
    "diff.ignoreSubmodules": "all",
    "diff.noprefix": "true",
    "advice.statusHints": "false",
}


@pytest.mark.parametrize("key", SETTINGS)
def test_setting_hides_nothing(repo: Repo, triage: Triage, key: str) -> None:
    write(repo.path / "README.md", "edited")
    write(repo.path / "new.txt")
    env = configuration(**{key.replace(".", "__"): SETTINGS[key]})
    assert triage(env=env).worktree(repo.path)["dirt"] == {"changed": 1, "untracked": 1, "conflicts": 0}


def test_setting_of_one_worktree_hides_nothing(repo: Repo, triage: Triage) -> None:
    linked = repo.worktree("side")
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--worktree", "status.showUntrackedFiles", "no", cwd=linked)
    write(linked / "new.txt")
    assert triage().worktree(linked)["dirty"] == 1


VARIABLES = [
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_TRACE",
]


@pytest.mark.parametrize("variable", VARIABLES)
def test_variable_of_git_hides_nothing(repo: Repo, triage: Triage, variable: str) -> None:
    write(repo.path / "new.txt")
    write(repo.path / "docs/plans/.signals/one")
    assert triage(env={variable: "1"}).worktree(repo.path)["dirty"] == 1


def test_index_of_a_hook_misleads_no_other_worktree(repo: Repo, triage: Triage) -> None:
    linked = repo.worktree("side")
    repo.commit("only on main")
    env = {"GIT_DIR": str(repo.path / ".git"), "GIT_INDEX_FILE": str(repo.path / ".git/index")}
    assert triage(env=env).worktree(linked)["dirty"] == 0


# -- indexes and files that only look changed --------------------------------------------------------------


@pytest.fixture
def folders(repo: Repo) -> Repo:
    repo.commit("folders", {"in/a.txt": "a", "out/b.txt": "b", "out/deep/c.txt": "c"})
    return repo


SPARSE = {
    "cone": ["set", "--cone", "in"],
    "no-cone": ["set", "--no-cone", "/in/"],
    "sparse-index": ["set", "--cone", "--sparse-index", "in"],
}


@pytest.mark.parametrize("place", ["main", "linked"])
@pytest.mark.parametrize("kind", SPARSE)
def test_sparse_checkout(folders: Repo, triage: Triage, kind: str, place: str) -> None:
    path = folders.path if place == "main" else folders.worktree("side")
    folders.git("sparse-checkout", *SPARSE[kind], cwd=path)
    assert not (path / "out").exists()
    assert triage().worktree(path)["dirty"] == 0
    write(path / "in/a.txt", "edited")
    assert triage().worktree(path)["dirty"] == 1


@pytest.mark.parametrize("arguments", [["--split-index"], ["--index-version=4"], ["--untracked-cache"]])
def test_form_of_the_index_does_not_matter(folders: Repo, triage: Triage, arguments: list[str]) -> None:
    folders.git("update-index", *arguments)
    assert triage().worktree(folders.path)["dirty"] == 0
    write(folders.path / "in/a.txt", "edited")
    assert triage().worktree(folders.path)["dirty"] == 1


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_edit_that_git_was_told_to_overlook(repo: Repo, triage: Triage, flag: str) -> None:
    repo.git("update-index", flag, "README.md")
    write(repo.path / "README.md", "edited")
    assert status_lines(repo) == []
    assert triage().worktree(repo.path)["dirty"] == 0


@pytest.mark.parametrize("attributes", ["*.bin filter=disguise", "*.bin text eol=crlf", "*.bin ident"])
def test_time_changed_under_a_filter_is_clean(repo: Repo, triage: Triage, attributes: str) -> None:
    repo.git("config", "filter.disguise.clean", "tr a-z b-za")
    repo.git("config", "filter.disguise.smudge", "tr b-za a-z")
    repo.git("config", "filter.disguise.required", "true")
    repo.commit("filtered", {".gitattributes": f"{attributes}\n", "data.bin": "some $Id$ data\n"})
    (repo.path / "data.bin").unlink()
    repo.git("checkout", "-q", "--", "data.bin")
    os.utime(repo.path / "data.bin", (1_000_000_000, 1_000_000_000))
    assert triage().worktree(repo.path)["dirty"] == 0


# -- submodules --------------------------------------------------------------------------------------------


@pytest.fixture
def module(repo: Repo, new_repo: Callable[..., Repo]) -> Path:
    """The folder of a submodule that the user's settings say to ignore."""
    library = new_repo("library")
    library.commit("library", {"lib.txt": "lib"})
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.path), "module")
    repo.git("config", "-f", ".gitmodules", "submodule.module.ignore", "all")
    repo.git("commit", "-q", "-a", "-m", "module")
    repo.git("config", "diff.ignoreSubmodules", "all")
    repo.git("config", "submodule.module.ignore", "all")
    return repo.path / "module"


def test_clean_submodule_is_no_dirt(repo: Repo, triage: Triage, module: Path) -> None:
    assert triage().worktree(repo.path)["dirty"] == 0


@pytest.mark.parametrize("change", ["edited", "untracked", "committed", "staged"])
def test_dirty_submodule_is_dirt(repo: Repo, triage: Triage, module: Path, change: str) -> None:
    if change == "committed":
        repo.git("commit", "-q", "--allow-empty", "-m", "in the module", cwd=module)
    else:
        write(module / ("new.txt" if change == "untracked" else "lib.txt"), "edited")
    if change == "staged":
        repo.git("add", "--all", cwd=module)
    assert triage().worktree(repo.path)["dirty"] == 1
