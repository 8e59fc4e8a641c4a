"""``docs/how-to/run-on-postgresql.md``, followed word for word with a PostgreSQL of its own."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from git_kas.errors import error_types
from postgresql import own_server
from server.hosting import PLANS, Running, start
from support import Repo

PAGE = Path(__file__).parents[2] / "docs/how-to/run-on-postgresql.md"
SOCKETS_ON_THE_PAGE = "/var/run/postgresql"
HOME_ON_THE_PAGE = "/var/lib/git-kas"
ACCOUNT = "git-kas"
AS_ACCOUNT = f"sudo -u {ACCOUNT} "
TOKEN = re.compile(r"export KAS_TOKEN=\$\((.*)\)")


class Reader:
    """Types what the page says, as the account of the page; servers get ports that are free."""

    def __init__(self, environment: Mapping[str, str], folder: Path, sockets: Path) -> None:
        self.environment = dict(environment)
        self.servers: dict[str, Running] = {}
        self._folder = folder
        self._sockets = sockets

    def type(self, line: str) -> str:
        """Run a line, and return what it prints."""
        line = line.replace(SOCKETS_ON_THE_PAGE, str(self._sockets)).replace(
            HOME_ON_THE_PAGE, str(self._folder)
        )
        if made := TOKEN.fullmatch(line):
            self.environment["KAS_TOKEN"] = self.type(made[1]).strip()
            return ""
        line = line.removeprefix(AS_ACCOUNT)
        if line.startswith("git-kas serve "):
            self._serve(shlex.split(line)[2:])
            return ""
        environment = self.environment | {"PGUSER": ACCOUNT}
        if line.startswith("sudo -u postgres "):
            line = line.removeprefix("sudo -u postgres ")
            environment |= {"PGUSER": "postgres", "PGHOST": str(self._sockets)}
        for port, running in self.servers.items():
            line = line.replace(f"http://127.0.0.1:{port}", running.url)
        finished = subprocess.run(
            ["bash", "-c", line], cwd=self._folder, env=environment, capture_output=True, text=True, check=False
        )
        assert finished.returncode == 0, (line, finished.stderr)
        return finished.stdout

    def _serve(self, words: list[str]) -> None:
        port = "7433"
        if "--port" in words:
            at = words.index("--port")
            port = words[at + 1]
            del words[at : at + 2]
        running = start(self.environment | {"PGUSER": ACCOUNT}, self._folder, *words)
        self.servers[port] = running


@pytest.fixture
def reader(environment: dict[str, str], repo: Repo) -> Iterator[Reader]:
    with own_server() as server:
        environment["PATH"] = f"{server.programs}:{environment['PATH']}"
        made = Reader(environment, repo.path, server.sockets)
        yield made
        for running in made.servers.values():
            assert running.stop()[0] == 0


def test_the_page_works_as_it_stands(reader: Reader, repo: Repo) -> None:
    text = PAGE.read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) == 13
    repo.write_state({"2026-02-02-search.md": {"status": "planning"}})
    said = {line: reader.type(line) for line in lines}
    assert len(reader.servers) == 2
    created, listed = (said[line] for line in lines if line.startswith("curl"))
    assert '"filename":"2026-03-01-rate-limit.md"' in created
    assert "2026-03-01-rate-limit.md" in listed
    assert (repo.path / "plans-2026-03-01.db").read_bytes().startswith(b"SQLite format 3")
    assert (repo.path / "plans-2026-03-01.dump").read_bytes().startswith(b"PGDMP")
    token = {"Authorization": f"Bearer {reader.environment['KAS_TOKEN']}"}
    for running in reader.servers.values():
        assert running("GET", PLANS, headers=token).json()[0]["filename"] == "2026-03-01-rate-limit.md"
        moved = running("GET", PLANS.replace("shop", repo.path.name), headers=token).json()
        assert [(entry["filename"], entry["status"]) for entry in moved] == [
            ("2026-02-02-search.md", "planning")
        ]


def test_its_table_names_errors_as_they_are() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE.read_text(), re.MULTILINE)
    assert len(rows) == 5
    known = {error.code: error.http_status for error in error_types()}
    assert {code: int(status) for code, status in rows}.items() <= known.items()
