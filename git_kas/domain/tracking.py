"""Which remote-tracking reference each branch follows, by Git's rules (git-branch(1), ``--track``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class TrackingReferences:
    """The answer for all branches, from one reading of the configuration.

    ``entries`` are its keys and values in rising precedence; section and variable of a key are in lower case.
    """

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self._remote: dict[str, str] = {}
        self._merge: dict[str, str] = {}
        self._fetch: dict[str, list[tuple[str, str]]] = {}
        for full_key, value in entries:
            section, _, rest = full_key.partition(".")
            name, _, key = rest.rpartition(".")
            if (section, key) == ("branch", "remote"):
                self._remote[name] = value
            elif (section, key) == ("branch", "merge"):
                self._merge[name] = value
            elif (section, key) == ("remote", "fetch"):
                source, _, target = value.removeprefix("+").partition(":")
                self._fetch.setdefault(name, []).append((source, target))

    def upstream_of(self, branch: str) -> str:
        """The full name of the reference that ``branch`` follows, existing or not; empty without one."""
        remote, merge = self._remote.get(branch, ""), self._merge.get(branch, "")
        if not remote or not merge:
            return ""
        if remote == ".":
            return merge
        for source, target in self._fetch.get(remote, []):
            if source == merge:
                return target
            before, star, after = source.partition("*")
            fits = star and merge.startswith(before) and merge.endswith(after)
            if fits and len(merge) > len(before) + len(after):
                return target.replace("*", merge[len(before) : len(merge) - len(after)], 1)
        return ""
