"""``git kas verify-store``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable
from git_kas.domain.anomalies import ANOMALY_MEANINGS
from git_kas.domain.secrets import without_password
from git_kas.errors import ChecksFailed, UsageError
from git_kas.store_trial import StoreTrial
from git_kas.usecases.faults import FAULTS_OF_SERVERS, Fault

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from git_kas.app import App
    from git_kas.domain.anomalies import Anomaly
    from git_kas.usecases.verify_store import Verification

DESCRIPTION = (
    "Try a plan store: processes use it at the same time, and what they were told is checked against the\n"
    "rules of plans, one by one in the order of the commits. Exit status 1 if anything does not fit.\n"
    "Your plans are never touched: the json store is tried in a temporary folder, and a store that a URL\n"
    "names in a new project of its own (verify-...), which is left there. With --servers clients do not use\n"
    "the store but 'git kas serve' over it, which is started for them."
)
EXAMPLES = (
    ("git kas verify-store", "the configured kind of store"),
    ("git kas verify-store --faults --seconds 300", "with clients that are killed, for five minutes"),
    ("git kas verify-store json --seed 7", "a store by its URL, with choices that can be repeated"),
    (
        "git kas verify-store sqlite --servers 1 --faults",
        "a server that is killed, too, and whose answers get lost",
    ),
)
MOST_SHOWN: Final = 20
_CLIENTS, _OPERATIONS, _PLANS, _SECONDS = 4, 2000, 5, 60.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "url", nargs="?", metavar="URL", help="the store, as in kas.store; default: the kind configured there"
    )
    _size_arguments(parser)
    parser.add_argument(
        "--seed", type=int, metavar="N", help="repeat the choices of an earlier run; their timing differs"
    )
    _fault_arguments(parser)
    parser.add_argument(
        "--keep-history", metavar="FILE", help="keep what the clients did and were told in the new file FILE"
    )


def _size_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--servers",
        type=_count,
        default=0,
        metavar="N",
        help="try N servers over the store, which is a database: sqlite, or a URL (default: none)",
    )
    parser.add_argument(
        "--clients", type=_count, default=_CLIENTS, metavar="N", help=f"processes (default: {_CLIENTS})"
    )
    parser.add_argument(
        "--operations",
        type=_count,
        default=_OPERATIONS,
        metavar="N",
        help=f"operations of all of them (default: {_OPERATIONS})",
    )
    parser.add_argument(
        "--plans",
        type=_count,
        default=_PLANS,
        metavar="N",
        help=f"plans that they are about; fewer collide more often (default: {_PLANS})",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=_SECONDS,
        metavar="S",
        help=f"end after S seconds, done or not (default: {_SECONDS:g})",
    )


def _fault_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--faults",
        action="store_true",
        help="kill and stop clients and servers, cut connections, and lose answers, at random moments",
    )
    parser.add_argument(
        "--fault",
        action="append",
        choices=[str(fault) for fault in Fault],
        default=[],
        metavar="KIND",
        help="of the faults only this kind; may be repeated: " + ", ".join(Fault),
    )
    parser.add_argument(
        "--restart-database",
        default="",
        metavar="COMMAND",
        help="with --faults, restart the database now and then by this shell command",
    )


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.crew import Trial

    faults = tuple(map(Fault, arguments.fault)) or (tuple(Fault) if arguments.faults else ())
    _expect_possible(arguments, faults)
    trial = Trial(
        clients=arguments.clients,
        operations=arguments.operations,
        plans=arguments.plans,
        seconds=arguments.seconds,
        seed=arguments.seed if arguments.seed is not None else app.clock.now_ns() % 1_000_000_000,
        faults=faults,
        servers=arguments.servers,
    )
    found = StoreTrial(app, arguments.restart_database).run(arguments.url, trial, arguments.keep_history)
    return Result(
        "verify-store",
        lambda: _data(found),
        lambda style: _text(found, style),
        exit_status=ChecksFailed.exit_status if found.anomalies else 0,
    )


def _expect_possible(arguments: argparse.Namespace, faults: Sequence[Fault]) -> None:
    """Refuse options that would do nothing."""
    if arguments.restart_database and Fault.DATABASE_RESTART not in faults:
        raise UsageError("--restart-database is a fault.", next_step="Use it with --faults.")
    if Fault.DATABASE_RESTART in arguments.fault and not arguments.restart_database:
        raise UsageError("A database is restarted by a command.", next_step="Use --restart-database COMMAND.")
    if FAULTS_OF_SERVERS.intersection(arguments.fault) and not arguments.servers:
        raise UsageError("There is no server to disturb.", next_step="Use --servers 1, or more.")


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise UsageError(f"'{text}' is too small.", next_step="Use 1 or more.")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1_000_000:
        raise UsageError(f"'{text}' is no sensible number of seconds.", next_step="Use a number above 0.")
    return seconds


def _data(found: Verification) -> dict[str, object]:
    trial = found.trial
    return {
        "store": without_password(found.target.url),
        "project": found.target.project,
        "servers": trial.servers,
        "clients": trial.clients,
        "plans": trial.plans,
        "seed": trial.seed,
        "operations": len(found.operations),
        "commits": found.commits,
        "repetitions": found.repetitions,
        "unanswered": found.unanswered,
        "faults": {str(fault): count for fault, count in found.faults.items()},
        "seconds": round(found.seconds, 3),
        "operations_per_second": round(_per_second(found), 1),
        "sound": not found.anomalies,
        "anomalies": [_anomaly_data(anomaly) for anomaly in found.anomalies],
    }


def _anomaly_data(anomaly: Anomaly) -> dict[str, object]:
    return {
        "kind": str(anomaly.kind),
        "message": anomaly.sentence,
        "operations": [operation.describe() for operation in anomaly.operations],
    }


def _text(found: Verification, style: Style) -> str:
    del style
    trial = found.trial
    faults = ", ".join(f"{fault} {count}" for fault, count in found.faults.items() if count)
    rows = (
        ("store", without_password(found.target.url)),
        ("servers", str(trial.servers or "none")),
        ("clients", f"{trial.clients}, on {trial.plans} plans"),
        ("operations", _operations(found)),
        ("faults", faults or "none"),
        ("seed", str(trial.seed)),
        ("speed", f"{_per_second(found):.0f} operations per second, for {found.seconds:.1f} s"),
        ("verdict", _verdict(found)),
    )
    lines = [f"{name.ljust(10)}  {value}" for name, value in rows]
    shown = found.anomalies[:MOST_SHOWN]
    kinds = dict.fromkeys(anomaly.kind for anomaly in shown)
    for kind in kinds:
        lines += ["", f"{kind}: {ANOMALY_MEANINGS[kind]}"]
        lines += [f"  {anomaly.sentence}" for anomaly in shown if anomaly.kind is kind]
    if len(found.anomalies) > len(shown):
        lines += ["", f"{len(found.anomalies) - len(shown)} more; --json shows all."]
    return "".join(f"{printable(line)}\n" for line in lines)


def _operations(found: Verification) -> str:
    counts = {"commits": found.commits, "repetitions": found.repetitions, "unanswered": found.unanswered}
    return ", ".join([str(len(found.operations)), *(f"{count} {word}" for word, count in counts.items())])


def _verdict(found: Verification) -> str:
    count = len(found.anomalies)
    return f"{count} anomal{'y' if count == 1 else 'ies'}" if count else "no anomaly"


def _per_second(found: Verification) -> float:
    return len(found.operations) / found.seconds if found.seconds else 0.0
