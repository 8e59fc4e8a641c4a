"""What finishing has done, as data and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.cli.style import printable
from git_kas.usecases.finish_ports import State

if TYPE_CHECKING:
    from git_kas.usecases.finish_ports import Check, Finish


def finish_data(finish: Finish) -> dict[str, Any]:
    """As ``--json`` shows it."""
    request = finish.pull_request
    return {
        "operation": finish.operation,
        "state": str(finish.state),
        "plan": finish.plan,
        "from": finish.from_status or None,
        "to": finish.to_status or None,
        "choice": str(finish.choice),
        "strategy": str(finish.strategy) if finish.strategy else None,
        "branch": finish.branch or None,
        "base": finish.base or None,
        "landed_at": finish.landed_at or None,
        "pull_request": request and {"number": request.number, "url": request.url, "state": request.state},
        "checks": [_check_data(check) for check in finish.checks],
        "did": list(finish.did),
        "left": list(finish.left),
    }


def _check_data(check: Check) -> dict[str, Any]:
    problem = check.problem
    return {
        "check": str(check.name),
        "passed": problem is None,
        "text": check.text,
        "code": problem.code if problem else None,
        "next": problem.next_step if problem else None,
    }


def finish_text(finish: Finish) -> str:
    """The same for people; each check only where nothing was done."""
    lines: list[str] = []
    if finish.state is State.PLANNED:
        width = max(len(check.name) for check in finish.checks)
        for check in finish.checks:
            mark = "refused" if check.problem else "ok"
            lines.append(f"{mark:7}  {check.name.ljust(width)}  {check.text}")
            if check.problem:
                lines.append(f"{' ' * (11 + width)}{check.problem.next_step}")
        lines.append("")
    if finish.state is State.ABORTED:
        lines.append(f"finishing {finish.plan} was given up")
    lines += finish.did
    lines += [f"left: {text}" for text in finish.left]
    return "".join(f"{printable(line)}\n" for line in lines)
