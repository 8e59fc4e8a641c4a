"""What the tests of the guard share: a client and a server with our hooks in their folders."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from git_kas.domain.hooks import HookName, ShimOptions
from git_kas_hooks.shims import shim
from support import GIT_KAS, Finished, Repo

STATE = "plan-state.json"
REFUSED = "git-kas: refused: "
OPTIONS = ShimOptions((STATE,), str(GIT_KAS))
CLIENT = (HookName.PRE_COMMIT, HookName.PRE_MERGE_COMMIT)
ZERO = "0" * 40


def install(folder: Path, *hooks: HookName, options: ShimOptions = OPTIONS) -> None:
    """Write shims into a hooks folder."""
    folder.mkdir(exist_ok=True)
    for hook in hooks:
        (folder / hook).write_bytes(shim(hook, options))
        (folder / hook).chmod(0o755)


def run(
    *command: str | Path,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes | None = None,
    status: int | None = None,
) -> Finished:
    """Run a program to its end; ``status`` is what it must end with."""
    finished = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=dict(env),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        check=False,
        timeout=180,
    )
    told = Finished(
        finished.returncode,
        finished.stdout.decode("utf-8", "backslashreplace"),
        finished.stderr.decode("utf-8", "backslashreplace"),
    )
    assert status is None or told.status == status, (command, told)
    return told


@dataclass
class World:
    """A repository with a bare one as its remote ``origin``, which has its first commit on main."""

    repo: Repo
    server: Repo
    environment: Mapping[str, str]
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The folder of the client."""
        return self.repo.path

    def git(self, *arguments: str, cwd: Path | None = None, stdin: bytes | None = None) -> Finished:
        """Run git in the client, however it ends."""
        env = {**self.environment, **self.extra}
        return run("git", *arguments, cwd=cwd or self.path, env=env, stdin=stdin)

    def write(self, name: str, text: str = "{}\n", cwd: Path | None = None) -> Path:
        """Write a file into the worktree."""
        path = (cwd or self.path) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def commit(self, files: Mapping[str, str | None], message: str = "work", *options: str) -> str:
        """A commit of ``files`` (None: removed) past the client's hooks; its object name."""
        for name, text in files.items():
            if text is None:
                self.repo.git("rm", "-q", "--", name)
            else:
                self.write(name, text)
                self.repo.git("add", "-f", "--", name)
        self.repo.git("commit", "-q", "--no-verify", "--allow-empty", "-m", message, *options)
        return self.head

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return self.repo.git("rev-parse", "HEAD")

    def guard_client(self, *hooks: HookName) -> None:
        """Put hooks into the client."""
        install(Path(self.repo.git("rev-parse", "--absolute-git-dir")) / "hooks", *(hooks or CLIENT))

    def guard_server(self, *hooks: HookName) -> None:
        """Put hooks into the server."""
        install(self.server.path / "hooks", *(hooks or (HookName.PRE_RECEIVE,)))

    def refs(self) -> dict[str, str]:
        """What the server's refs name."""
        lines = self.server.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.split(" ") for line in lines)

    def has(self, name: str) -> bool:
        """Whether the server has an object."""
        return run("git", "cat-file", "-e", name, cwd=self.server.path, env=self.environment).status == 0

    def push(self, *arguments: str) -> Finished:
        """Push to the server, however it ends."""
        return self.git("push", "origin", *arguments)

    def refused_commit(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git, which must be refused by the guard and record nothing; what was said."""
        before = self.git("rev-parse", "--verify", "--quiet", "HEAD", cwd=cwd).out
        told = self.git(*(arguments or ("commit", "-m", "refused")), cwd=cwd)
        assert told.status != 0, told
        assert REFUSED in told.err, told
        assert self.git("rev-parse", "--verify", "--quiet", "HEAD", cwd=cwd).out == before
        return told.err

    def refused_push(self, *arguments: str) -> str:
        """Push, which must be refused by the guard and change nothing; what was said."""
        before = self.refs()
        told = self.push(*arguments)
        assert told.status != 0, told
        assert REFUSED in told.out + told.err, told
        assert self.refs() == before
        return told.out + told.err

    def accepted_push(self, *arguments: str) -> None:
        """Push, which must pass without a word of ours."""
        told = self.push(*arguments)
        assert told.status == 0, told
        assert "git-kas" not in told.out + told.err


def make_world(folder: Path, environment: Mapping[str, str], *options: str) -> World:
    """A new client and server, made with ``options`` of git init."""
    server, path = folder / "server.git", folder / "client"
    for place, bare in ((server, ["--bare"]), (path, [])):
        run("git", "init", "-q", *bare, *options, str(place), cwd=folder, env=environment, status=0)
    world = World(Repo(path, environment), Repo(server, environment), environment)
    world.repo.git("remote", "add", "origin", str(server))
    world.repo.commit("first", {"README.md": "# hello\n"})
    world.repo.git("push", "-q", "origin", "main")
    return world
