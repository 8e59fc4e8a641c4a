"""Follows the pages about servers literally, on a Debian machine that has nothing but what Debian gives it.

``python -m tools.clean_machine FOLDER [PAGE ...]`` makes the machine in FOLDER (debootstrap) unless it is
there, starts it (systemd-nspawn, so it has a systemd of its own), clones this repository's last commit into
it, and does what a newcomer does who reads the pages from top to bottom: each line of each ``sh`` block is
typed into one login shell and must succeed, what a page says to write into a file is written there, and a
server that is started goes to another terminal and ends when the next one wants its port. It needs root, a
cgroup hierarchy, and Debian's packages debootstrap and systemd-container. What was typed and said is in
FOLDER.log.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = ("install", "share-plans-on-a-host", "secure-a-server", "run-on-postgresql")
PACKAGES: Final = (
    "ca-certificates,curl,dbus,git,man-db,nginx-light,openssl,postgresql,procps,python3,python3-venv,sudo,"
    "systemd,systemd-sysv"
)
MIRROR: Final = "http://deb.debian.org/debian"
HOST: Final = "athena"
USER: Final = "ada"
PATIENCE: Final = 600
"""Seconds for one line; the longest one installs packages."""

AFTER: Final = {
    "git kas version": ["git kas where > /dev/null"],
    "curl -f http://127.0.0.1:7433/v1/projects/shop/plans": [
        "test $(stat -c %a ~/.local/share/git-kas/plans.sqlite) = 600"
    ],
    "git kas serve --db plans.db": ["test $(stat -c %a ~/.config/git-kas/tokens) = 600"],
    "git kas serve --db plans.db --allowed-host plans.example.org": [
        "cat ~/chain.pem /etc/ssl/plans.pem > ~/trusted.pem",
        "curl -sf --cacert ~/trusted.pem https://plans.example.org/v1/ping",
        "export KAS_PROJECT=shop SSL_CERT_FILE=~/trusted.pem KAS_STORE=https://plans.example.org",
        "git kas plan create by-proxy",
        "timeout -s INT 75 git kas plan list --watch > ~/watched &",
        "sleep 65",  # past a long poll
        "KAS_STORE=http://127.0.0.1:7433 git kas plan create past-a-poll",
        "wait %timeout; test $? = 124",
        "grep -q past-a-poll ~/watched",
        "unset KAS_STORE KAS_PROJECT; export SSL_CERT_FILE=~/chain.pem",
    ],
    "sudo systemctl enable --now git-kas": [
        "curl -sf --retry 20 --retry-connrefused http://127.0.0.1:7433/healthz",
        "sudo systemctl is-active --quiet git-kas",
        "test $(sudo stat -c %a%U /var/lib/git-kas) = 700git-kas",
    ],
    "sudo systemctl restart git-kas": [
        "curl -sf --retry 20 --retry-connrefused --cacert ~/chain.pem https://athena:7433/healthz",
    ],
    "sudo -u postgres createdb --owner git-kas git-kas": ["git kas plan create brought-along"],
    "git kas import plans.json --store http://127.0.0.1:7433": [
        "KAS_STORE=http://127.0.0.1:7434 git kas plan list | grep -q brought-along",
    ],
}
"""What a page does not type: whether its line has done what the page says."""

_BLOCK: Final = re.compile(
    r"(?:^(?P<before>[^\n]+)\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_SERVES: Final = re.compile(r"^(sudo -u \S+ )?git[ -]kas serve\b")
_PORT: Final = re.compile(r"--port (\d+)")
_FILE: Final = re.compile(r"`(/etc/[\w./-]+)`")
_STARTS_A_SERVICE: Final = re.compile(r"systemctl (enable --now|restart) git-kas")
_ENTER: Final = ("nsenter", "-m", "-u", "-i", "-p", "-C", "-t")
_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_END: Final = "what was typed ended with"
_SITE: Final = """server {
    listen 443 ssl;
    server_name plans.example.org;
    ssl_certificate /etc/ssl/plans.pem;
    ssl_certificate_key /etc/ssl/plans.key;
%s}
"""
_CERTIFICATE: Final = (
    "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=plans.example.org "
    "-addext subjectAltName=DNS:plans.example.org -keyout /etc/ssl/plans.key -out /etc/ssl/plans.pem"
)


class NotFollowed(Exception):
    """A line of a page that failed; the text says which, and what it said."""


class Block(NamedTuple):
    """A block of a page: its language, its text, and the line before it."""

    language: str
    text: str
    before: str


def blocks(page: Path) -> Iterator[Block]:
    """All blocks of a page, in order."""
    for found in _BLOCK.finditer(page.read_text()):
        yield Block(found["language"], found["text"], found["before"] or "")


class Terminal:
    """A login shell in the machine of the process ``leader``; what it says goes to ``log``."""

    def __init__(self, leader: str, user: str, log: IO[str]) -> None:
        self._log = log
        self._servers: dict[str, str] = {}
        self._shell = subprocess.Popen(
            [*_ENTER, leader, "env", "-i", "TERM=dumb", _PATH, "runuser", "-l", user],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._keyboard = cast("IO[str]", self._shell.stdin)
        self._screen = cast("IO[str]", self._shell.stdout)
        self.type("set -m")  # what is put into the background is a job of its own, as in another terminal

    def type(self, line: str) -> str:
        """Type one line, and wait for its end; what it printed.

        Raises:
            NotFollowed: it failed.
        """
        self._log.write(f"$ {line}\n")
        self._keyboard.write(f"{{ {line}\n}} < /dev/null; ended=$?; echo; echo {_END} $ended\n")
        self._keyboard.flush()
        said: list[str] = []
        for answer in self._screen:
            if answer.startswith(_END):
                break
            said.append(answer)
            self._log.write(answer)
            self._log.flush()
        else:
            answer = f"{_END} the shell"
        if answer != f"{_END} 0\n":
            raise NotFollowed(f"{line}\n{''.join(said)}{answer}")
        return "".join(said)

    def serve(self, line: str) -> str:
        """Start a server in another terminal, in place of one on its port; the line that it prints."""
        port = found[1] if (found := _PORT.search(line)) else "7433"
        self.stop(port)
        output = f"~/serve-{port}"
        self.type(f"{line} > {output} 2> {output}.err & server_{port}=$!")
        self._servers[port] = output
        alive = f"sudo kill -0 $server_{port}"
        self.type(f"until grep ^Serving {output}; do {alive} || break; sleep 0.1; done")
        return self.type(f"cat {output}.err; grep ^Serving {output}")

    def stop(self, port: str) -> None:
        """Type Ctrl-C where the server on ``port`` runs, if one was started; it must end well."""
        if self._servers.pop(port, None):
            group = f"-$server_{port}"
            self.type(f"sudo kill -INT -- {group}; wait $server_{port}; test $? = 0 -o $? = 130")

    def stop_all(self) -> None:
        """End all servers."""
        for port in list(self._servers):
            self.stop(port)

    def close(self) -> None:
        """Leave the shell."""
        self._keyboard.close()
        self._shell.wait(PATIENCE)


class Reader:
    """Somebody who does what a page says."""

    def __init__(self, terminal: Terminal, as_root: Callable[[str], str]) -> None:
        self._terminal = terminal
        self._as_root = as_root
        self._served = ""
        self.lines = 0

    def follow(self, page: Path) -> None:
        """Do all of it.

        Raises:
            NotFollowed: a line failed.
        """
        self._terminal.type("cd ~/git-kas")
        for block in blocks(page):
            match block.language:
                case "sh":
                    self._type(block.text)
                case "ini":
                    self._write(_named_file(block), block.text)
                case "nginx":
                    self._as_root(_CERTIFICATE)
                    self._write("/etc/nginx/sites-enabled/plans", _SITE % block.text)
                    self._as_root("systemctl restart nginx")
                case "text" if "Serving" in block.text and block.text != self._served:
                    raise NotFollowed(f"{page.name} shows {block.text}and what is printed is {self._served}")
        self._terminal.stop_all()

    def _type(self, text: str) -> None:
        for line in filter(None, text.splitlines()):
            self.lines += 1
            if _STARTS_A_SERVICE.search(line):
                self._terminal.stop_all()
            if _SERVES.match(line):
                self._served = self._terminal.serve(line).strip() + "\n"
            elif line.startswith("curl -N"):
                self._terminal.type(f"timeout 3 {line} > ~/stream; grep '^event: change' ~/stream")
            else:
                self._terminal.type(line)
            for check in AFTER.get(line, ()):
                self._terminal.type(check)

    def _write(self, path: str, text: str) -> None:
        self._as_root(
            f"mkdir -p {shlex.quote(path.rpartition('/')[0])}; printf %s {shlex.quote(text)} > {path}"
        )


def _named_file(block: Block) -> str:
    found = _FILE.search(block.before)
    if found is None:
        raise NotFollowed(f"The page does not say where this is written:\n{block.text}")
    return found[1]


def make_machine(folder: Path) -> None:
    """Debian with what the pages take for granted."""
    if not (folder / "etc/debian_version").exists():
        subprocess.run(["debootstrap", f"--include={PACKAGES}", "bookworm", str(folder), MIRROR], check=True)
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", folder / "etc/ssl/certs/ca-certificates.crt")
    (folder / "etc/hostname").write_text(HOST + "\n")
    (folder / "etc/hosts").write_text(f"127.0.0.1 localhost plans.example.org\n127.0.1.1 {HOST}\n")
    (folder / "etc/pip.conf").write_text("[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n")
    subprocess.run(
        ["git", "-C", str(ROOT), "bundle", "create", "--quiet", str(folder / "srv/git-kas.bundle"), "HEAD"],
        check=True,
    )


@contextmanager
def running_machine(folder: Path) -> Iterator[str]:
    """Boot it; the id of its first process. What is written in it is gone with it."""
    command = ["systemd-nspawn", "--register=no", "--keep-unit", f"--machine={HOST}", "--volatile=overlay"]
    machine = subprocess.Popen(
        [*command, "--resolv-conf=copy-host", "--console=pipe", "-D", str(folder), "--boot"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    leader = ""
    try:
        leader = _booted(machine)
        yield leader
    finally:
        if leader:  # all of the machine ends with its first process; nothing in it is to be kept
            os.kill(int(leader), signal.SIGKILL)
        machine.wait(PATIENCE)


def _said(command: Sequence[str]) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def _booted(machine: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and machine.poll() is None:
        for leader in _said(["pgrep", "-P", str(machine.pid)]).split():
            if _said([*_ENTER, leader, "systemctl", "is-system-running"]).strip() in {"running", "degraded"}:
                return leader
        time.sleep(0.5)
    machine.terminate()
    raise NotFollowed("The machine does not start.")


def follow(pages: Sequence[str], folder: Path, log: IO[str]) -> int:
    """Follow the pages in a machine that is made anew; how many lines were typed.

    Raises:
        NotFollowed: a line failed.
    """
    make_machine(folder)
    with running_machine(folder) as leader:
        root = Terminal(leader, "root", log)
        root.type(f"useradd --create-home --shell /bin/bash {USER}")
        root.type(f"echo '{USER} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/{USER}")
        lines = 0
        for name in pages:
            terminal = Terminal(leader, USER, log)
            terminal.type("test -d ~/git-kas || git clone --quiet /srv/git-kas.bundle ~/git-kas")
            reader = Reader(terminal, root.type)
            reader.follow(ROOT / "docs/how-to" / f"{name}.md")
            terminal.close()
            root.type("! systemctl --quiet is-active git-kas || systemctl stop git-kas")
            print(f"{name}: {reader.lines} lines", flush=True)
            lines += reader.lines
        root.close()
    return lines


def main() -> int:
    """0 if every line of every page did what it says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the machine is kept")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"default: {' '.join(PAGES)}")
    chosen = parser.parse_args()
    begun = time.monotonic()
    with chosen.folder.with_suffix(".log").open("w") as log:
        try:
            lines = follow(chosen.pages or PAGES, chosen.folder, log)
        except NotFollowed as error:
            print(error, file=sys.stderr)
            return 1
    print(f"{lines} lines, each did what its page says, in {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
