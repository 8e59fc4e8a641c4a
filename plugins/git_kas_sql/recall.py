"""Plans by the documents that they were decoded from: after a commit, only what it changed is decoded anew."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from git_kas.domain.ledger import PlanRecord

_BUDGET: Final = 32 * 1024**2
_TIMES: Final = 4
"""About how many times the length of a document it costs to keep it with what it stands for."""

_OVERHEAD: Final = 1_500
"""And what comes to that for any of them, in bytes."""


class Recall:
    """Records by their documents, from any thread. A record follows from its document: none can be stale.

    ``budget`` bounds their bytes. There are two generations: what is asked for moves to the younger one, and
    when that holds half of the budget, the older one is forgotten. So looking for one takes no lock.
    """

    def __init__(self, budget: int = _BUDGET) -> None:
        self._half = budget // 2
        self._young: dict[str, PlanRecord] = {}
        self._old: dict[str, PlanRecord] = {}
        self._size = 0
        self._lock = Lock()

    def get(self, document: str) -> PlanRecord | None:
        """What ``document`` stands for, None if that is not remembered."""
        found = self._young.get(document)
        if found is None:
            found = self._old.get(document)
            if found is not None:
                self.put(document, found)
        return found

    def put(self, document: str, record: PlanRecord) -> None:
        """Remember what ``document`` stands for, unless it is large."""
        size = _TIMES * len(document) + _OVERHEAD
        if size > self._half // 4:
            return
        with self._lock:
            if document in self._young:
                return
            if self._size + size > self._half:
                self._old, self._young, self._size = self._young, {}, 0
            self._young[document] = record
            self._size += size
