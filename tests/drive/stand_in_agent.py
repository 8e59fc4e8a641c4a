"""An agent without a mind: plans, codes and reviews as its prompt and environment say, and often goes wrong.

Called as ``stand_in_agent.py LOG SEED CLUMSINESS``. What it does is decided by the seed and the id of its run,
so that a run is repeatable. It writes a line into the log when it begins and when it has done its work.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

PLAN = Path(__file__).with_name("shop_plan.md")
ROUNDS_WITH_CHANGES = 2
ALREADY_THERE = 4  # exit status


def main() -> None:
    log, seed, clumsiness = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    agent = Agent(log, random.Random(f"{seed} {os.environ['KAS_RUN']}"), clumsiness)
    agent.note(
        "begin", folder=os.getcwd(), environment=sorted(name for name in os.environ if name.startswith("KAS_"))
    )
    agent.work()
    agent.note("end")


class Agent:
    def __init__(self, log: Path, chance: random.Random, clumsiness: float) -> None:
        self.log = log
        self.chance = chance
        self.clumsiness = clumsiness
        self.run = os.environ["KAS_RUN"]
        self.role = os.environ["KAS_ROLE"]
        self.plan = os.environ["KAS_PLAN"]
        self.round = int(os.environ["KAS_ROUND"])
        self.task = os.environ["KAS_TASK"]
        self.prompt = Path(os.environ["KAS_PROMPT_FILE"]).read_text()

    def note(self, what: str, **more: object) -> None:
        """A line that is there as a whole or not at all."""
        line = json.dumps(
            {"what": what, "run": self.run, "role": self.role, "task": self.task, "round": self.round, **more}
        )
        descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{line}\n".encode())
        os.close(descriptor)

    def work(self) -> None:
        time.sleep(self.chance.uniform(0, 0.3))
        self.stumble("before")
        {"planner": self.write_plan, "coder": self.write_code, "reviewer": self.review}[self.role]()

    def stumble(self, when: str) -> None:
        """Crash, sometimes."""
        fate = self.chance.random()
        if fate < self.clumsiness / 2:
            self.note("crash", when=when)
            sys.exit(3)
        if fate < self.clumsiness:
            self.note("killed", when=when)
            os.kill(os.getpid(), signal.SIGKILL)

    def write_plan(self) -> None:
        path = Path("docs/plans") / self.plan
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PLAN.read_text())
        self.commit(path, "the plan")
        self.stumble("after")
        self.signal("planner_finished")

    def write_code(self) -> None:
        found = sorted(line for line in self.prompt.splitlines() if line.startswith("FINDING"))
        if found:
            self.note("feedback", found=found)
        path = Path(f"task-{self.task or 'feedback'}-{self.round}.txt")
        path.write_text(f"{self.run}\n")
        self.commit(path, f"work of {self.run}")
        self.note("done")
        self.stumble("after")
        if self.task:
            self.report_task()
        else:
            self.signal("implement_finished")

    def report_task(self) -> None:
        words = ["implement_task_finished", "--wave", os.environ["KAS_WAVE"], "--task", self.task]
        fate = self.chance.random()
        if fate < self.clumsiness / 2:  # a name that nobody reads; the exit status says it
            folder = Path("docs/plans/.signals")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"coder-finished-{self.plan}-{self.run}").write_text("")
            self.note("wrong name")
            return
        self.signal(*words)
        if fate < self.clumsiness:
            time.sleep(self.chance.uniform(0, 0.2))
            self.note("twice")
            self.signal(*words)

    def review(self) -> None:
        self.stumble("after")
        if self.round <= ROUNDS_WITH_CHANGES:
            self.signal("review_changes_requested", "-m", f"FINDING of round {self.round}: the unit is missing")
        else:
            self.signal("review_approved", "-m", "nothing more")

    def commit(self, path: Path, message: str) -> None:
        """Commit one file where others commit, too, without asking them."""
        last = b""
        for _ in range(200):
            added = subprocess.run(["git", "add", "--", str(path)], capture_output=True, check=False)
            committed = subprocess.run(
                ["git", "commit", "-q", "-m", message, "--", str(path)], capture_output=True, check=False
            )
            if added.returncode == 0 and (
                committed.returncode == 0 or b"nothing to commit" in committed.stdout
            ):
                return
            last = added.stderr + committed.stderr
            time.sleep(0.05)
        raise SystemExit(f"cannot commit: {last!r}")

    def signal(self, *words: str) -> None:
        """Report, and once more where another report of the same name is waiting still."""
        event, *rest = words
        command = ["git-kas", "signal", event, self.plan, *rest]
        done = subprocess.run(command, capture_output=True, check=False)
        for _ in range(100):
            if done.returncode != ALREADY_THERE:
                break
            time.sleep(0.05)
            done = subprocess.run(command, capture_output=True, check=False)
        self.note("signal", event=event, status=done.returncode, said=done.stderr.decode())


if __name__ == "__main__":
    main()
