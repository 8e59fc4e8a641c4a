"""Files of ours: what they are found to be, and what may be done with them."""

from __future__ import annotations

import pytest

from git_kas.domain.scaffold import FILE_STATE_MEANINGS, FileState, Lines, MarkedFile, Piece, PlainFile
from git_kas.errors import Conflict
from git_kas.ports.fake_worktree_files import FakeWorktreeFiles
from git_kas.usecases.scaffold import EFFECT_MEANINGS, Effect, Site, look, put, take

TEXT = "---\nname: x\n---\n\nbody\n"
MARKED = MarkedFile("a.md", TEXT)
LINES = Lines("exclude", b"# ours\n/x/\n")
PLAIN = PlainFile(".gitignore", b"*\n")
OLDER = MarkedFile("a.md", TEXT.replace("body", "older body")).put(None)


@pytest.mark.parametrize(
    ("piece", "found", "state"),
    [
        (MARKED, None, FileState.MISSING),
        (MARKED, MARKED.put(None), FileState.CURRENT),
        (MARKED, MARKED.put(None).replace(b"\n", b"\r\n"), FileState.CURRENT),
        (MARKED, MARKED.put(None).replace(b"git-kas 0", b"git-kas 9"), FileState.CURRENT),
        (MARKED, OLDER, FileState.OUTDATED),
        (MARKED, OLDER.replace(b"older", b"my"), FileState.EDITED),
        (MARKED, MARKED.put(None) + b"\n", FileState.EDITED),
        (MARKED, TEXT.encode(), FileState.FOREIGN),
        (MARKED, b"\xff\xfe", FileState.FOREIGN),
        (MARKED, b"", FileState.FOREIGN),
        (PLAIN, None, FileState.MISSING),
        (PLAIN, b"*\n", FileState.CURRENT),
        (PLAIN, b"*\n!x\n", FileState.FOREIGN),
        (LINES, None, FileState.MISSING),
        (LINES, b"*.o", FileState.MISSING),
        (LINES, b"*.o\n# ours\n/x/\n*.a\n", FileState.CURRENT),
        (LINES, b"not # ours\n/x/\n", FileState.MISSING),
    ],
)
def test_what_a_file_is_found_to_be(piece: Piece, found: bytes | None, state: FileState) -> None:
    assert piece.state(found) is state


@pytest.mark.parametrize("before", [b"*.o\n", b"*.o\n\n", b"# ours\n", b"\n"])
def test_lines_come_and_go_without_a_trace(before: bytes) -> None:
    after = LINES.put(before)
    assert after == before + LINES.data
    assert LINES.take(after) == before


def test_lines_after_a_last_line_without_end() -> None:
    assert LINES.put(b"*.o") == b"*.o\n# ours\n/x/\n"
    assert LINES.take(LINES.put(None)) is None


def sites(*pieces: Piece) -> list[Site]:
    return [Site("/w", piece) for piece in pieces]


def effects(placed: object) -> list[Effect]:
    return [file.effect for file in placed]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("found", "putting", "taking"),
    [
        (None, Effect.CREATED, Effect.UNCHANGED),
        (OLDER, Effect.UPDATED, Effect.REMOVED),
        (MARKED.put(None), Effect.UNCHANGED, Effect.REMOVED),
        (OLDER + b"x", Effect.LEFT, Effect.LEFT),
        (b"mine\n", Effect.LEFT, Effect.LEFT),
    ],
)
def test_what_is_done(found: bytes | None, putting: Effect, taking: Effect) -> None:
    for act, effect in ((put, putting), (take, taking)):
        before = {} if found is None else {"/w/a.md": found}
        files = FakeWorktreeFiles(dict(before))
        assert effects(act(files, sites(MARKED), dry_run=True)) == [effect]
        assert files.files == before
        assert effects(act(files, sites(MARKED), dry_run=False)) == [effect]
        changed = effect not in {Effect.UNCHANGED, Effect.LEFT}
        expected = {"/w/a.md": MARKED.put(None)} if changed and act is put else {} if changed else before
        assert files.files == expected


def test_a_second_run_changes_nothing() -> None:
    files = FakeWorktreeFiles()
    everything = sites(MARKED, LINES, PLAIN)
    put(files, everything, dry_run=False)
    before = dict(files.files)
    assert effects(put(files, everything, dry_run=False)) == [Effect.UNCHANGED] * 3
    assert files.files == before
    assert {file.state for file in look(files, everything)} == {FileState.CURRENT}
    take(files, everything, dry_run=False)
    assert files.files == {}


def test_a_file_that_changes_meanwhile_is_not_overwritten() -> None:
    class Racing(FakeWorktreeFiles):
        def read(self, worktree: str, path: str) -> bytes | None:
            found = super().read(worktree, path)
            self.files[f"{worktree}/{path}"] = b"somebody was quicker"
            return found

    files = Racing()
    with pytest.raises(Conflict):
        put(files, sites(MARKED), dry_run=False)
    assert files.files["/w/a.md"] == b"somebody was quicker"


def test_every_state_and_effect_has_a_meaning() -> None:
    assert set(FILE_STATE_MEANINGS) == set(FileState)
    assert set(EFFECT_MEANINGS) == set(Effect)
