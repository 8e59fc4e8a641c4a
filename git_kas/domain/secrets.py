"""What must never be shown."""

from __future__ import annotations

import re
from typing import Final

_PASSWORD: Final = re.compile(r"(://[^/?#:@]*):[^/?#]*@")


def without_password(url: str) -> str:
    """``url`` with ``***`` for the password of its user (RFC 3986, 3.2.1); any other text as it is."""
    return _PASSWORD.sub(r"\1:***@", url)
