"""Reading stored state: from everywhere the same file, whatever its shape, and never a byte changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Finished, Repo, Run
from unit.state_samples import (
    BYTE_ORDER_MARK,
    CANONICAL,
    CONFLICT,
    DAMAGED,
    FLAT,
    FLAT_COMPLETED,
    UNKNOWN_KEYS,
    WRAPPED_LEGACY,
    Damaged,
    state_of,
)

OWN = ".git/kas/plan-state.json"
EARLIER = "docs/plans/plan-state.json"
LONG_AGO = 1_600_000_000

LOGIN_DONE = "done           2026-02-20-login-form.md\n"
LIMIT_DONE = "done           2026-02-21-rate-limit.md"
TEXT = {
    "flat": (FLAT, f"{LOGIN_DONE}implementing   2026-02-21-rate-limit.md\n"),
    "flat-completed": (FLAT_COMPLETED, f"{LOGIN_DONE}{LIMIT_DONE}\nreviewing      2026-02-21-search.md\n"),
    "wrapped-legacy": (
        WRAPPED_LEGACY,
        f"{LIMIT_DONE}                           plan/rate-limit\ndone           2026-02-22-billing.md\n",
    ),
    "canonical": (
        CANONICAL,
        "implementing   2026-02-26-export-csv.md                           plan/export-csv\n",
    ),
}


def put(folder: Path, place: str, data: bytes) -> Path:
    """Write a state file that was last changed long ago."""
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Time and bytes of all files and folders; what is only a cache does not count."""

    def entries() -> Iterator[tuple[str, tuple[int, bytes]]]:
        for path in folder.rglob("*"):
            if "kas/cache" not in path.as_posix():
                data = path.read_bytes() if path.is_file() else b""
                yield str(path), (path.lstat().st_mtime_ns, data)

    return dict(entries())


def places(repo: Repo) -> dict[str, Path]:
    """The folders from which the answer must be the same."""
    subfolder = repo.path / "src/deep"
    subfolder.mkdir(parents=True)
    linked = repo.worktree("linked")
    (linked / "src").mkdir()
    return {
        "main": repo.path,
        "subfolder": subfolder,
        "linked": linked,
        "linked subfolder": linked / "src",
        ".git": repo.path / ".git",
    }


def triaged(finished: Finished) -> dict[str, str]:
    return {row["plan"]: row["status"] for row in finished.data["rows"] if row["plan"]}


@pytest.mark.parametrize("shape", TEXT)
def test_every_shape_is_listed_in_the_earlier_columns(kas: Run, repo: Repo, shape: str) -> None:
    data, text = TEXT[shape]
    path = put(repo.path, OWN, data)
    before = everything(repo.path)
    listed = kas("plan", "list", cwd=repo.path)
    assert (listed.status, listed.out) == (0, text)
    assert everything(repo.path) == before
    assert path.stat().st_mtime == LONG_AGO


def test_the_columns_are_those_of_the_earlier_system(kas: Run, repo: Repo) -> None:
    name = "x" * 60
    put(
        repo.path,
        OWN,
        state_of(
            a={"status": "ready", "branch": "plan/a", "topic": "never shown", "description": "nor this"},
            b={"status": "cancelled"},
            **{name: {"status": "a-status-of-twenty-ch", "branch": "plan/b"}},
        ),
    )
    listed = kas("plan", "list", cwd=repo.path)
    lines = [
        ("ready", "a.md", "plan/a"),
        ("cancelled", "b.md", ""),
        ("a-status-of-twenty-ch", f"{name}.md", "plan/b"),
    ]
    expected = "".join(f"{status:<14} {plan:<50} {branch}".rstrip() + "\n" for status, plan, branch in lines)
    assert listed.out == expected


def test_the_answer_is_the_same_everywhere(kas: Run, repo: Repo) -> None:
    put(repo.path, OWN, WRAPPED_LEGACY)
    folders = places(repo)
    before = everything(repo.path)
    listed = {name: kas("plan", "list", cwd=folder).out for name, folder in folders.items()}
    assert set(listed.values()) == {TEXT["wrapped-legacy"][1]}
    found = {name: triaged(kas("triage", "--json", cwd=folder)) for name, folder in folders.items()}
    assert all(
        plans == {"2026-02-21-rate-limit.md": "done", "2026-02-22-billing.md": "done"}
        for plans in found.values()
    ), found
    assert everything(repo.path) == before


def test_the_earlier_file_is_read_where_there_is_no_own(kas: Run, repo: Repo) -> None:
    put(repo.path, EARLIER, CANONICAL)
    folders = places(repo)
    put(folders["linked"], EARLIER, FLAT)  # another worktree's copy never counts
    before = everything(repo.path)
    for name, folder in folders.items():
        assert kas("plan", "list", cwd=folder).out == TEXT["canonical"][1], name
        assert triaged(kas("triage", "--json", cwd=folder)) == {"2026-02-26-export-csv.md": "implementing"}, (
            name
        )
    assert everything(repo.path) == before
    assert not (repo.path / ".git/kas/plan-state.json").exists()
    place = kas("where", "--json", cwd=folders["linked"]).data["place"]
    assert place == str(repo.path / EARLIER)


def test_of_both_files_the_own_one_counts(kas: Run, repo: Repo) -> None:
    put(repo.path, EARLIER, FLAT)
    put(repo.path, OWN, CANONICAL)
    assert kas("plan", "list", cwd=repo.path).out == TEXT["canonical"][1]
    put(repo.path, OWN, b"{}")
    assert kas("plan", "list", cwd=repo.path).out == ""


def test_a_damaged_own_file_is_not_replaced_by_the_earlier_one(kas: Run, repo: Repo) -> None:
    put(repo.path, EARLIER, FLAT)
    put(repo.path, OWN, b"")
    listed = kas("plan", "list", cwd=repo.path)
    assert (listed.status, listed.out) == (1, "")


def test_the_earlier_file_does_not_move_with_the_plans_folder(kas: Run, repo: Repo) -> None:
    # The earlier system knew one place only (ORIGIN 2).
    put(repo.path, EARLIER, CANONICAL)
    repo.git("config", "kas.plans", "notes")
    assert kas("plan", "list", cwd=repo.path).out == TEXT["canonical"][1]


@pytest.mark.parametrize("data", [None, b"{}", b'{"plans":{}}', b'{"plans":null}\n', BYTE_ORDER_MARK + b"{}"])
def test_no_plans_is_no_error(kas: Run, repo: Repo, data: bytes | None) -> None:
    if data is not None:
        put(repo.path, OWN, data)
    assert kas("plan", "list", cwd=repo.path) == Finished(0, "", "")
    assert kas("plan", "list", "--json", cwd=repo.path).data == []


def test_what_is_not_known_is_shown_as_it_is(kas: Run, repo: Repo) -> None:
    put(repo.path, OWN, state_of(x={"status": "bogus", "branch": "plan/x"}))
    listed = kas("plan", "list", cwd=repo.path)
    assert listed.out == "bogus          x.md                                               plan/x\n"
    assert "bogus" in listed.err
    row = kas("triage", "--json", cwd=repo.path).data["rows"][0]
    assert row["status"] == "bogus"
    assert "unknown_status" in row["flags"]


def test_unknown_keys_are_kept(kas: Run, repo: Repo) -> None:
    put(repo.path, OWN, UNKNOWN_KEYS)
    (plan,) = kas("plan", "list", "--json", cwd=repo.path).data
    assert plan["extra"] == {"priority": 3, "owner": {"name": "ada", "tags": ["x", None]}}


def test_done_in_a_flat_file_is_remarked(kas: Run, repo: Repo) -> None:
    put(repo.path, OWN, FLAT)
    text = kas("plan", "list", cwd=repo.path)
    assert "2026-02-20-login-form.md" in text.err
    document = kas("plan", "list", "--json", cwd=repo.path)
    assert any("2026-02-20-login-form.md" in warning for warning in document.json()["warnings"])
    assert document.err == ""


# One of each kind; tests/unit/test_state_file.py has them all.
KINDS = {
    "trailing comma",
    "conflict markers",
    "cut off between tokens",
    "empty",
    "not UTF-8",
    "NaN",
    "doubled plan",
    "nested too deeply",
    "plans is a list",
    "entry is a number",
    "entry is zero",
    "status is a number",
    "top level is a list",
}


def complaint(kas: Run, repo: Repo, damaged: Damaged) -> str:
    """What is wrong about the answer to a damaged file; empty if nothing is."""
    path = put(repo.path, OWN, damaged.data)
    before = everything(repo.path)
    refused = kas("plan", "list", "--json", cwd=repo.path)
    document = refused.json()
    error = document.get("error", {})
    place = f"{path}:" if damaged.place is None else "{}:{}:{}: ".format(path, *damaged.place)
    if (refused.status, refused.err, error.get("code"), error.get("exit")) != (1, "", "store_corrupt", 1):
        return f"exit {refused.status}: {document}"
    if not error["message"].startswith(place):
        return f"{place} not in {error['message']}"
    return "" if everything(repo.path) == before else "something was written"


def test_damaged_files_are_refused_and_left_alone(kas: Run, repo: Repo) -> None:
    damaged_files = [damaged for damaged in DAMAGED if damaged.name in KINDS]
    assert len(damaged_files) == len(KINDS)
    complaints = {damaged.name: complaint(kas, repo, damaged) for damaged in damaged_files}
    assert {name: text for name, text in complaints.items() if text} == {}


@pytest.mark.parametrize("command", [("plan", "list"), ("triage",)])
@pytest.mark.parametrize("place", [OWN, EARLIER])
def test_a_damaged_file_is_named_in_a_sentence(
    kas: Run, repo: Repo, command: tuple[str, ...], place: str
) -> None:
    path = put(repo.path, place, CONFLICT)
    linked = repo.worktree("linked")
    before = everything(repo.path)
    refused = kas(*command, cwd=linked)
    assert (refused.status, refused.out) == (1, "")
    sentence, advice = refused.err.splitlines()
    assert sentence.startswith(f"git-kas: {path}:4:1: ")
    assert advice.startswith("git-kas: ")
    assert everything(repo.path) == before
    assert path.read_bytes() == CONFLICT
    assert path.stat().st_mtime == LONG_AGO


def test_a_folder_in_place_of_the_file(kas: Run, repo: Repo) -> None:
    (repo.path / OWN).mkdir(parents=True)
    refused = kas("plan", "list", "--json", cwd=repo.path)
    assert (refused.status, refused.json()["error"]["code"]) == (1, "store_corrupt")
    assert str(repo.path / OWN) in refused.json()["error"]["message"]
