"""The unit for systemd and the container file: what they say is well formed, and starts a server."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import certificates
from server.hosting import start
from support import GIT_KAS, needs_program

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "contrib/systemd/git-kas.service"
CONTAINER = ROOT / "contrib/container/Containerfile"
PAGE = ROOT / "docs/how-to/secure-a-server.md"
INSTALLED = "/opt/git-kas/bin/git-kas"
MOST_EXPOSURE = 20  # tenths; systemd calls up to 4.9 "OK"


def drop_in() -> str:
    """What the page has one put beside the unit."""
    (found,) = re.findall(r"```ini\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(found)


def verify(folder: Path, unit: str, beside: str) -> subprocess.CompletedProcess[str]:
    """What systemd finds wrong with the unit where git-kas is installed."""
    (folder / "git-kas.service.d").mkdir(parents=True)
    made = folder / "git-kas.service"
    made.write_text(unit.replace(INSTALLED, str(GIT_KAS)))
    (folder / "git-kas.service.d/tls.conf").write_text(beside.replace(INSTALLED, str(GIT_KAS)))
    command = ["systemd-analyze", "verify", "--man=no", str(made)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    needs_program("systemd-analyze")
    found = verify(tmp_path / "good", UNIT.read_text(), drop_in())
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    for number, (unit, beside) in enumerate(
        [
            (UNIT.read_text().replace("NoNewPrivileges=yes", "NoNewPrivileges=perhaps"), drop_in()),
            (UNIT.read_text(), drop_in().replace("LoadCredential", "LodeCredential")),
        ]
    ):
        assert verify(tmp_path / str(number), unit, beside).stderr  # so it does look


def test_the_service_can_do_little(tmp_path: Path) -> None:
    needs_program("systemd-analyze")
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSURE}", str(UNIT)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout[-2000:]
    for line in ("User=git-kas", "StateDirectory=git-kas", "NoNewPrivileges=yes", "ProtectSystem=strict"):
        assert f"\n{line}\n" in UNIT.read_text()


def test_what_the_unit_starts_is_a_server(environment: Mapping[str, str], tmp_path: Path) -> None:
    made = certificates.make(tmp_path / "tls")
    for text in (UNIT.read_text(), drop_in()):
        (line,) = re.findall(rf"^ExecStart={INSTALLED} serve (.*)$", text, re.MULTILINE)
        line = line.replace("%S", str(tmp_path)).replace("%d/chain.pem", str(made.chain))
        words = shlex.split(line.replace("%d/key.pem", str(made.key)))
        running = start(environment, tmp_path, *words)
        if "--cert" in words:
            assert running.url.startswith("https://")
            running.url, running.trust = f"https://127.0.0.1:{running.address[1]}", made.trust
        assert running("GET", "/healthz").status == 200
        assert running("GET", "/v1/projects/shop/plans").status == 401
        assert running.stop()[0] == 0


def test_what_the_container_starts_is_a_server(environment: Mapping[str, str], tmp_path: Path) -> None:
    text = CONTAINER.read_text()
    entry = json.loads(re.findall(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE)[0])
    assert entry[:2] == ["git-kas", "serve"]
    running = start(environment, tmp_path, *[word.replace("/data", str(tmp_path)) for word in entry[2:]])
    port = running.address[1]
    check = json.loads(re.findall(r"HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", text, re.MULTILINE)[0])
    for here, status in ((str(port), 0), ("1", 1)):
        script = check[2].replace("7433", here)
        finished = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
        assert finished.returncode == status
    assert running.stop()[0] == 0
