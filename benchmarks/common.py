"""What the benchmarks share: measuring processes side by side, and printing facts, tables and aims."""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeVar

Name = TypeVar("Name", bound=Hashable)

GIT_KAS: Final = Path(sys.executable).with_name("git-kas")
CACHE_FOLDER: Final = Path(tempfile.gettempdir()) / "git-kas-benchmarks"

_BYTES_PER_UNIT_OF_RSS: Final = 1 if platform.system() == "Darwin" else 1024  # getrusage(2)


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a command.

    ``cpu_seconds`` is the processor time of all its processes together. ``peak_mb`` is the memory of the
    largest single one; a process begins as a copy of the benchmark, so nothing below the benchmark's own
    30 to 40 MB can be seen.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Aim:
    """An aim, what was measured for it, and whether that is enough."""

    text: str
    figure: str
    met: bool

    @classmethod
    def at_most(cls, text: str, value: float, limit: float, unit: str) -> "Aim":
        """An aim that is met by a value up to ``limit``."""
        return cls(text, f"{value:.2f}{unit}", value <= limit)

    @classmethod
    def at_least(cls, text: str, value: float, limit: float, unit: str) -> "Aim":
        """An aim that is met by a value from ``limit`` on."""
        return cls(text, f"{value:.2f}{unit}", value >= limit)


@dataclass(frozen=True, slots=True)
class Runs:
    """The samples of one command in the order in which they were taken."""

    samples: Sequence[Sample]

    @property
    def median(self) -> float:
        """The middle run time in seconds."""
        return statistics.median(sample.seconds for sample in self.samples)

    @property
    def shortest(self) -> float:
        """The run time, in seconds, that noise disturbed least."""
        return min(sample.seconds for sample in self.samples)

    def times(self, other: "Runs") -> float:
        """How many times as long as ``other`` this took: the middle of the ratios within each round."""
        pairs = zip(self.samples, other.samples, strict=True)
        return statistics.median(mine.seconds / theirs.seconds for mine, theirs in pairs)

    @property
    def cpu(self) -> float:
        """The middle processor time in seconds."""
        return statistics.median(sample.cpu_seconds for sample in self.samples)

    @property
    def peak_mb(self) -> float:
        """The most memory that one process took in any run."""
        return max(sample.peak_mb for sample in self.samples)


def measure(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], output: Path | None = None
) -> Sample:
    """Run ``command`` once; what it prints goes to the file ``output``, or is thrown away.

    Raises:
        CalledProcessError: it ended with an error, so its time says nothing.
    """
    with (output or Path(os.devnull)).open("wb") as printed:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=printed
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Sample(
        seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _BYTES_PER_UNIT_OF_RSS / 1_000_000
    )


def interleave(contestants: Mapping[Name, Callable[[], Sample]], rounds: int) -> dict[Name, Runs]:
    """Let each contestant run once in every round, so that noise hits all of them alike."""
    samples: dict[Name, list[Sample]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, run in contestants.items():
            samples[name].append(run())
        print(f"\rround {number + 1} of {rounds}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return {name: Runs(taken) for name, taken in samples.items()}


def milliseconds(runs: Runs) -> str:
    """Median and, in brackets, the shortest run time."""
    return f"{runs.median * 1000:.1f} ({runs.shortest * 1000:.1f})"


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table, the first column to the left, figures to the right."""
    print("| " + " | ".join(headings) + " |")
    print("|---|" + "---:|" * (len(headings) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def print_aims(aims: Sequence[Aim]) -> None:
    """Print for each aim whether it was met, and by which figure."""
    for aim in aims:
        print(f"- {aim.text}: {aim.figure}, {'met' if aim.met else 'MISSED'}")
    print()


def print_machine() -> None:
    """Print what a reader must know about the machine to judge the figures."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"- {platform.system()} {platform.release()}, {_processor()}, {os.cpu_count()} cores")
    print(f"- Python {platform.python_version()}, {git}, git-kas {version('git-kas')} in {GIT_KAS.parent}")
    print(f"- load average when the run began: {load}")
    print()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
