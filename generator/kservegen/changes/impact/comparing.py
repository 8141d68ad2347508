"""Two documents in; the paths out at which they mean something else to Kubernetes, however they are spelt.

KServe's webhooks and controllers read an object into Go types and write those: `1000m` becomes `"1"`, an empty list, an
empty text and a null become nothing, and what the API server would fill in anyway makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.catalog.merge import MERGE_KEYS
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonArray, JsonValue, Path
from kservegen.core.quantity import canonical, parse_quantity

# Maps whose values are amounts, and single amounts.
_AMOUNTS: Final = frozenset({"requests", "limits", "overhead"})
_AMOUNT: Final = frozenset({"sizeLimit", "divisor"})
# Maps of people's own words: an empty text is a value there.
_OWN_WORDS: Final = frozenset({"labels", "annotations", "nodeSelector", "matchLabels"})
# Maps that say nothing where they are empty; others do (`emptyDir: {}`, `scheduler: {}`).
_HOLLOW: Final = _OWN_WORDS | _AMOUNTS | {"resources", "metadata", "metadataHeaders", "parameters"}
# Switches that Go leaves out where they are off.
_OFF: Final = frozenset({"hostIPC", "hostNetwork", "hostPID", "readOnly", "stdin", "stdinOnce", "tty"})
# What the API server or KServe fills in where it is left out, whoever says so.
_USUAL: Final[dict[str, JsonValue]] = {"defaultMode": 420, "protocol": "TCP"}
# The same in the pods of an InferenceService; below those of an LLM service lies a preset, which says other things.
_USUAL_OF_PODS: Final[dict[str, JsonValue]] = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
}
# The same in its containers, but for a model: its words stand over what its runtime says.
_USUAL_OF_CONTAINERS: Final[dict[str, JsonValue]] = {
    "failureThreshold": 3,
    "imagePullPolicy": "IfNotPresent",
    "periodSeconds": 10,
    "scheme": "HTTP",
    "successThreshold": 1,
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "timeoutSeconds": 1,
}
_COMPONENTS: Final = frozenset({"predictor", "transformer", "explainer"})
_WORKLOADS: Final = frozenset({"template", "worker", "prefill"})


def differences(before: JsonValue, after: JsonValue, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of what differs: of the value after the change, or where it stood before."""
    before, after = _meaning(before, path), _meaning(after, path)
    if before == after and isinstance(before, bool) == isinstance(after, bool):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from differences(before.get(key), after.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _in_lists(before, after, path)
    elif path and path[-1] in _OWN_WORDS:
        yield from ((*path, key) for key in {**mapping(before), **mapping(after)})
    else:
        yield path


def _meaning(value: JsonValue, path: Path) -> JsonValue:
    """Return what a value comes to: None where it is as good as left out."""
    if value is None or value == []:
        return None
    key = path[-1] if path else ""
    parent = path[-2] if len(path) > 1 else ""
    if value == {}:
        return None if key in _HOLLOW or _is_usual(value, path) else value
    if parent in _OWN_WORDS or isinstance(key, int):
        return value
    if value == "" or (value is False and key in _OFF) or _is_usual(value, path):
        return None
    if (parent in _AMOUNTS or key in _AMOUNT) and isinstance(value, (str, int, float)):
        return canonical(value) if parse_quantity(value) is not None else value
    return value


def _is_usual(value: JsonValue, path: Path) -> bool:
    """Whether a value is what stands there anyway (seen with KServe v0.19.0 on Kubernetes 1.34)."""
    key = str(path[-1]) if path else ""
    if _USUAL.get(key) == value:
        return True
    if len(path) < 3:
        return False
    if path[1] not in _COMPONENTS:
        # What KServe's presets say of the server's container.
        return key == "imagePullPolicy" and value == "IfNotPresent" and path[1] in _WORKLOADS
    if len(path) == 3:
        return key in _USUAL_OF_PODS and _USUAL_OF_PODS[key] == value
    of_container = path[2] in {"containers", "initContainers"}
    return of_container and key in _USUAL_OF_CONTAINERS and _USUAL_OF_CONTAINERS[key] == value


def _in_lists(before: JsonArray, after: JsonArray, path: Path) -> Iterator[Path]:
    keys = _identities(before, path), _identities(after, path)
    if keys[0] is not None and keys[1] is not None:
        yield from _in_keyed(dict(zip(keys[0], before, strict=True)), dict(zip(keys[1], after, strict=True)), path)
    elif len(before) != len(after):
        yield path
    else:
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from differences(*pair, (*path, index))


def _in_keyed(before: dict[str, JsonValue], after: dict[str, JsonValue], path: Path) -> Iterator[Path]:
    for index, (key, item) in enumerate(after.items()):
        if key in before:
            yield from differences(before[key], item, (*path, index))
        else:
            yield (*path, index)
    kept = [key for key in before if key in after]
    if len(kept) < len(before) or kept != [key for key in after if key in before]:
        yield path


def _identities(items: JsonArray, path: Path) -> list[str] | None:
    """Return what tells the items of a list apart; None where nothing does for certain."""
    words = MERGE_KEYS.get(str(path[-1])) if path else None
    if words is None:
        return None
    found: list[str] = []
    for item in items:
        if not isinstance(item, dict):
            return None
        found.append(repr(tuple(item.get(word, usual) for word, usual in words)))  # a map where a key belongs, too
    return found if len(set(found)) == len(found) else None
