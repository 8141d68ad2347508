"""Looking for a variable: a container and a name in, its position in `env` out."""

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject


def variable(container: JsonObject, name: str) -> int | None:
    """Find the first variable of a name; None where there is none."""
    if "env" not in container:
        return None
    for index, item in enumerate(sequence(container.get("env"))):
        if mapping(item).get("name") == name:
            return index
    return None
