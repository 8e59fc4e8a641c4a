"""The JSON Schema of what is said about the guard's hooks."""

from __future__ import annotations

from typing import Final

from git_kas.cli.schema_types import TEXT, YES_NO, Schema, described, list_of, object_of, one_of, or_null
from git_kas.domain.hook_layouts import Layout
from git_kas.domain.hook_status import Force, Trouble
from git_kas.domain.hooks import HookName
from git_kas.usecases.hooks import Effect

_LAYOUT: Final = described(one_of(Layout), "see docs/reference/hooks.md")

_CHANGES: Final = list_of(
    object_of(
        hook=one_of(HookName),
        effect=one_of(Effect),
        path=described(TEXT, "absolute path of our file, or of what has its name again"),
        layout=_LAYOUT,
        chained=described(or_null(TEXT), "absolute path of what our file runs, or of what has its name again"),
    )
)

HOOKS_DATA: Final[dict[str, Schema]] = {
    "hooks.install": {
        "anyOf": [_CHANGES, object_of(hook=one_of(HookName), script=described(TEXT, "with --print"))]
    },
    "hooks.status": list_of(
        object_of(
            hook=one_of(HookName),
            force=described(one_of(Force), "active, weak (not as configured now) or inactive"),
            path=TEXT,
            folder=described(TEXT, "where Git looks for hooks"),
            origin=described(or_null(TEXT), "what sets core.hooksPath"),
            place=_LAYOUT,
            layout=_LAYOUT,
            chained=or_null(TEXT),
            troubles=list_of(object_of(code=one_of(Trouble), meaning=TEXT, remedy=TEXT)),
            bypasses=described(list_of(TEXT), "what passes it by even if it is active"),
            own_way=described(or_null(TEXT), "what to write into the other tool's configuration"),
            in_force=YES_NO,
        )
    ),
    "hooks.uninstall": _CHANGES,
}
