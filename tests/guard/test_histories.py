"""Random histories: the guard finds what a naive oracle finds, which lists each commit and its first parent."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_kas.domain.guard import guard_patterns
from git_kas.domain.hooks import HookName
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.names import ObjectId
from git_kas.domain.ref_updates import RefUpdate
from git_kas.usecases.guard import Baseline, Guard
from git_kas_gitcli.guarded import PlumbingGuarded
from guarded import STATE, ZERO, install, run

EXAMPLES = 300 if os.environ.get("KAS_HISTORIES") == "full" else 40
PATHS = (STATE, f"docs/{STATE}", "docs/Plan-State.json/x", "README.md", "docs/other.md")
GUARDED = frozenset(PATHS[:3])
Found: TypeAlias = set[tuple[str, str, str]]


class Node(NamedTuple):
    """A commit: the numbers of its parents, and what it does to each path; None: as its first parent has it."""

    parents: tuple[int, ...]
    files: tuple[str | None, ...]


class Ref(NamedTuple):
    """What a push does to a ref, by numbers of commits."""

    old: int | None
    new: int | None


@dataclass(frozen=True)
class Push:
    """A history, the refs that the receiver has beside those that are pushed to, and the push."""

    nodes: tuple[Node, ...]
    known: tuple[int, ...]
    refs: tuple[Ref, ...]
    baseline: int | None


@st.composite
def pushes(draw: st.DrawFn) -> Push:
    count = draw(st.integers(2, 9))
    nodes = []
    for number in range(count):
        parents = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
        content = st.sampled_from([None, None, "a", "b", "link", "module", ""])
        nodes.append(Node(tuple(parents), tuple(draw(content) for _ in PATHS)))
    commits = st.integers(0, count - 1)
    refs = draw(st.lists(st.builds(Ref, st.none() | commits, st.none() | commits), min_size=1, max_size=3))
    known = draw(st.lists(commits, max_size=2))
    return Push(tuple(nodes), tuple(known), tuple(refs), draw(st.none() | st.none() | commits))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("histories")


class Imported:
    """The history in a new bare repository, with the hook in it."""

    def __init__(self, folder: Path, push: Push) -> None:
        self.push = push
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        number = len(list(folder.iterdir()))
        self.path = folder / f"{number}.git"
        run("git", "init", "-q", "--bare", str(self.path), cwd=folder, env=self.env, status=0)
        marks = self.path / "marks"
        self.git("fast-import", "--quiet", f"--export-marks={marks}", stdin="".join(self._stream()))
        by_mark = dict(line[1:].split() for line in marks.read_text().splitlines())
        self.ids = [ObjectId(by_mark[str(number + 1)]) for number in range(len(push.nodes))]
        lines = [f"delete {ref}" for ref in self.git("for-each-ref", "--format=%(refname)").split()]
        lines += [
            f"create refs/heads/known{number} {self.ids[commit]}" for number, commit in enumerate(push.known)
        ]
        lines += [f"create {update.ref} {update.old}" for update in self.updates if update.old]
        self.git("update-ref", "--stdin", stdin="".join(f"{line}\n" for line in lines))

    @property
    def updates(self) -> list[RefUpdate]:
        refs = enumerate(self.push.refs)
        return [
            RefUpdate(f"refs/heads/r{number}", self._id(ref.old), self._id(ref.new)) for number, ref in refs
        ]

    def git(self, *arguments: str, stdin: str = "") -> str:
        return run("git", *arguments, cwd=self.path, env=self.env, stdin=stdin.encode(), status=0).out

    def _id(self, number: int | None) -> ObjectId | None:
        return None if number is None else self.ids[number]

    def _stream(self) -> Iterator[str]:
        for number, node in enumerate(self.push.nodes):
            yield f"commit refs/tmp/{number}\nmark :{number + 1}\n"
            yield f"committer A <a@b> {1_700_000_000 + number} +0000\ndata {len(str(number))}\n{number}\n"
            for position, parent in enumerate(node.parents):
                yield f"{'merge' if position else 'from'} :{parent + 1}\n"
            for path, content in zip(PATHS, node.files, strict=True):
                if content == "":
                    yield f"D {path}\n"
                elif content == "module":
                    yield f"M 160000 {'1' * 40} {path}\n"
                elif content:
                    mode = "120000" if content == "link" else "100644"
                    yield f"M {mode} inline {path}\ndata {len(content)}\n{content}\n"

    # -- the oracle --------------------------------------------------------------------------------------

    def oracle(self) -> tuple[Found, Found]:
        """Findings of commits (commit, path, change) and of refs (ref, path, change)."""
        parents: dict[str, tuple[str, ...]] = {
            id_: tuple(self.ids[parent] for parent in node.parents) for id_, node in self._pairs
        }
        names = [f"known{number}" for number in range(len(self.push.known))]
        has = [self.git("rev-parse", name).strip() for name in names]
        has += [update.old for update in self.updates if update.old]
        accepted = [self.ids[self.push.baseline]] if self.push.baseline is not None else []
        known = _reached(parents, [*has, *accepted])
        new = _reached(parents, [update.new for update in self.updates if update.new]) - known
        files: dict[str, dict[str, str]] = {id_: self._listed(id_) for id_ in self.ids}
        of_commits = {
            (commit, path, change)
            for commit in new
            for path, change in _changes(files[parents[commit][0]] if parents[commit] else {}, files[commit])
        }
        tolerated = _reached(parents, accepted)
        of_refs = {
            (update.ref, path, change)
            for update in self.updates
            if update.old and update.new and not {update.old, update.new} <= tolerated
            for path, change in _changes(files[update.old], files[update.new])
        }
        return of_commits, of_refs

    @property
    def _pairs(self) -> list[tuple[ObjectId, Node]]:
        return list(zip(self.ids, self.push.nodes, strict=True))

    def _listed(self, commit: str) -> dict[str, str]:
        lines = self.git("ls-tree", "-r", commit).splitlines()
        return {path: entry for entry, _, path in (line.partition("\t") for line in lines)}


def _reached(parents: dict[str, tuple[str, ...]], tips: Sequence[str]) -> set[str]:
    found: set[str] = set()
    pending = list(tips)
    while pending:
        commit = pending.pop()
        if commit not in found:
            found.add(commit)
            pending += parents[commit]
    return found


def _changes(before: dict[str, str], after: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (path, "changed" if path in before else "added")
        for path, entry in after.items()
        if path in GUARDED and before.get(path) != entry
    ]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(push=pushes())
def test_finds_what_the_oracle_finds(folder: Path, push: Push) -> None:
    world = Imported(folder, push)
    of_commits, of_refs = world.oracle()
    baselines = [] if push.baseline is None else [Baseline(world.ids[push.baseline], "test")]
    location = RepositoryLocation(str(world.path), str(world.path), None, None)
    guard = Guard(PlumbingGuarded(location, world.env), guard_patterns([STATE]), baselines)
    findings = guard.received(world.updates).findings
    tips = {update.ref: update.new for update in world.updates}
    told = {(finding.path.decode(), ref) for finding in findings for ref in finding.refs}
    found = {(finding.commit, finding.path.decode(), str(finding.change)) for finding in findings}
    assert of_commits <= found
    # What else is found is of a ref; and what an oracle finds of a ref is told, for the ref or for its commits.
    assert found - of_commits <= {(tips[ref], path, change) for ref, path, change in of_refs}
    assert {(path, ref) for ref, path, _ in of_refs} <= told
    assert all(finding.refs for finding in findings)
    if not baselines:
        install(world.path / "hooks", HookName.PRE_RECEIVE)
        lines = "".join(f"{update.old or ZERO} {update.new or ZERO} {update.ref}\n" for update in world.updates)
        hook = run("hooks/pre-receive", cwd=world.path, env=world.env | {"GIT_DIR": "."}, stdin=lines.encode())
        assert (hook.status == 0) is not bool(of_commits or of_refs), hook
