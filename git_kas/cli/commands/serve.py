"""``git kas serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import count
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.serving import BIND, PORT, WATCHERS, ServeOptions, Serving

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from git_kas.app import App
    from git_kas.serving import Server

_ROLES = ("read", "agent", "user", "admin")

DESCRIPTION = (
    "Serve the plans of many projects over HTTP, out of one database. One line says where; then requests are\n"
    "answered until Ctrl-C or SIGTERM, and those that have begun are finished.\n"
    "Without --bind only this machine can reach it. Whoever asks needs a token; the first start makes one for\n"
    "you, where git kas looks for it. With --no-auth everybody who reaches the server may change plans."
)
EXAMPLES = (
    ("git kas serve", "serve your own database to those who have a token"),
    ("git kas serve --no-auth --db plans.db --port 8000", "serve a file"),
    (
        "git kas serve --cert athena.pem --key athena.key --bind 0.0.0.0 --allowed-host athena",
        "serve over HTTPS",
    ),
    ("git kas serve --no-auth=read --bind 0.0.0.0 --allowed-host athena", "show plans to the network"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "--port", type=count, default=PORT, metavar="N", help=f"default {PORT}; 0 is any free one"
    )
    parser.add_argument("--bind", default=BIND, metavar="ADDRESS", help=f"where to listen; default {BIND}")
    parser.add_argument(
        "--db",
        metavar="PATH|URL",
        help="a SQLite file or the URL of a store; default: git-kas/plans.sqlite in the user's data folder",
    )
    parser.add_argument(
        "--no-auth",
        nargs="?",
        const="user",
        choices=_ROLES,
        metavar="ROLE",
        help=f"ask nobody for a token; everybody is a user, or a ROLE: {', '.join(_ROLES)}",
    )
    parser.add_argument(
        "--cert",
        metavar="FILE",
        help="a certificate (PEM, with its chain), to serve HTTPS and HTTP/2; with --key",
    )
    parser.add_argument("--key", metavar="FILE", help="the key of --cert (PEM, without a passphrase)")
    _of_changes(parser)
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a host name that requests may be for, beside addresses and localhost; may be repeated",
    )
    parser.add_argument(
        "--max-watchers",
        type=count,
        default=WATCHERS,
        metavar="N",
        help=f"how many requests may wait for changes at once; default {WATCHERS}",
    )


def _of_changes(parser: argparse.ArgumentParser) -> None:
    """What may be changed, and how."""
    parser.add_argument("--read-only", action="store_true", help="refuse every change")
    parser.add_argument(
        "--strict", action="store_true", help="replace no plan or text without If-Match: 428 (RFC 6585)"
    )


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    server = Serving(app).open(
        ServeOptions(
            arguments.port,
            arguments.bind,
            arguments.db,
            arguments.no_auth,
            arguments.read_only,
            arguments.allowed_host,
            arguments.max_watchers,
            arguments.cert,
            arguments.key,
            arguments.strict,
        )
    )
    data = {"url": server.url, "database": server.database}
    text = f"Serving {printable(server.database)} at {server.url}\n"
    aside = f"A token for you is in {printable(server.token_file)}.\n" if server.token_file else ""
    return Result(
        "serve", lambda: data, lambda _: text, server.warnings, more=_until_the_end(server), aside=aside
    )


def _until_the_end(server: Server) -> Iterator[Result]:
    """Serve; nothing more is said."""
    server.run()
    yield from ()
