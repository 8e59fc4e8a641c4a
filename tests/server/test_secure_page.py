"""The page "secure a server", followed literally."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from git_kas.domain.tokens import ROLE_MEANINGS, read_token
from server.hosting import PLANS, start

PAGE = Path(__file__).parents[2] / "docs/how-to/secure-a-server.md"


def test_the_page_is_true(environment: Mapping[str, str], tmp_path: Path) -> None:
    text = PAGE.read_text()
    typed = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    first, *rest = re.findall(r"^git kas (.*)$", typed, re.MULTILINE)
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
