"""What ``docs/how-to/share-plans-on-a-host.md`` has one type is typed, and does what it says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from server.hosting import Running
from support import needs_program

PAGE = Path(__file__).parents[2] / "docs/how-to/share-plans-on-a-host.md"


def test_the_page_works_as_it_stands(serve: Callable[..., Running], environment: dict[str, str]) -> None:
    needs_program("curl")
    running = serve()
    text = PAGE.read_text()
    *commands, stream = [line for line in text.splitlines() if line.startswith("curl ")]
    assert len(commands) == 4
    said = ""
    for command in commands:
        said = subprocess.run(
            ["sh", "-c", command.replace("http://127.0.0.1:7433", running.url)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert '"status":"planning"' in said
    assert said.count("rate-limit.md") == 1
    following = subprocess.Popen(
        ["sh", "-c", f"exec {stream.replace('http://127.0.0.1:7433', running.url)}"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert following.stdout is not None
    assert any(line == b'data: {"change": 2}\n' for line in following.stdout)
    following.terminate()
    following.communicate()


def test_every_way_of_starting_it_is_accepted(serve: Callable[..., Running]) -> None:
    found = re.findall(r"^git kas serve (--no-auth\S*)(.*)$", PAGE.read_text(), re.MULTILINE)
    assert len(found) == 2
    for auth, options in found:
        assert serve(*options.split(), auth=auth)("GET", "/healthz").status == 200
