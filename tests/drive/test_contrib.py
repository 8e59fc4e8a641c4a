"""The unit for systemd: systemd understands it, and stopping it leaves agents at work."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from drive.watching import KEY, WatchingWaves, poll, use_agents
from plan_commands import Plans
from support import GIT_KAS, needs_program

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "contrib/systemd/git-kas-watch.service"
PAGE = ROOT / "docs/how-to/drive-plans-with-agents.md"
INSTALLED = "%h/.local/bin/git-kas"


def setting(name: str) -> str:
    [value] = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    return str(value)


def verify(folder: Path, unit: str) -> subprocess.CompletedProcess[str]:
    """What systemd finds wrong with the unit where git-kas is installed."""
    folder.mkdir()
    made = folder / UNIT.name
    made.write_text(unit.replace(INSTALLED, str(GIT_KAS)))
    command = ["systemd-analyze", "verify", "--user", "--man=no", str(made)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    needs_program("systemd-analyze")
    found = verify(tmp_path / "good", UNIT.read_text())
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    wrong = verify(tmp_path / "wrong", UNIT.read_text().replace("KillMode=process", "KillMode=perhaps"))
    assert "perhaps" in wrong.stderr  # so it does look


def test_what_stops_the_unit_leaves_agents_at_work(
    plans: Plans, plan: Callable[..., str], watch: Callable[..., WatchingWaves]
) -> None:
    assert setting("KillMode") == "process"
    assert shlex.split(setting("ExecStart")) == [INSTALLED, "watch"]
    plan(1)
    go_on = plans.path.parent / "go-on"
    use_agents(plans.repo, {"coder": f"while ! test -e {go_on}; do sleep 0.05; done"})
    plans("implement", KEY)
    watching = watch()
    watching.until("started")
    poll(lambda: plans.data("waves", "status", KEY)[0]["stage"]["jobs"][0]["state"] == "running")
    watching.process.send_signal(signal.Signals[setting("KillSignal")])
    assert watching.process.wait(60) == int(setting("SuccessExitStatus"))
    go_on.touch()
    again = watch()
    again.until("moved", "reviewing")
    assert [one["detail"] for one in [*watching.happened, *again.happened] if one["step"] == "started"] == [
        f"{KEY}-W1-T1-1"
    ]


def test_the_page_names_the_unit() -> None:
    assert f"contrib/systemd/{UNIT.name}" in PAGE.read_text()
