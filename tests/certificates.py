"""Certificates for the tests."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass
class Made:
    """A certificate for 127.0.0.1, its key, and the one who vouches for it."""

    chain: Path
    key: Path
    authority: Path

    @property
    def options(self) -> list[str]:
        """For ``git kas serve``."""
        return ["--cert", str(self.chain), "--key", str(self.key)]

    @property
    def trust(self) -> ssl.SSLContext:
        """For a client."""
        return ssl.create_default_context(cafile=str(self.authority))


def make(folder: Path) -> Made:
    """Make one in ``folder``."""
    folder.mkdir()
    made = Made(folder / "chain.pem", folder / "key.pem", folder / "authority.pem")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(str(made.authority))
    issued.private_key_pem.write_to_path(str(made.key))
    made.key.chmod(0o600)
    for part in issued.cert_chain_pems:
        part.write_to_path(str(made.chain), append=True)
    return made
