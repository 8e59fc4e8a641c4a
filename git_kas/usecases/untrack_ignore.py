"""Has paths ignored by the ``.gitignore`` that is right for them, and stages it if nothing else is in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from git_kas.domain.untrack import IGNORE_FILE, Entry, adds_only, ignore_rule, lines_to_append
from git_kas.errors import KasError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.names import ObjectId
    from git_kas.ports.files import WorktreeFiles
    from git_kas.usecases.untrack_git import Rule, UntrackGit

_REGULAR: Final = frozenset({0o100644, 0o100755})


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """A ``.gitignore``: the rules that were added, and whether they were written and staged.

    ``rules`` is empty where they were there before. ``note`` says what is left to do by hand, empty if nothing.
    """

    file: str
    rules: tuple[str, ...]
    written: bool = False
    staged: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ignoring:
    """One run in the worktree ``top``; ``index`` and ``head`` are what is tracked there."""

    git: UntrackGit
    files: WorktreeFiles
    top: str
    index: Mapping[str, Entry]
    head: Mapping[str, Entry]
    read_blob: Callable[[ObjectId], bytes | None]
    warnings: list[str]

    def ignore(self, paths: Sequence[str], *, dry_run: bool) -> list[IgnoreFile]:
        """Write the rules that are missing for ``paths``, behind whatever is there."""
        rules = self.git.rules(paths)
        chosen: defaultdict[str, list[str]] = defaultdict(list)
        for path in paths:
            rule = rules.get(path)
            if rule is not None and rule.pattern.startswith("!"):
                where = f"{rule.source}:{rule.line}"
                self.warnings.append(
                    f"{where}: '{rule.pattern}' has {path} not ignored; a rule behind it does."
                )
            chosen[_file_for(rule)].append(path)
        found = []
        for file, concerned in sorted(chosen.items()):
            missing = [path for path in concerned if not _is_settled(rules.get(path))]
            found.append(self._one(file, concerned, missing, dry_run=dry_run))
        if not dry_run:
            self._check(paths)
        return found

    def _one(self, file: str, paths: Sequence[str], missing: Sequence[str], *, dry_run: bool) -> IgnoreFile:
        folder = file.rpartition("/")[0]
        ours = [ignore_rule(path, folder) for path in paths]
        rules = tuple(ignore_rule(path, folder) for path in missing)
        refusal = self._refusal(file)
        if refusal:
            by_hand = f"{refusal}; add by hand: {'  '.join(rules)}" if rules else ""
            return IgnoreFile(file, rules, note=by_hand)
        before = self.files.read(self.top, file)
        may_stage = self._has_only(file, before, ours)
        if dry_run:
            return IgnoreFile(file, rules, bool(rules), may_stage and bool(rules), "" if may_stage else _LEFT)
        if rules:
            try:
                self.files.append(self.top, file, lines_to_append(before or b"", rules))
            except KasError as error:
                return IgnoreFile(file, rules, note=f"{error.message.rstrip('.')}; add the rule by hand")
        if not may_stage:
            return IgnoreFile(file, rules, written=bool(rules), note=_LEFT)
        is_new = bool(rules) or (before is not None and not self._is_clean(file, before))
        problem = self.git.stage(file) if is_new else ""
        note = f"it could not be staged: {problem}" if problem else ""
        return IgnoreFile(file, rules, written=bool(rules), staged=is_new and not problem, note=note)

    def _refusal(self, file: str) -> str:
        """Why ``file`` cannot be written, as a clause; empty if it can."""
        entry = self.index.get(file)
        if entry is not None and entry.mode not in _REGULAR:
            return "it is tracked as something else than a file"
        try:
            data = self.files.read(self.top, file)
        except KasError as error:
            return error.message.rstrip(".")
        if data is None and entry is not None:
            left_out = self.git.is_left_out(file)
            return "a sparse checkout leaves it out" if left_out else "it is tracked, and was deleted here"
        return ""

    def _has_only(self, file: str, data: bytes | None, ours: Sequence[str]) -> bool:
        """Whether ``file`` differs from what is staged by nothing, or by rules of ours from an earlier run."""
        if data is None or self._is_clean(file, data):
            return True
        return adds_only(self._blob(self.index.get(file)), data, ours)

    def _is_clean(self, file: str, data: bytes) -> bool:
        return not self.git.is_changed(file) if file in self.index else not data

    def was_staged_by_us(self, file: str, paths: Sequence[str]) -> bool:
        """Whether what is staged of ``file`` is rules for ``paths``, from a run that was cut short."""
        folder = file.rpartition("/")[0]
        rules = [ignore_rule(path, folder) for path in paths]
        return adds_only(self._blob(self.head.get(file)), self._blob(self.index.get(file)), rules)

    def _blob(self, entry: Entry | None) -> bytes:
        return (self.read_blob(entry.object) or b"") if entry is not None else b""

    def _check(self, paths: Sequence[str]) -> None:
        for path, rule in self.git.rules(paths).items():
            if not rule.ignores:
                by = f" by {rule.source}:{rule.line} '{rule.pattern}'" if rule.pattern else ""
                self.warnings.append(f"{path} is still not ignored{by}; 'git add' would track it again.")


_LEFT: Final = "it has changes of yours that are not staged; stage it when they are ready"


def _file_for(rule: Rule | None) -> str:
    """The file to write to: that of the rule that counts so far, as none comes behind it, else the top's."""
    return rule.source if rule is not None and rule.pattern and rule.is_shared else IGNORE_FILE


def _is_settled(rule: Rule | None) -> bool:
    return rule is not None and rule.ignores and rule.is_shared
