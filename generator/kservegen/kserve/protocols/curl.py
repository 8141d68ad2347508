"""A request as a command that can be pasted into a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable

from kservegen.core.jsontypes import JsonValue


def curl(address: str, body: JsonValue, headers: Iterable[str] = (), options: Iterable[str] = ()) -> list[str]:
    """Write the lines of a curl command. `address` and `headers` are quoted for the shell already."""
    stated = " ".join(f"-H {header}" for header in ("'Content-Type: application/json'", *headers))
    first = " ".join(["curl -sS", *options, address, stated])
    return [f"{first} \\", f"  -d {shlex.quote(json.dumps(body, ensure_ascii=False))}"]
