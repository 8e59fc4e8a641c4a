"""What ``git kas init --untrack`` has done, as data and as text."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

from git_kas.cli.style import printable
from git_kas.usecases.untrack_versions import HolderKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from git_kas.usecases.untrack import Baseline, Untracked, UntrackedFile
    from git_kas.usecases.untrack_ignore import IgnoreFile
    from git_kas.usecases.untrack_plans import FilePlans

_MOST_NAMED: Final = 5


def untrack_data(done: Untracked) -> dict[str, Any]:
    """As ``--json`` shows it."""
    return {
        "dry_run": done.dry_run,
        "files": [_file_data(file) for file in done.files],
        "elsewhere": [
            {"place": other.place, "plans": list(other.plans), "command": other.command}
            for other in done.elsewhere
        ],
        "ignore": [
            {
                "file": file.file,
                "rules": list(file.rules),
                "written": file.written,
                "staged": file.staged,
                "note": file.note,
            }
            for file in done.ignored
        ],
        "commit": done.commit or None,
        "other_staged": list(done.other_staged),
        "baseline": done.baseline
        and {
            "commit": done.baseline.commit,
            "command": baseline_command(done.baseline),
            "other_branches": list(done.baseline.others),
        },
        "still_there": [
            {"kind": str(holder.kind), "name": holder.name, "path": holder.path} for holder in done.holders
        ],
    }


def _file_data(file: UntrackedFile) -> dict[str, Any]:
    plans = file.plans
    return {
        "path": file.tracked.path,
        "kind": str(file.tracked.kind),
        "was_in_index": file.tracked.staged is not None,
        "was_in_head": file.tracked.head is not None,
        "plans": plans
        and {
            "source": plans.source,
            "new": list(plans.new),
            "same": list(plans.same),
            "different": list(plans.different),
            "gone": list(plans.gone),
        },
    }


def baseline_command(baseline: Baseline) -> str:
    """What is run in the server's repository."""
    return shlex.join(["git", "config", "--add", "kas.guard.baseline", baseline.commit])


def untrack_text(done: Untracked) -> str:
    """The same for people: what was done, and then what is left to do."""
    lines = list(_done(done) if done.files else ["Nothing is tracked here that the guard keeps out."])
    lines += _left(done)
    return "".join(f"{printable(line)}\n" for line in lines)


def _done(done: Untracked) -> Iterator[str]:
    would = "would be " if done.dry_run else ""
    for file in done.files:
        path = file.tracked.path
        if file.plans is not None:
            yield f"store    {path}: {_counts(file.plans, 'would be imported' if done.dry_run else 'imported')}"
        if file.tracked.staged is None:
            yield f"index    {path}: was taken out before"
        else:
            yield f"index    {path}: {would}taken out; the file itself is left alone"
    for ignored in done.ignored:
        yield f"ignore   {ignored.file}: {_ignored(ignored, would)}"


def _counts(plans: FilePlans, imported: str) -> str:
    counts = [f"{_plans(len(plans.new))} {imported}"]
    counts += [f"{len(plans.same)} there already"] if plans.same else []
    if plans.different:
        counts.append(f"{len(plans.different)} there with other values, which stay ({_some(plans.different)})")
    if plans.gone:
        counts.append(f"{len(plans.gone)} removed or renamed there, which stay so ({_some(plans.gone)})")
    return ", ".join(counts)


def _ignored(file: IgnoreFile, would: str) -> str:
    said = []
    if file.written:
        said.append(f"{would}written: {'  '.join(file.rules)}")
    elif not file.rules:
        said.append("has the rule already")
    if file.staged:
        said.append(f"{would}staged")
    return "; ".join([*said, file.note] if file.note else said)


def _left(done: Untracked) -> Iterator[str]:
    if done.elsewhere:
        yield ""
        yield "Plans that stand in other versions of the file only. They may have been removed since, so they"
        yield "were not imported; these commands do so:"
        for other in done.elsewhere:
            yield f"  {other.command}"
            yield f"      {_some(other.plans)}, from {other.place}"
    if done.commit:
        yield ""
        yield f"{'Then' if done.dry_run else 'Now'} commit it:"
        yield f"  {done.commit}"
        if done.other_staged:
            yield f"  Also staged, so it would be in that commit, too: {_some(done.other_staged)}."
    if done.baseline is not None:
        yield ""
        yield "So that the history that has the file may be pushed: in the server's repository, and in clones"
        yield "with a hook that looks at pushes,"
        yield f"  {baseline_command(done.baseline)}"
        yield "  What that commit reaches is old and is let pass; what comes after it is judged. It is the last"
        yield "  one before the file leaves, and must be pushed before other branches can be."
        if done.baseline.others:
            others = _some(done.baseline.others)
            yield f"  These branches have more such history; add their tips if they are to be pushed: {others}."
    if done.files:
        yield ""
        yield from _warning(done)


def _warning(done: Untracked) -> Iterator[str]:
    yield "Where others pull or merge that commit, Git deletes their copy of the file, and each clone has a"
    yield "store of its own. So there, before that: 'git kas import', and a look at 'git kas plan list'."
    if branches := _holders(done, HolderKind.BRANCH):
        yield f"Branches that still track it: {_some(branches)}. Switching to one and back replaces"
        yield "your copy, and then deletes it. The plans are not affected."
    if worktrees := _holders(done, HolderKind.WORKTREE):
        yield f"Worktrees that still have it, and share this store: {_some(worktrees)}."


def _holders(done: Untracked, kind: HolderKind) -> list[str]:
    return list(dict.fromkeys(holder.name for holder in done.holders if holder.kind is kind))


def _plans(count: int) -> str:
    return "1 plan" if count == 1 else f"{count} plans"


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
