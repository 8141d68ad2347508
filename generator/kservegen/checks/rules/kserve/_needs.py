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
        if not context.directory.look_up_promise(promise).is_there:
            what = f"the key {key} of {promise}" if key else promise
            if context.environment:
                absent = "which the environment does not promise"
                hint = f"Install it and add {promise} to prerequisites of the environment."
            else:
                absent = "which manifests do not bring"
                hint = f"If the cluster has it, say so: --assume {promise}."
            message = f"{reason} needs {what}, {absent}"
            promised = "" if key else promise
            yield Problem(path, message, allowed=promise, hint=hint, at_key=True, cause=what, promise=promised)
