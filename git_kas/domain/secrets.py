"""What must never be shown."""

from __future__ import annotations

import re
from typing import Final

_PASSWORD: Final = re.compile(r"(://[^/?#:@]*):[^/?#]*@")
_USER_OF_SERVER: Final = re.compile(r"^(https?://)[^/?#]*@", re.IGNORECASE)


def without_password(url: str) -> str:
    """``url`` with ``***`` for the password of its user (RFC 3986, 3.2.1); any other text as it is.

    In the URL of a web server it stands for the user, too, because tokens are put there as either.
    """
    return _PASSWORD.sub(r"\1:***@", _USER_OF_SERVER.sub(r"\1***@", url))
