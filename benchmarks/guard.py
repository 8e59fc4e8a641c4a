"""What the guard's hooks cost: a commit with nothing staged for them, and a push that brings many commits.

``python -m benchmarks.guard [--rounds 15] [--commits 10000]``
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import IO, Final, cast

from benchmarks.common import (
    GIT_KAS,
    Aim,
    Runs,
    Sample,
    interleave,
    measure,
    milliseconds,
    print_aims,
    print_machine,
    print_table,
)
from benchmarks.repository import clean_environment
from git_kas.domain.hooks import HookName, ShimOptions
from git_kas_hooks.shims import shim

_OPTIONS: Final = ShimOptions(("plan-state.json",), program=str(GIT_KAS))
_FILES: Final = 1_000
_FILES_IN_FOLDER: Final = 50
_FACTOR_LIMIT: Final = 3
_PROCESS_LIMIT: Final = 2
_LINEAR_LIMIT: Final = 1.5
_ZEROS: Final = "0" * 40

_WARM_UP: Final = "warm-up"
_NO_HOOK: Final = "no hook"
_OURS: Final = "our hook"
_PYTHON: Final = "a Python script of the same rule"
_FAIL: Final = "pre-commit framework, `language: fail`"
_FRAMEWORK: Final = "pre-commit framework, `kas-guard`"

_PYTHON_HOOK: Final = """#!{python}
import subprocess
import sys

listed = subprocess.run(
    ["git", "diff", "--cached", "--name-only", "--no-renames", "--diff-filter=d", "-z"],
    capture_output=True,
    check=True,
).stdout
found = [path for path in listed.split(b"\\0") if b"plan-state.json" in path.lower().split(b"/")]
sys.exit(1 if found else 0)
"""
_CONFIG_START: Final = "repos:\n  - repo: local\n    hooks:\n"
_FAIL_CONFIG: Final = f"""{_CONFIG_START}      - id: no-plan-state
        name: no plan-state.json
        entry: plan-state.json does not belong into a commit
        language: fail
        files: (?i)(^|/)plan-state\\.json(/|$)
"""
_GUARD_CONFIG: Final = f"""{_CONFIG_START}      - id: kas-guard
        name: kas-guard
        entry: {GIT_KAS} guard --from-pre-commit
        language: system
        always_run: true
        pass_filenames: false
"""


# -- commits -------------------------------------------------------------------------------------------------


class Committing:
    """A repository in which commits are made, each of one changed file that is not guarded."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self._path = path
        self._environment = environment
        self._numbers = count()
        path.mkdir()
        self._git("init", "--quiet", "--template=")
        for number in range(_FILES):
            file = path / _name(number)
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{number}\n")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message=first")

    def add_hook(self, text: bytes) -> None:
        """Have Git run this file before each commit."""
        hook = self._path / ".git" / "hooks" / "pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_bytes(text)
        hook.chmod(0o755)

    def add_framework(self, config: str) -> None:
        """Have the pre-commit framework run the hooks of this configuration before each commit."""
        (self._path / ".pre-commit-config.yaml").write_text(config)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message=config")
        self._run(str(Path(sys.executable).with_name("pre-commit")), "install")

    def commit(self) -> Sample:
        """One commit; only it is measured."""
        self._stage()
        command = ("sh", "-c", "exec git commit --quiet --message=work 2> .git/said")
        return measure(command, self._path, self._environment)

    def programs(self) -> int:
        """How many programs one commit starts, itself included; 0 where they cannot be counted."""
        if shutil.which("strace") is None:
            return 0
        self._stage()
        trace = self._path / ".git" / "trace"
        command = ("git", "commit", "--quiet", "--message=work")
        traced = ("strace", "-f", "-qq", "-e", "trace=execve", "-o", str(trace), *command)
        subprocess.run(
            traced, cwd=self._path, env=dict(self._environment), check=True, stderr=subprocess.DEVNULL
        )
        return len(re.findall(r"execve.* = 0$", trace.read_text(), re.MULTILINE))

    def _stage(self) -> None:
        number = next(self._numbers)
        (self._path / _name(number % _FILES)).write_text(f"change {number}\n")
        self._git("add", _name(number % _FILES))

    def _git(self, *arguments: str) -> None:
        self._run("git", *arguments)

    def _run(self, *command: str) -> None:
        subprocess.run(
            command, cwd=self._path, env=dict(self._environment), check=True, stdout=subprocess.DEVNULL
        )


def _name(number: int) -> str:
    return f"folder-{number // _FILES_IN_FOLDER}/file-{number}.txt"


def _compare_commits(folder: Path, environment: Mapping[str, str], rounds: int) -> None:
    names = (_NO_HOOK, _OURS, _PYTHON, _FAIL, _FRAMEWORK)
    repositories = {name: Committing(folder / f"commits-{at}", environment) for at, name in enumerate(names)}
    repositories[_OURS].add_hook(shim(HookName.PRE_COMMIT, _OPTIONS))
    repositories[_PYTHON].add_hook(_PYTHON_HOOK.format(python=sys.executable).encode())
    repositories[_FAIL].add_framework(_FAIL_CONFIG)
    repositories[_FRAMEWORK].add_framework(_GUARD_CONFIG)
    programs = {name: repository.programs() for name, repository in repositories.items()}
    # Whoever comes after the framework pays for what it leaves behind, so one that does not count comes first.
    contestants = {_WARM_UP: repositories[_NO_HOOK].commit}
    contestants |= {name: repository.commit for name, repository in repositories.items()}
    results = interleave(contestants, rounds)
    del results[_WARM_UP]
    bare = results[_NO_HOOK]
    rows = [
        [
            name,
            milliseconds(runs),
            f"{(runs.median - bare.median) * 1000:.1f}",
            f"{runs.times(bare):.2f}",
            str(programs[name] - programs[_NO_HOOK]) if programs[name] else "not counted",
        ]
        for name, runs in results.items()
    ]
    print(
        f"`git commit` of one file among {_FILES:,}, nothing guarded staged. Milliseconds: median (shortest).\n"
    )
    print_table(["", "time", "more than without", f"/ {_NO_HOOK}", "programs more"], rows)
    print_aims(
        [
            Aim.at_most(
                "programs that our hook starts", programs[_OURS] - programs[_NO_HOOK], _PROCESS_LIMIT, ""
            ),
            *(
                Aim.at_least(f"quicker than {other}", results[other].times(results[_OURS]), 1, " times")
                for other in (_PYTHON, _FAIL)
            ),
        ]
    )


# -- pushes --------------------------------------------------------------------------------------------------


class Received:
    """A bare repository that has the objects of a push of ``commits`` commits, and no ref yet."""

    def __init__(self, path: Path, environment: Mapping[str, str], commits: int) -> None:
        self.path = path
        self._environment = environment
        subprocess.run(
            ["git", "init", "--quiet", "--bare", "--template=", str(path)], env=dict(environment), check=True
        )
        importing = subprocess.Popen(
            ["git", "fast-import", "--quiet"], cwd=path, env=dict(environment), stdin=subprocess.PIPE
        )
        with cast("IO[bytes]", importing.stdin) as stream:
            stream.writelines(_history(commits))
        if importing.wait():
            raise RuntimeError("git fast-import failed")
        self.tip = self._git("rev-parse", "refs/heads/import")
        hook = path / "pre-receive"
        hook.write_bytes(shim(HookName.PRE_RECEIVE, _OPTIONS))
        hook.chmod(0o755)
        self._git("update-ref", "-d", "refs/heads/import")

    def judge(self) -> Sample:
        """Our hook, as Git would run it."""
        line = f"{_ZEROS} {self.tip} refs/heads/main"
        command = ("sh", "-c", f"printf '%s\\n' '{line}' | ./pre-receive")
        return measure(command, self.path, {**self._environment, "GIT_DIR": "."})

    def list_objects(self) -> Sample:
        """What Git itself does to find out what a push brings."""
        command = ("git", "rev-list", "--objects", self.tip, "--not", "--all")
        return measure(command, self.path, self._environment)

    def push(self, numbers: "count[int]", hook: Path | None) -> Sample:
        """A push of everything from here to a new bare repository, with that hook or none."""
        target = self.path.with_name(f"target-{next(numbers)}")
        subprocess.run(
            ["git", "init", "--quiet", "--bare", "--template=", str(target)],
            env=dict(self._environment),
            check=True,
        )
        if hook is not None:
            (target / "hooks").mkdir()
            shutil.copy(hook, target / "hooks" / "pre-receive")
        command = ("git", "push", "--quiet", str(target), f"{self.tip}:refs/heads/main")
        try:
            return measure(command, self.path, self._environment)
        finally:
            shutil.rmtree(target)

    def _git(self, *arguments: str) -> str:
        finished = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=dict(self._environment),
            check=True,
            capture_output=True,
            text=True,
        )
        return finished.stdout.strip()


def _history(commits: int) -> Iterator[bytes]:
    """A stream for ``git fast-import``: a line of commits that each change two files of many."""
    yield b"feature done\n"
    for number in range(commits):
        message = f"work {number}"
        yield (
            f"commit refs/heads/import\nmark :{number + 1}\n"
            f"committer Bench <bench@example.invalid> {1_700_000_000 + 60 * number} +0000\n"
            f"data {len(message)}\n{message}\n"
        ).encode()
        for file in _changed(number):
            data = f"file {file} as of {number}\n" * 5
            yield f"M 100644 inline src/{_name(file)}\ndata {len(data)}\n{data}\n".encode()
    yield b"done\n"


def _changed(number: int) -> Sequence[int]:
    return range(_FILES) if number == 0 else ((number * 7) % _FILES, (number * 13 + 5) % _FILES)


def _compare_pushes(folder: Path, environment: Mapping[str, str], commits: int, rounds: int) -> None:
    sizes = (commits // 10, commits, commits * 10)
    received = {size: Received(folder / f"received-{size}.git", environment, size) for size in sizes}
    contestants: dict[tuple[str, int], Callable[[], Sample]] = {}
    for size, repository in received.items():
        contestants["our hook", size] = repository.judge
        contestants["git rev-list --objects", size] = repository.list_objects
    results = interleave(contestants, rounds)
    rows = [
        [
            f"{size:,}",
            milliseconds(results["our hook", size]),
            milliseconds(results["git rev-list --objects", size]),
            f"{results['our hook', size].times(results['git rev-list --objects', size]):.2f}",
            f"{results['our hook', size].median / size * 1_000_000:.0f}",
        ]
        for size in sizes
    ]
    print("`pre-receive` of a push of new commits that each change two of 1,000 files. Milliseconds.\n")
    print_table(["commits", "our hook", "`git rev-list --objects`", "ratio", "µs a commit"], rows)
    ratio = results["our hook", commits].times(results["git rev-list --objects", commits])
    growth = results["our hook", sizes[2]].times(results["our hook", commits]) / 10
    print_aims(
        [
            Aim.at_most(f"{commits:,} commits within git rev-list --objects", ratio, _FACTOR_LIMIT, " times"),
            Aim.at_most("linear: each of ten times as many commits", growth, _LINEAR_LIMIT, " times as long"),
        ]
    )
    _compare_whole_pushes(received[commits], commits, rounds)


def _compare_whole_pushes(received: Received, commits: int, rounds: int) -> None:
    numbers = count()
    results: dict[str, Runs] = interleave(
        {
            _NO_HOOK: partial(received.push, numbers, None),
            _OURS: partial(received.push, numbers, received.path / "pre-receive"),
        },
        rounds,
    )
    rows = [
        [name, milliseconds(runs), f"{runs.times(results[_NO_HOOK]):.2f}"] for name, runs in results.items()
    ]
    print(
        f"A whole `git push` of {commits:,} commits into an empty repository on the same disk. Milliseconds.\n"
    )
    print_table(["server", "time", f"/ {_NO_HOOK}"], rows)


def main() -> None:
    """Make the repositories, measure, and print tables and aims."""
    parser = argparse.ArgumentParser(description="Measure the guard's hooks.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--commits", type=int, default=10_000)
    given = parser.parse_args()
    print("## The guard\n")
    print_machine()
    with tempfile.TemporaryDirectory(prefix="git-kas-guard-") as name:
        folder = Path(name)
        (folder / "home").mkdir()
        (folder / "home" / "gitconfig").write_text(
            "[user]\n\tname = Bench\n\temail = bench@example.invalid\n"
            "[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n"
        )
        environment = clean_environment(folder / "home") | {"PRE_COMMIT_HOME": str(folder / "framework")}
        _compare_commits(folder, environment, given.rounds)
        _compare_pushes(folder, environment, given.commits, max(given.rounds // 3, 1))


if __name__ == "__main__":
    main()
