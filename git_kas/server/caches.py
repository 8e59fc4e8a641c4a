"""What was read once and is still true: answers by the project's change, texts by their hash, plans as JSON."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_kas.domain.plan import Plan
    from git_kas.server.exchange import Answer

_OVERHEAD: Final = 1_000
"""About what an answer costs beside its body, in bytes."""


class _Project:
    def __init__(self, change: int) -> None:
        self.change = change
        self.answers: dict[str, Answer] = {}
        self.size = 0


class AnswerCache:
    """Answers as of the last commit of each project: a commit makes all of the project's void.

    ``budget`` bounds their bytes; the projects that were asked for least recently go first.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._size = 0
        self._projects: OrderedDict[str, _Project] = OrderedDict()
        self._lock = Lock()

    def get(self, project: str, change: int, url: str) -> Answer | None:
        """What was answered to ``url`` when ``change`` was the project's last commit."""
        found = self._projects.get(project)
        return found.answers.get(url) if found is not None and found.change == change else None

    def put(self, project: str, change: int, url: str, answer: Answer) -> None:
        """Keep an answer that was read when ``change`` was the last commit, before and after reading.

        Not for projects that hold nothing: they are read quickly, and anybody can think of their names.
        """
        size = len(answer.body) + len(url) + _OVERHEAD
        if change == 0 or size > self._budget // 4:
            return
        with self._lock:
            found = self._projects.get(project)
            if found is None or found.change != change:
                if found is not None and found.change > change:
                    return
                self._drop(project)
                found = self._projects[project] = _Project(change)
            if url in found.answers:
                return
            found.answers[url] = answer
            found.size += size
            self._size += size
            self._projects.move_to_end(project)
            while self._size > self._budget:
                self._drop(next(iter(self._projects)))

    def _drop(self, project: str) -> None:
        old = self._projects.pop(project, None)
        if old is not None:
            self._size -= old.size


class ContentCache:
    """Texts by their SHA-256, so that none can be stale; ``budget`` bounds their bytes."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._size = 0
        self._texts: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def text(self, content_id: str, read: Callable[[], bytes | None]) -> bytes:
        """The text ``content_id``, got with ``read`` if it is not here."""
        with self._lock:
            found = self._texts.get(content_id)
            if found is not None:
                self._texts.move_to_end(content_id)
                return found
        text = read() or b""
        if len(text) <= self._budget // 4 and sha256(text).hexdigest() == content_id:
            self._keep(content_id, text)
        return text

    def _keep(self, content_id: str, text: bytes) -> None:
        with self._lock:
            if content_id in self._texts:
                return
            self._texts[content_id] = text
            self._size += len(text) + _OVERHEAD
            while self._size > self._budget:
                _, old = self._texts.popitem(last=False)
                self._size -= len(old) + _OVERHEAD


class EntryCache:
    """Plans as JSON, so that after a commit only those are made anew that it changed.

    What is kept for a name is asked for with the very plan that it was made of. One that was decoded anew finds
    nothing, however alike the two are: to Python, 1 and true are equal. ``budget`` bounds the bytes; those
    asked for least recently go first.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._size = 0
        self._entries: OrderedDict[tuple[str, str], tuple[Plan, bytes]] = OrderedDict()
        self._lock = Lock()

    def get(self, project: str, plan: Plan) -> bytes | None:
        """The plan with its text."""
        key = project, plan.filename
        with self._lock:
            found = self._entries.get(key)
            if found is None or found[0] is not plan:
                return None
            self._entries.move_to_end(key)
            return found[1]

    def put(self, project: str, plan: Plan, entry: bytes) -> None:
        """Keep an entry that is made of ``plan`` and the text that the plan names."""
        size = len(entry) + _OVERHEAD
        if size > self._budget // 4:
            return
        key = project, plan.filename
        with self._lock:
            old = self._entries.pop(key, None)
            if old is not None:
                self._size -= len(old[1]) + _OVERHEAD
            self._entries[key] = plan, entry
            self._size += size
            while self._size > self._budget:
                _, (_, gone) = self._entries.popitem(last=False)
                self._size -= len(gone) + _OVERHEAD
