"""State files byte for byte as they have been written over time (ORIGIN 2.2), and damaged ones."""

from __future__ import annotations

import json
import sys
from typing import NamedTuple

FLAT = b"""{
  "2026-02-20-login-form.md": {
    "status": "done",
    "implemented": "2026-02-20"
  },
  "2026-02-21-rate-limit.md": {
    "status": "in_progress"
  }
}
"""

FLAT_COMPLETED = b"""{
  "2026-02-20-login-form.md": {
    "status": "completed",
    "implemented": "2026-02-20"
  },
  "2026-02-21-rate-limit.md": {
    "status": "done"
  },
  "2026-02-21-search.md": {
    "status": "reviewing"
  }
}
"""

WRAPPED_LEGACY = b"""{
  "topics": {
    "api": {
      "created_at": "2026-02-22T18:00:00Z"
    }
  },
  "plans": {
    "2026-02-21-rate-limit.md": {
      "status": "completed",
      "description": "throttle \\u003canonymous\\u003e clients",
      "branch": "plan/rate-limit",
      "topic": "api",
      "created_at": "2026-02-21T09:15:02.114503887Z"
    },
    "2026-02-22-billing.md": {
      "status": "finished",
      "topic": "orphan-topic",
      "created_at": "0001-01-01T00:00:00Z",
      "implemented": "2026-02-23"
    }
  }
}
"""

CANONICAL = b"""{
  "plans": {
    "2026-02-26-export-csv.md": {
      "status": "implementing",
      "description": "export-csv\\n\\nlet users download the table",
      "branch": "plan/export-csv",
      "created_at": "2026-02-26T20:41:10.5Z"
    }
  }
}
"""

SAMPLES = {
    "flat": FLAT,
    "flat-completed": FLAT_COMPLETED,
    "wrapped-legacy": WRAPPED_LEGACY,
    "canonical": CANONICAL,
}

FLAT_WITH_ANOTHER_KEY = b'{"a.md": {"status": "ready"}, "notes": {"status": "ready"}}\n'
UNKNOWN_KEYS = b"""{
  "version": 4,
  "plans": {
    "a.md": {"status": "ready", "priority": 3, "owner": {"name": "ada", "tags": ["x", null]}}
  }
}
"""
BOGUS_STATUS = b'{"plans": {"a.md": {"status": "bogus"}}}\n'
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

CONFLICT = b"""{
  "plans": {
    "a.md": {
<<<<<<< HEAD
      "status": "ready"
=======
      "status": "done"
>>>>>>> theirs
    }
  }
}
"""

# Since Python 3.13 the parser complains about the comma itself, before that about the bracket behind it.
_ABOUT_THE_COMMA = sys.version_info >= (3, 13)


class Damaged(NamedTuple):
    """Bytes that are no plan state, and the place that is to be named; None: any place in the file."""

    name: str
    data: bytes
    place: tuple[int, int] | None


DAMAGED = (
    Damaged(
        "trailing comma",
        b'{\n  "plans": {\n    "a.md": {"status": "ready"},\n  }\n}\n',
        (3, 32) if _ABOUT_THE_COMMA else (4, 3),
    ),
    Damaged(
        "missing comma", b'{\n  "plans": {\n    "a.md": {"status": "ready" "branch": ""}\n  }\n}\n', (3, 32)
    ),
    Damaged("conflict markers", CONFLICT, (4, 1)),
    Damaged("cut off between tokens", b'{\n  "plans": {\n    "a.md":', (3, 12)),
    Damaged("cut off in a text", b'{\n  "plans": {\n    "a.md": {"status": "rea', (3, 24)),
    Damaged("cut off before the end", CANONICAL[:-3], (9, 4)),
    Damaged("empty", b"", (1, 1)),
    Damaged("two documents", b'{"plans": {}}\n{"plans": {}}\n', (2, 1)),
    Damaged("line end in a text", b'{"plans": {"a.md": {"status": "re\nady"}}}', (1, 34)),
    Damaged("not UTF-8", b'{\n  "plans": {"caf\xe9.md": {}}\n}\n', (2, 17)),
    Damaged("not UTF-8 after other letters", '{\n  "é日🙂": "'.encode() + b'\xff"}\n', (2, 11)),
    Damaged("not UTF-8 after a byte order mark", BYTE_ORDER_MARK + b'{"\xff": 1}', (1, 3)),
    Damaged("UTF-16", '{"plans": {}}'.encode("utf-16"), (1, 1)),
    Damaged("NaN", b'{\n  "plans": {\n    "a.md": {"status": "ready", "weight": NaN}\n  }\n}\n', (3, 43)),
    Damaged("minus infinity", b'{\n  "weight": -Infinity\n}\n', (2, 13)),
    Damaged("a number of 5000 digits", b'{\n  "weight": ' + b"9" * 5000 + b"\n}\n", (2, 13)),
    Damaged(
        "doubled plan",
        b'{\n  "plans": {\n    "a.md": {"status": "ready"},\n    "a.md": {"status": "done"}\n  }\n}\n',
        (4, 5),
    ),
    Damaged("doubled field", b'{"plans": {\n  "a.md": {"status": "ready",\n    "status": "done"}}}\n', (3, 5)),
    Damaged("nested too deeply", b'{"plans": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", None),
    Damaged("plans is a list", b'{\n  "topics": {},\n  "plans": [\n  ]\n}\n', (3, 12)),
    Damaged("plans is a text", b'{"plans": "a.md"}', (1, 11)),
    Damaged("plans is false", b'{"plans": false}', (1, 11)),
    Damaged("topics is a list", b'{\n  "topics": ["api"],\n  "plans": {}\n}\n', (2, 13)),
    Damaged("topic is a text", b'{"topics": {"a": {},\n "b": "x"}, "plans": {}}', (2, 7)),
    Damaged("entry is a number", b'{\n  "plans": {\n    "a.md": {},\n    "b.md": 7\n  }\n}\n', (4, 13)),
    Damaged("entry is zero", b'{"plans": {"a.md": 0}}', (1, 20)),
    Damaged("entry is false", b'{"plans": {"a.md": false}}', (1, 20)),
    Damaged("entry is an empty list", b'{"plans": {"a.md": []}}', (1, 20)),
    Damaged("entry is an empty text", b'{"plans": {"a.md": ""}}', (1, 20)),
    Damaged("flat entry is a list", b'{\n  "a.md": {"status": "ready"},\n  "b.md": ["ready"]\n}\n', (3, 11)),
    Damaged("status is a number", b'{\n  "plans": {\n    "a.md": {"status": 7}\n  }\n}\n', (3, 24)),
    Damaged("status is an object", b'{"a.md": {\n  "status": {"x": 1}}}', (2, 13)),
    Damaged("branch is true", b'{"plans": {"a.md": {"status": "ready", "branch": true}}}', (1, 50)),
    Damaged("created_at is a number", b'{"plans": {"a.md": {"created_at": 1}}}', (1, 35)),
    Damaged("top level is a list", b'\n\n  [{"plans": {}}]\n', (3, 3)),
    Damaged("top level is a text", b'"plans"', (1, 1)),
    Damaged("top level is null", b"null\n", (1, 1)),
)


def state_of(**plans: dict[str, str]) -> bytes:
    """A canonical file with these plans; ``a`` stands for ``a.md``."""
    return json.dumps({"plans": {f"{name}.md": entry for name, entry in plans.items()}}).encode()
