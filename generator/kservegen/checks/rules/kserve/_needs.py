"""What fields ask for beside their object: a list of needs in, findings for those that nobody promises out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kservegen.checks.rules.base import Context
from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import Path


class Need(NamedTuple):
    """An operator or an object, as `prerequisites` names it, and the field that asks for it."""

    promise: str
    path: Path
    reason: str


def unmet(rule: str, needs: Iterable[Need], context: Context) -> Iterator[Finding]:
    """Report each need that the environment does not promise."""
    for promise, path, reason in needs:
        if promise not in context.prerequisites:
            yield Finding(
                rule=rule,
                path=path,
                message=f"{reason} needs {promise}, which the environment does not promise",
                hint=f"Install it and add {promise} to prerequisites of the environment.",
                allowed=promise,
                at_key=True,
            )
