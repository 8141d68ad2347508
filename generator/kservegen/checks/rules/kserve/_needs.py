"""What fields ask for beside their object: a list of needs in, findings for those that nobody promises out."""

from collections.abc import Iterable
from typing import NamedTuple

from kservegen.checks.rules.base import Context, Problem, Problems
from kservegen.core.jsontypes import Path


class Need(NamedTuple):
    """An operator or an object, as `prerequisites` names it, and the field that asks for it; `key` is what of it."""

    promise: str
    path: Path
    reason: str
    key: str = ""


def unmet(needs: Iterable[Need], context: Context) -> Problems:
    """Report each need that the environment does not promise."""
    for promise, path, reason, key in needs:
        kind, *where = promise.split("/")
        found = (
            context.directory.look_up(kind=kind, namespace="".join(where[:-1]), name=where[-1])
            if where
            else context.directory.look_up_operator(promise)
        )
        if not found.is_there:
            what = f"the key {key} of {promise}" if key else promise
            message = f"{reason} needs {what}, which the environment does not promise"
            hint = f"Install it and add {promise} to prerequisites of the environment."
            yield Problem(path, message, allowed=promise, hint=hint, at_key=True, cause=what)
