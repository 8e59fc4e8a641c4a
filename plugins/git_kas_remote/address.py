"""Where a server is, and whether a proxy stands before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlsplit

from git_kas.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS: Final = {"http": 80, "https": 443}
_STEP: Final = "Use a URL such as http://athena:7433."


class Address(NamedTuple):
    """A server. ``host`` is in lower case, without brackets; ``prefix`` is a path that ends in no ``/``."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port, as they are written; what a token is bound to."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def base(self) -> str:
        """What all paths come behind."""
        return self.origin + self.prefix

    @property
    def is_loopback(self) -> bool:
        """Whether the server is this machine, whatever its network is called."""
        return self.host == "::1" or self.host.split(".")[-1] == "localhost" or _is_loopback_v4(self.host)


def parse_address(url: str) -> Address:
    """The server that ``url`` names.

    Raises:
        UsageError: it names none, or says more than where the server is.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:  # which may quote what is secret
        raise UsageError("This is no URL of a server.", next_step=_STEP) from error
    if "@" in parts.netloc:
        raise UsageError(
            "A user, password or token in the URL of a plan store is refused: URLs are shown and logged.",
            next_step="Give the token by KAS_TOKEN or KAS_TOKEN_FILE.",
        )
    if parts.scheme not in _PORTS or not host or port == 0 or not _is_host(host) or not url.isprintable():
        raise UsageError("This is no URL of a server.", next_step=_STEP)
    if parts.query or parts.fragment or {".", ".."} & set(parts.path.split("/")):
        raise UsageError("The URL of a plan store has no query, fragment or dots in its path.", next_step=_STEP)
    prefix = quote(parts.path.rstrip("/"), safe="/%")
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], prefix)


def proxy_for(address: Address, environment: Mapping[str, str]) -> str | None:
    """The proxy that the environment names for ``address``, None for none; never one for this machine itself.

    The variables are those of curl(1): ``http_proxy`` in small letters only, because a web server lets its
    clients set the other; ``no_proxy`` is a list of hosts and domains, or ``*``.

    Raises:
        UsageError: it is no proxy that can be used.
    """
    if address.is_loopback or _is_excepted(address.host, environment):
        return None
    names = ["http_proxy"] if address.scheme == "http" else ["https_proxy", "HTTPS_PROXY"]
    found = next(
        (environment[name] for name in [*names, "all_proxy", "ALL_PROXY"] if environment.get(name)), None
    )
    if found is None:
        return None
    proxy = found if "://" in found else f"http://{found}"
    if not proxy.startswith(("http://", "https://")):
        raise UsageError(
            "The proxy in the environment is none of HTTP, and no other can be used.",
            next_step=f"Name {address.host} in no_proxy to do without.",
        )
    return proxy


def _is_excepted(host: str, environment: Mapping[str, str]) -> bool:
    excepted = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    for word in excepted.lower().replace(",", " ").split():
        domain = word.lstrip(".")
        if word == "*" or host == domain or host.endswith(f".{domain}"):
            return True
    return False


def _is_loopback_v4(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isascii() and part.isdigit() for part in parts)


def _is_host(host: str) -> bool:
    """Whether ``host`` can be looked up as it stands: a name in ASCII, or an address."""
    return host.isascii() and all(character.isalnum() or character in "-._:%" for character in host)
