"""Python runs this at its start where the folder is on its path: a file of a test says what time it is."""

import os
import time

_FILE = os.environ.get("KAS_TEST_CLOCK")


def _time_ns() -> int:
    assert _FILE is not None
    with open(_FILE) as file:
        return int(file.read())


if _FILE:
    time.time_ns = _time_ns
