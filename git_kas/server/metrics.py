"""What the server counts, as Prometheus reads it: text exposition format, version 0.0.4.

No name of a project, plan or person is ever a label: who may read one project must not learn of others, and the
number of series must not grow with what clients ask for.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

KIND: Final = "text/plain; version=0.0.4; charset=utf-8"

RECALLED: Final = "remembered"
"""What stands for the route of answers that are remembered as they are, whatever was asked for."""

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_SIZES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)


class _Asked(NamedTuple):
    method: str
    route: str
    status: int


class _Histogram:
    """How many values were at most each bound; the last count is of those beyond all bounds."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self, name: str, labels: Mapping[str, str]) -> Iterator[str]:
        below = 0
        for bound, count in zip(self._bounds, self._counts, strict=False):
            below += count
            yield _line(f"{name}_bucket", {**labels, "le": f"{bound:g}"}, below)
        total = below + self._counts[-1]
        yield _line(f"{name}_bucket", {**labels, "le": "+Inf"}, total)
        yield _line(f"{name}_sum", labels, self._sum)
        yield _line(f"{name}_count", labels, total)


class Metrics:
    """Counters of one server; from any thread, and cheap enough for every request."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._began = time.time()
        self._asked: dict[_Asked, int] = {}
        self._seconds: dict[tuple[str, str], _Histogram] = {}
        self._groups = _Histogram(_SIZES)
        self._commits = 0
        self._remembered: dict[str, int] = dict.fromkeys(("hit", "miss"), 0)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; ``route`` is the template of its path, and ``seconds`` what that took."""
        asked = _Asked(method, route, status)
        with self._lock:
            self._asked[asked] = self._asked.get(asked, 0) + 1
            histogram = self._seconds.get((method, route))
            if histogram is None:
                histogram = self._seconds[method, route] = _Histogram(_SECONDS)
            histogram.add(seconds)

    def recalled(self, status: int, seconds: float) -> None:
        """A request was answered from memory, by the thread that read it; its route was not looked for."""
        self.looked_up(found=True)
        self.answered("GET", RECALLED, status, seconds)

    def committed(self, group: int, commits: int) -> None:
        """A group of ``group`` mutations was written in one step, and came to ``commits`` new commits."""
        with self._lock:
            self._groups.add(group)
            self._commits += commits

    def looked_up(self, *, found: bool) -> None:
        """An answer was looked for among those that are remembered."""
        with self._lock:
            self._remembered["hit" if found else "miss"] += 1

    def text(self, watchers: int) -> bytes:
        """All of them, and how many ``watchers`` there are now."""
        with self._lock:
            lines = list(self._lines(watchers))
        return ("\n".join(lines) + "\n").encode("ascii")

    def _lines(self, watchers: int) -> Iterator[str]:
        yield from self._of_requests()
        yield from self._of_commits()
        yield from _gauge("kas_watchers", "Requests that wait for changes, streams included.", watchers)
        yield from _gauge("kas_uptime_seconds", "Seconds since the start.", time.time() - self._began)
        yield from _gauge("process_start_time_seconds", "The start, in seconds since 1970.", self._began)

    def _of_requests(self) -> Iterator[str]:
        asked = sorted(self._asked.items())
        yield from _family(
            "kas_http_requests_total",
            "counter",
            "Requests that were answered.",
            (
                _line("kas_http_requests_total", {**key._asdict(), "status": str(key.status)}, count)
                for key, count in asked
            ),
        )
        yield from _family(
            "kas_http_request_duration_seconds",
            "histogram",
            "Time to the answer; to its beginning where it is a stream.",
            (
                line
                for (method, route), histogram in sorted(self._seconds.items())
                for line in histogram.lines(
                    "kas_http_request_duration_seconds", {"method": method, "route": route}
                )
            ),
        )
        yield from _family(
            "kas_http_not_modified_total",
            "counter",
            "Requests whose sender had the answer (304).",
            [_line("kas_http_not_modified_total", {}, sum(n for key, n in asked if key.status == 304))],
        )
        yield from _family(
            "kas_answer_cache_lookups_total",
            "counter",
            "Answers that were looked for among those that are remembered.",
            (
                _line("kas_answer_cache_lookups_total", {"result": result}, count)
                for result, count in self._remembered.items()
            ),
        )

    def _of_commits(self) -> Iterator[str]:
        yield from _family(
            "kas_commits_total", "counter", "Durable commits.", [_line("kas_commits_total", {}, self._commits)]
        )
        name = "kas_commit_group_size"
        yield from _family(
            name, "histogram", "Mutations that were written in one step.", self._groups.lines(name, {})
        )


def _gauge(name: str, meaning: str, value: float) -> Iterator[str]:
    return _family(name, "gauge", meaning, [_line(name, {}, value)])


def _family(name: str, kind: str, meaning: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    yield from lines


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    """A sample; labels are words of our own tables, in which nothing needs to be escaped."""
    inside = ",".join(f'{label}="{word}"' for label, word in labels.items())
    number = str(value) if isinstance(value, int) else repr(float(value))
    return f"{name}{{{inside}}} {number}" if inside else f"{name} {number}"
