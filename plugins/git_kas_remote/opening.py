"""Opens what a URL names; nothing is sent yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas_remote.address import parse_address, proxy_for
from git_kas_remote.store import RemoteStore
from git_kas_remote.token import find_token
from git_kas_remote.transport import Transport

if TYPE_CHECKING:
    from git_kas.ports.store import StoreRequest


def open_store(request: StoreRequest) -> RemoteStore:
    """The store of one project on the server that ``request.url`` names.

    Raises:
        UsageError: the URL names no server that can be asked, or the project has no name that can be sent.
        InvalidConfiguration: the token that is configured cannot be used.
    """
    address = parse_address(request.url)
    token = find_token(address, request.environment)
    proxy = proxy_for(address, request.environment)
    transport = Transport(address, token, proxy, request.repository_id)
    return RemoteStore(transport, request.project)
