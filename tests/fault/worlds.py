"""A repository with a json store that can be put back as it was, and what is to be seen of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from contract.stores import USER
from fault.tracing import Traced, quiet, run_traced
from git_kas.domain.codec import encode_project
from git_kas.domain.lifecycle import Event
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.mutation import Create, Mutation, Transition
from git_kas.domain.names import PlanName
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store import Store, StoreRequest
from git_kas_files.watch import DiskWatch
from git_kas_json.store import open_store
from support import GIT_KAS, Finished

LONG_AGO: Final = 1_577_836_800  # 2020-01-01T00:00:00Z
ONE = PlanName("2020-01-01-one.md")
TWO = PlanName("2020-01-02-two.md")
_TIME: Final = re.compile(r"20(?!20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_OWN_FILES: Final = re.compile(
    r"plan-journal\.jsonl|plan-state\.json|lock|lock-holder|cache/plan-snapshot|content/[0-9a-f]{64}\.md"
    r"|saved/plan-state-[0-9a-f]{16}\.json|(processing|signals|journal)/.*"
)


def without_times(text: str) -> str:
    """``text`` with every time but those of 2020, which preparation gave, made one."""
    return _TIME.sub("TIME", text)


class World:
    """A repository in ``folder``; its store is prepared in 2020, and the program runs today."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.repo = folder / "repo"
        self.environment = quiet(environment)
        self.clock = FakeClock(LONG_AGO)
        self.url = "json"
        self._template = folder / "template"
        subprocess.run(
            ["git", "init", "-q", "--template=", "-b", "main", str(self.repo)], check=True, env=self.environment
        )

    @property
    def kas_folder(self) -> Path:
        """Where the store is."""
        return self.repo / ".git" / "kas"

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.kas_folder / "plan-journal.jsonl"

    @property
    def state(self) -> Path:
        """The state file."""
        return (
            self.repo / self.url.removeprefix("json:")
            if ":" in self.url
            else self.kas_folder / "plan-state.json"
        )

    def store(self) -> Store:
        """The store, opened in this process."""
        git_folder, repo = str(self.repo / ".git"), str(self.repo)
        location = RepositoryLocation(git_folder, git_folder, repo, repo)
        return open_store(
            StoreRequest(
                self.url, location, lambda: "repo", lambda: "docs/plans", self.clock, DiskWatch, lambda _: ()
            )
        )

    def commit(self, mutation: Mutation) -> None:
        """One mutation in this process."""
        self.store().commit(mutation, USER)

    def two_plans(self) -> None:
        """Have one plan that is ready and another that is implementing and has a text."""
        self.commit(Create(ONE, description="the first", created_at="2020-01-01T00:00:00Z"))
        self.commit(Create(TWO, topic="api", created_at="2020-01-01T00:00:00Z", content=b"# Two\n"))
        self.commit(Transition(TWO, (Event.IMPLEMENT_START,)))

    def keep(self) -> None:
        """Remember the repository as it is now, for :meth:`put_back`."""
        shutil.rmtree(self._template, ignore_errors=True)
        shutil.copytree(self.repo, self._template)

    def put_back(self) -> None:
        """Have the repository as it was kept."""
        shutil.rmtree(self.repo)
        shutil.copytree(self._template, self.repo)

    def kas(self, *arguments: str, **options: Any) -> Finished:
        """Run the program."""
        finished = subprocess.run(
            [*options.pop("prefix", ()), str(GIT_KAS), *arguments],
            cwd=self.repo,
            env=self.environment | options.pop("env", {}),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
            **options,
        )
        return Finished(finished.returncode, finished.stdout.decode(), finished.stderr.decode())

    def kas_traced(self, *arguments: str, inject: str = "") -> Traced:
        """Run the program under strace."""
        return run_traced(arguments, self.repo, self.environment, inject=inject)

    def number_of(self, kind: str, part: str, *command: str) -> int:
        """Which call of that kind is the first whose text holds ``part``, if ``command`` ran undisturbed."""
        self.keep()
        calls = self.kas_traced(*command).calls
        self.put_back()
        return next(call.number for call in calls if call.kind == kind and part in call.text)

    def seen(self) -> dict[str, Any]:
        """All that the store knows, its texts only where something names them; times of today made one."""
        document = dict(encode_project(self.store().export()))
        contents = document.pop("contents")
        text = json.dumps(document, default=dict)
        document["contents"] = {key: value for key, value in contents.items() if key in text}
        masked: dict[str, Any] = json.loads(without_times(json.dumps(document, default=dict)))
        return masked

    def state_text(self) -> str:
        """The state file; times of today made one."""
        return without_times(self.state.read_text())

    def lines(self) -> list[dict[str, Any]]:
        """The journal's lines, read without the product."""
        return [json.loads(line) for line in self.journal.read_bytes().splitlines()]

    def files(self) -> dict[str, bytes]:
        """Every file of the store."""
        paths = [path for path in self.kas_folder.rglob("*") if path.is_file()]
        files = {str(path.relative_to(self.kas_folder)): path.read_bytes() for path in paths}
        beside = [path for path in self.state.parent.glob("*plan-state*") if path.is_file()]
        return files | {path.name: path.read_bytes() for path in beside}

    def leftovers(self) -> list[str]:
        """Files of the store that have no place in it."""
        return sorted(name for name in self.files() if not _OWN_FILES.fullmatch(name))

    def check_files_agree(self) -> None:
        """Journal whole, changes 1, 2, 3 …, and the state file as its last line says."""
        lines = self.lines()
        assert [line["change"] for line in lines] == list(range(lines[0]["change"], lines[-1]["change"] + 1))
        assert sha256(self.state.read_bytes()).hexdigest() == lines[-1]["after"]
        for name, data in self.files().items():
            if name.startswith("content/") and not Path(name).name.startswith("."):
                assert sha256(data).hexdigest() == Path(name).stem

    def check_reading_works(self, plan: str) -> None:
        """``plan list``, ``show`` and ``history`` answer, agree with the store, and write nothing."""
        before = self.files()
        document = self.seen()
        live = [record for record in document["plans"] if not record.get("gone")]
        rows = self.kas("plan", "list", "--json").data
        assert {row["filename"] for row in rows} == {record["plan"]["filename"] for record in live}
        entries = self.kas("plan", "history", "--json").data
        assert len(entries) == len(document["history"])
        if any(record["plan"]["filename"] == plan for record in live):
            shown = self.kas("plan", "show", plan, "--json").data["plan"]
            assert shown == next(row for row in rows if row["filename"] == plan)
        assert self.files() == before
