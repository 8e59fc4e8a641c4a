"""A stand-in for ``gh``: an executable that answers the calls we make as GitHub's command line documents them.

What each answer's shape is taken from (no real forge was reached, and no real gh was run):

- options of ``gh pr create`` (``--head --base --title --body-file - --draft``; the URL on standard output; a
  pull request that exists already: exit 1, with a message that ends in its URL): the manual page
  cli.github.com/manual/gh_pr_create, and ``pkg/cmd/pr/create/create.go`` of github.com/cli/cli.
- options of ``gh pr list`` (``--head --state --limit --json``), newest first, and the JSON fields with
  ``mergeCommit`` null or ``{"oid": …}``, ``autoMergeRequest`` null or an object, and states in capitals:
  cli.github.com/manual/gh_pr_list, its section JSON FIELDS, and ``gh help formatting``.
- exit statuses 0, 1, 2, 4 (4: authentication): ``gh help exit-codes``; texts of a refused login, a rate limit
  and a network that is down: ``cmd/gh`` and ``api`` of github.com/cli/cli.

It keeps pull requests in ``$STAND_IN_GH/requests.json``, appends each call to ``calls.jsonl``, and looks up
heads in the bare repository ``$STAND_IN_GH/remote.git``. The file ``mode`` makes it fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

STATE = Path(os.environ["STAND_IN_GH"])
FIELDS = {
    "autoMergeRequest",
    "baseRefName",
    "headRefName",
    "headRefOid",
    "isCrossRepository",
    "isDraft",
    "mergeCommit",
    "number",
    "state",
    "url",
}
FAILURES = {
    "logged-out": (4, "To get started with GitHub CLI, please run:  gh auth login\n"),
    "bad-token": (
        1,
        "HTTP 401: Bad credentials (https://api.github.com/graphql)\nTry authenticating with:  gh auth login\n",
    ),
    "rate-limited": (1, "GraphQL: API rate limit exceeded for user ID 1.\n"),
    "forbidden": (1, "GraphQL: Resource not accessible by personal access token (createPullRequest)\n"),
    "offline": (
        1,
        "error connecting to api.github.com\ncheck your internet connection or https://githubstatus.com\n",
    ),
    "leaky": (1, f"something about {os.environ.get('GH_TOKEN', '')} and ghp_{'a1B2' * 9} went wrong\n"),
}


def main() -> int:
    arguments = sys.argv[1:]
    given = sys.stdin.read()
    with (STATE / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps({"arguments": arguments, "stdin": given, "cwd": os.getcwd()}) + "\n")
    mode = (STATE / "mode").read_text().strip() if (STATE / "mode").exists() else ""
    if mode in FAILURES:
        status, text = FAILURES[mode]
        sys.stderr.write(text)
        return status
    if mode in {"garbage", "not-a-list", "no-oid"} and arguments[:2] == ["pr", "list"]:
        print({"garbage": "<html>", "not-a-list": '{"message": "no"}', "no-oid": '[{"number": 1}]'}[mode])
        return 0
    if os.environ.get("GH_PROMPT_DISABLED") != "1":
        sys.stderr.write("the stand-in waits for an answer to a prompt\n")
        return 2
    options = parse(arguments[2:])
    if arguments[:2] == ["pr", "create"]:
        return create(options, given)
    if arguments[:2] == ["pr", "list"]:
        return list_requests(options)
    sys.stderr.write(f'unknown command {arguments[0]!r} for "gh"\n')
    return 1


def parse(arguments: list[str]) -> dict[str, str]:
    """Options as pflag reads them; a switch has the value ``true``."""
    options = {}
    for word in arguments:
        name, separator, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or (separator != "=" and name != "draft"):
            sys.stderr.write(f"unknown argument {word!r}\n")
            sys.exit(1)
        options[name] = value if separator else "true"
    return options


def requests() -> list[dict[str, Any]]:
    path = STATE / "requests.json"
    found: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return found


def tip(branch: str) -> str:
    finished = subprocess.run(
        [
            "git",
            "--git-dir",
            str(STATE / "remote.git"),
            "rev-parse",
            "--verify",
            "--quiet",
            f"refs/heads/{branch}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.stdout.strip()


def create(options: dict[str, str], body: str) -> int:
    known = requests()
    head, base = options["head"], options["base"]
    for request in known:
        if (request["headRefName"], request["baseRefName"], request["state"]) == (head, base, "OPEN"):
            sys.stderr.write(
                f'a pull request for branch "{head}" into branch "{base}" already exists:\n{request["url"]}\n'
            )
            return 1
    if not tip(head):
        sys.stderr.write(
            "aborted: you must first push the current branch to a remote, or use the --head flag\n"
        )
        return 1
    number = len(known) + 1
    url = f"https://github.invalid/ada/project/pull/{number}"
    known.append(
        {
            "number": number,
            "url": url,
            "state": "OPEN",
            "headRefName": head,
            "baseRefName": base,
            "isDraft": "draft" in options,
            "isCrossRepository": False,
            "mergeCommit": None,
            "autoMergeRequest": None,
            "title": options["title"],
            "body": body if options["body-file"] == "-" else "",
        }
    )
    (STATE / "requests.json").write_text(json.dumps(known))
    print(url)
    return 0


def list_requests(options: dict[str, str]) -> int:
    wanted = options["json"].split(",")
    if unknown := set(wanted) - FIELDS:
        sys.stderr.write(f"Unknown JSON field: {unknown}\n")
        return 1
    found = []
    for request in reversed(requests()):
        if options.get("head") not in {None, request["headRefName"]}:
            continue
        if options["state"] != "all" and request["state"].lower() != options["state"]:
            continue
        request.setdefault("headRefOid", tip(request["headRefName"]))
        found.append({field: request[field] for field in wanted})
    print(json.dumps(found[: int(options["limit"])]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
