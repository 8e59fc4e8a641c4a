"""A certificate and its key, looked at before anything is served."""

from __future__ import annotations

import os
import ssl
import stat
from typing import Final, NamedTuple

from git_kas.errors import UsageError

_FORM: Final = (
    "Both are PEM files, the key without a passphrase; the certificate's own comes first in its file."
)


class Certificate(NamedTuple):
    """Absolute paths of a chain of certificates and of the key that belongs to the first."""

    chain: str
    key: str

    @property
    def warning(self) -> str:
        """What is wrong with how the key is kept, empty if nothing is."""
        if os.stat(self.key).st_mode & stat.S_IRWXO:
            return f"Every account of this machine may open the key {self.key}: chmod o-rwx."
        return ""


def read_certificate(chain: str | None, key: str | None) -> Certificate | None:
    """The certificate that these files hold, None if none is named.

    Raises:
        UsageError: only one is named, or they hold nothing that can be used.
    """
    if chain is None and key is None:
        return None
    if chain is None or key is None:
        raise UsageError("A certificate needs its key.", next_step="Give both: --cert FILE --key FILE.")
    for path, what in ((chain, "certificate"), (key, "key")):
        try:
            with open(path, "rb") as file:
                file.read(1)
        except OSError as error:
            raise UsageError(
                f"The {what} {path} cannot be read: {error.strerror}.",
                next_step="Name a file that you may read.",
            ) from error
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password="")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise UsageError(f"{_wrong(error, chain, key)}.", next_step=_FORM) from error
    return Certificate(os.path.abspath(chain), os.path.abspath(key))


def _wrong(error: Exception, chain: str, key: str) -> str:
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return f"The key {key} does not belong to the certificate {chain}"
    reason = getattr(error, "reason", None) or "it cannot be understood"
    return f"The certificate {chain} with the key {key} cannot be used: {reason.replace('_', ' ').lower()}"
