"""The page "secure a server", followed literally."""

from __future__ import annotations

import re
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path

from git_kas.domain.tokens import ROLE_MEANINGS, read_token
from server.hosting import PLANS, start
from support import needs_program

PAGE = Path(__file__).parents[2] / "docs/how-to/secure-a-server.md"


def test_the_page_is_true(environment: Mapping[str, str], tmp_path: Path) -> None:
    text = PAGE.read_text()
    typed = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    first, *rest = re.findall(r"^git kas ((?!serve .*--(?:cert|allowed-host)).*)$", typed, re.MULTILINE)
    running = start(environment, tmp_path, *first.removeprefix("serve ").split())
    try:
        assert (Path(environment["HOME"]) / ".config/git-kas/tokens").read_text().startswith(running.url)
        made = []
        for line in rest:
            finished = subprocess.run(
                ["bash", "-c", f"git kas {line}"],
                cwd=tmp_path,
                env=dict(environment),
                capture_output=True,
                check=True,
            )
            if line.startswith("token create"):
                made.append(finished.stdout.decode().strip())
        assert len(rest) == 4
        assert all(map(read_token, made))
        statuses = [
            running("GET", PLANS, headers={"Authorization": f"Bearer {token}"}).status for token in made
        ]
        assert statuses == [200, 401]
        assert running("GET", PLANS).status == 401
        assert running("GET", "/v1/ping").status == running("GET", "/healthz").status == 200
    finally:
        running.stop()
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [role.word for role in ROLE_MEANINGS]


def test_https_works_as_it_stands(environment: Mapping[str, str], tmp_path: Path) -> None:
    needs_program("openssl")
    text = PAGE.read_text()
    (making,) = re.findall(r"^openssl .*$", text, re.MULTILINE)
    (serving,) = re.findall(r"^git kas serve (.*--cert.*)$", text, re.MULTILINE)
    home = Path(environment["HOME"])
    subprocess.run(["bash", "-c", making], cwd=tmp_path, env=dict(environment), capture_output=True, check=True)
    assert (home / "key.pem").stat().st_mode & 0o077 == 0
    running = start(environment, tmp_path, *serving.replace("~", str(home)).split())
    try:
        running.trust = ssl.create_default_context(cafile=str(home / "chain.pem"))
        assert running("GET", "/healthz").status == 200
        assert running("GET", PLANS).status == 401
    finally:
        assert running.stop()[0] == 0


def test_behind_a_proxy_it_answers_to_its_name(environment: Mapping[str, str], tmp_path: Path) -> None:
    (serving,) = re.findall(r"^git kas serve (.*--allowed-host.*)$", PAGE.read_text(), re.MULTILINE)
    running = start(environment, tmp_path, *serving.split())
    try:
        for host, status in (("plans.example.org", 200), ("evil.example.org", 403)):
            assert running("GET", "/v1/ping", headers={"Host": host}).status == status
    finally:
        assert running.stop()[0] == 0
