"""The files in which a user configures git-kas, and those of the earlier system, which count after them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from git_kas.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OUR_FILE: Final = os.path.join("git-kas", "config.toml")
_EARLIER_FOLDER: Final = (".config", "kasmos")
_EARLIER_FILES: Final = ("config.toml", "config.json")
"""The first counts before the second (ORIGIN 2.3)."""


def read_user_files(environment: Mapping[str, str]) -> list[tuple[Mapping[str, object], str]]:
    """What the user's files say, those that count first before the others, each with its path.

    Raises:
        InvalidConfiguration: one cannot be read or parsed.
    """
    return [(_parse(data, path), path) for path, data in _existing(user_files(environment))]


def _parse(data: bytes, path: str) -> Mapping[str, object]:
    values = _parse_json(data, path) if path.endswith(".json") else parse_toml(data, path)
    if path.endswith(OUR_FILE):
        return values
    return {key: value for key, value in values.items() if value not in ("", None)}  # empty: not set, as there


def user_files(environment: Mapping[str, str]) -> list[str]:
    """The user's configuration files that may exist, ours before the earlier system's (ORIGIN 2.3)."""
    home = environment.get("HOME") or environment.get("USERPROFILE", "")
    folder = environment.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):  # the XDG Base Directory Specification has relative paths ignored
        folder = os.path.join(home, ".config") if home else ""
    if not folder:
        return []
    earlier = [os.path.join(home, *_EARLIER_FOLDER, name) for name in _EARLIER_FILES] if home else []
    return [os.path.join(folder, OUR_FILE), *earlier]


def _existing(paths: Sequence[str]) -> list[tuple[str, bytes]]:
    found = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                found.append((path, file.read()))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise InvalidConfiguration(
                f"{path} cannot be read: {error.strerror}.", next_step="Make it readable, or remove it."
            ) from error
    return found


def _parse_json(data: bytes, place: str) -> dict[str, Any]:
    """The object in a file of the earlier system."""
    import json

    try:
        values = json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise InvalidConfiguration(
            f"{place}:{error.lineno}:{error.colno}: this is not JSON: {error.msg}.",
            next_step="Mend that line.",
        ) from error
    except (ValueError, RecursionError) as error:  # not UTF-8; nested too deeply; a number of too many digits
        raise InvalidConfiguration(f"{place} is not JSON in UTF-8.", next_step="Mend that file.") from error
    if not isinstance(values, dict):
        raise InvalidConfiguration(f"{place} holds no JSON object.", next_step="Mend that file.")
    return values


def parse_toml(data: bytes, place: str) -> dict[str, Any]:
    """The table in a file.

    Raises:
        InvalidConfiguration: it is not TOML in UTF-8.
    """
    import tomli

    try:
        return tomli.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidConfiguration(
            f"{place} is not valid UTF-8 (byte {error.start + 1}).", next_step="Save it as UTF-8."
        ) from error
    except tomli.TOMLDecodeError as error:
        raise InvalidConfiguration(
            f"{place}:{error.lineno}:{error.colno}: this is not TOML: {error.msg}.",
            next_step="Mend that line.",
        ) from error
    except (RecursionError, ValueError) as error:  # nested too deeply; a number of too many digits
        raise InvalidConfiguration(
            f"{place} cannot be read: {str(error).split(';')[0]}.", next_step="Mend that file."
        ) from error
