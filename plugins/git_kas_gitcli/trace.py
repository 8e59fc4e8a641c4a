"""Which hook made Git fail, from Git's own event trace (``GIT_TRACE2_EVENT``, api-trace2)."""

import json
from typing import Any


def failed_hook(path: str) -> str:
    """The name of the hook that ended last with an error, by the trace at ``path``; empty without one.

    Git has named hooks in its trace by ``hook_name`` since 2.36, and before only by their path.
    """
    hooks: dict[tuple[object, object], str] = {}
    failed = ""
    for event in _events(path):
        child = (event.get("sid"), event.get("child_id"))
        if event.get("event") == "child_start" and event.get("child_class") == "hook":
            argv = event.get("argv") or [""]
            hooks[child] = str(event.get("hook_name") or argv[0].replace("\\", "/").rpartition("/")[2])
        elif event.get("event") == "child_exit" and child in hooks and event.get("code"):
            failed = hooks[child]
    return failed


def _events(path: str) -> list[dict[str, Any]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:  # an old Git, or one that died at once
        return []
    events = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events
