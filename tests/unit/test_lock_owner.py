"""The process that a lock's reason names, and when it is proven dead."""

from __future__ import annotations

import pytest

from git_kas.domain.lock_owner import LockOwner, OwnerState, lock_owner, owner_state

SHAPES = {
    "host=box pid=4299 start=123456 session=x": LockOwner(4299, "box", 123456),
    "kas host:Box.example.org pid:7 start:5": LockOwner(7, "box.example.org", 5),
    "start=5; pid=7, host=box": LockOwner(7, "box", 5),
    '{"host": "box", "pid": 4299, "start": 123456, "session": "x"}': LockOwner(4299, "box", 123456),
    "{'hostname': 'box', 'pid': '4299', 'start_time': '123456'}": LockOwner(4299, "box", 123456),
    "pid=4299@box": LockOwner(4299, "box"),
    "claude agent agent-a58482f593258ecf9 (pid 4299 start Fri Jun 19 21:37:40 2026)": LockOwner(4299),
    "claude session probe0 (pid 29884)": LockOwner(29884),
    "claude-code PID 12": LockOwner(12),
    "openclaw pid=1829694": LockOwner(1829694),
    "host=box pid=4 start=1767225600": LockOwner(4, "box"),  # a time of day
    "host=box pid=4 start=2026-01-01T00:00:00Z": LockOwner(4, "box"),
    "host=box pid=4 start=12x": LockOwner(4, "box"),
    "host=box pid=4 start=1 start=2": LockOwner(4, "box"),
}
NO_OWNER = [
    "",
    "on a portable drive",
    "owner | task | 2026-01-01",
    "rapid 7",
    "pid",
    "pid of the pool",
    "pid 1 or pid 2",
    "pid=5 host=one hostname=two",
    "pid=12345678901",
]


@pytest.mark.parametrize("reason", SHAPES)
def test_known_shapes(reason: str) -> None:
    assert lock_owner(reason) == SHAPES[reason]


@pytest.mark.parametrize("reason", NO_OWNER)
def test_a_reason_that_names_no_single_process(reason: str) -> None:
    assert lock_owner(reason) is None


HERE = LockOwner(7, "box", 100)


@pytest.mark.parametrize(
    ("owner", "found_start", "unseen", "state"),
    [
        (HERE, 100, "", OwnerState.ALIVE),
        (HERE, 101, "", OwnerState.DEAD),
        (HERE, None, "", OwnerState.DEAD),
        (HERE, None, "a container", OwnerState.UNSEEN),
        (HERE, 101, "a container", OwnerState.UNSEEN),
        (LockOwner(7, "box"), 100, "", OwnerState.ALIVE),
        (LockOwner(7, "box"), None, "", OwnerState.DEAD),
        (LockOwner(7), None, "", OwnerState.UNSEEN),
        (LockOwner(7), 100, "", OwnerState.ALIVE),
        (LockOwner(7, "", 99), 100, "", OwnerState.UNSEEN),
        (LockOwner(7, "elsewhere", 99), None, "", OwnerState.ALIVE),
        (LockOwner(7, "elsewhere"), 100, "", OwnerState.ALIVE),
    ],
)
def test_dead_only_with_proof(
    owner: LockOwner, found_start: int | None, unseen: str, state: OwnerState
) -> None:
    assert owner_state(owner, "Box", found_start, unseen) is state
