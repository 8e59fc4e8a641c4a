"""What the tests of the plan commands share: running them in one repository, and looking at what they left."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from support import GIT_KAS, Finished, Repo

OWN = ".git/kas/plan-state.json"
EARLIER = "docs/plans/plan-state.json"
ZERO = "0001-01-01T00:00:00Z"
LONG_AGO = 1_600_000_000_123_456_789
AS_AGENT = {"KAS_ACTOR": "agent"}
AS_SYSTEM = {"KAS_ACTOR": "system"}

_COMMIT_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
_ESCAPES = {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class Refused(NamedTuple):
    """The error that a command ended with."""

    exit: int
    code: str
    message: str
    next: str


class Plans:
    """The program in one repository: ``plans("plan", "list")`` runs it."""

    def __init__(self, repo: Repo, environment: Mapping[str, str]) -> None:
        self.repo = repo
        self.path = repo.path
        self.environment = environment

    def raw(
        self,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """The process as it ended."""
        return subprocess.run(
            [str(GIT_KAS), *arguments],
            cwd=cwd or self.path,
            env={**self.environment, **(env or {})},
            capture_output=True,
            input=stdin or b"",
            check=False,
            timeout=120,
        )

    def __call__(self, *arguments: str, **how: Any) -> Finished:
        """Run a command."""
        finished = self.raw(*arguments, **how)
        return Finished(finished.returncode, finished.stdout.decode(), finished.stderr.decode())

    def out(self, *arguments: str, **how: Any) -> str:
        """What a command that succeeds without a warning prints, with the times of commits as TIME."""
        finished = self(*arguments, **how)
        assert (finished.status, finished.err) == (0, ""), finished
        return steady(finished.out)

    def data(self, *arguments: str, **how: Any) -> Any:
        """The data of a command that succeeds."""
        return self(*arguments, "--json", **how).data

    def refused(self, *arguments: str, **how: Any) -> Refused:
        """The error of a command that fails; text and JSON say the same."""
        text = self(*arguments, **how)
        document = self(*arguments, "--json", **how)
        error = Refused(**document.json()["error"])
        assert text.out == document.err == ""
        assert text.status == document.status == error.exit != 0, text
        assert text.err == "".join(f"git-kas: {line}\n" for line in (error.message, error.next) if line)
        return error

    def status(self, plan: str) -> str:
        """The status that the state file on disk gives a plan."""
        entry = json.loads(self.state())["plans"][plan]
        assert isinstance(entry["status"], str)
        return entry["status"]

    def state(self) -> bytes:
        """The state file on disk."""
        return (self.path / OWN).read_bytes()

    def history(self, *plan: str) -> list[str]:
        """The history in lines, without the times."""
        return self.out("plan", "history", *plan).splitlines()

    def write(self, name: str, text: str | bytes, worktree: Path | None = None) -> Path:
        """A working copy of a plan's text, last changed long ago."""
        return put(worktree or self.path, f"docs/plans/{name}", text)


def put(folder: Path, place: str, data: str | bytes) -> Path:
    """A file that was last changed long ago."""
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return path


def steady(text: str) -> str:
    """``text`` with the times of commits as TIME."""
    return _COMMIT_TIME.sub("TIME", text)


def everything_but_the_store(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Time and bytes of all files and folders, except what is in the store's own folder."""

    def entries() -> Iterator[tuple[str, tuple[int, bytes]]]:
        for path in folder.rglob("*"):
            inside = "/.git/kas" in path.as_posix()
            if not inside and path.as_posix() != f"{folder.as_posix()}/.git":
                data = path.read_bytes() if path.is_file() else b""
                yield str(path), (path.lstat().st_mtime_ns, data)

    return dict(entries())


def by_recipe(document: object) -> bytes:
    """The bytes that the earlier writer gave a sorted document (ORIGIN 2.1)."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text.encode() + b"\n"


def go_their_way(say: Callable[..., str], repo: Repo) -> None:
    """Two plans are made, one of them goes on, and every command shows that; ``say`` runs a command."""
    text = repo.path / "docs/plans/2026-01-03-billing.md"
    text.parent.mkdir(parents=True)
    text.write_text("# Billing\n\n## Wave 1\n\n### Task 1: invoices\n\nWrite them.\n")
    assert say("plan", "create", "rate-limit", "-d", "limit it", "--topic", "api").endswith("ready\n")
    assert "2026-01-03-billing.md" in say("plan", "register", str(text))
    say("plan", "transition", "rate-limit", "plan_start", "-m", "now")
    say("plan", "rename", "rate-limit", "limits")
    assert "api" in say("plan", "topic")
    assert json.loads(say("plan", "show", "2026-01-03-billing", "--json"))["data"]["title"] == "Billing"
    events = [entry["action"] for entry in json.loads(say("plan", "history", "--json"))["data"]]
    assert events == ["created", "topic_created", "created", "transition", "renamed"]
    rows = json.loads(say("triage", "--json"))["data"]["rows"]
    assert [row["status"] for row in rows if row["plan"]] == ["planning", "ready"]
