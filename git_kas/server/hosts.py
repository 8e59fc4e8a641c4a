"""Which names a server answers to: pages of other sites must not reach it through a visitor's browser."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from git_kas.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OWN: Final = frozenset({"localhost"})


class HostCheck:
    """Accepts addresses, ``localhost`` and ``allowed`` names as ``Host``, and as ``Origin`` only that host.

    An attacker's page can make its own name point here (DNS rebinding), but it cannot pass for an address.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = _OWN | {name.lower().rstrip(".") for name in allowed if name}

    def check(self, environ: Mapping[str, Any]) -> None:
        """Refuse a request that some other site's page has sent.

        Raises:
            NotAllowed: it has.
        """
        host: str | None = environ.get("HTTP_HOST")
        if host is not None and not self._is_ours(host):
            raise NotAllowed(
                "The request is for a host name that this server does not answer to.",
                next_step="Start the server with --allowed-host NAME.",
            )
        origin: str | None = environ.get("HTTP_ORIGIN")
        if origin is not None and origin.lower() not in _origins(host):
            raise NotAllowed(
                "The request comes from a page of another site.", next_step="Ask the server directly."
            )

    def _is_ours(self, host: str) -> bool:
        name = _without_port(host)
        return name in self._allowed or _is_address(name)


def _origins(host: str | None) -> set[str]:
    return {f"{scheme}://{host.lower()}" for scheme in ("http", "https")} if host else set()


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
