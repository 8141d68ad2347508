"""What a pod may know of itself: references to its fields and resources in, what the API server refuses in them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import text
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.names import qualified_name_error
from kservegen.core.problem import Problem
from kservegen.core.quantity import canonical, parse_quantity
from kservegen.kubernetes.fields import required, unreadable

ENV_FIELDS: Final = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
VOLUME_FIELDS: Final = (
    "metadata.name",
    "metadata.namespace",
    "metadata.labels",
    "metadata.annotations",
    "metadata.uid",
)
# An old name that is still read.
_OLD_NAMES: Final = {"spec.host": "spec.nodeName"}
_RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")
_PAGES: Final = "hugepages-"
_CPU_DIVISORS: Final = frozenset({"1m", "1"})
_SIZE_DIVISORS: Final = frozenset({"1", *(f"1{unit}" for unit in "k M G T P E Ki Mi Gi Ti Pi Ei".split())})


def field_reference(value: JsonValue, path: Path, allowed: tuple[str, ...]) -> Iterator[Problem]:
    """Check a `fieldRef`: which fields are known differs between variables and volumes."""
    if not isinstance(value, dict):
        return
    version, field = value.get("apiVersion"), text(value.get("fieldPath"))
    if version and version != "v1":
        yield Problem((*path, "apiVersion"), f"unsupported pod version {version}", str(version), "v1")
    yield from required(value, "fieldPath", path)
    if not field:
        return
    name, bracket, key = field.removesuffix("']").partition("['")
    if bracket and name and field.endswith("']"):
        yield from _labelled(name, key, field, (*path, "fieldPath"))
    elif _OLD_NAMES.get(field, field) not in allowed:
        yield Problem((*path, "fieldPath"), f"unsupported field {field!r} of the pod", field, ", ".join(allowed))


def _labelled(name: str, key: str, field: str, path: Path) -> Iterator[Problem]:
    if name not in {"metadata.annotations", "metadata.labels"}:
        yield Problem(path, f"{name} does not support subscript", field)
    elif reason := qualified_name_error(key.lower() if name == "metadata.annotations" else key):
        yield Problem(path, f"the key {key!r} is refused: {reason}", field)


def resource_reference(value: JsonValue, path: Path, *, of_volume: bool) -> Iterator[Problem]:
    """Check a `resourceFieldRef`; one of a volume has to name its container."""
    if not isinstance(value, dict):
        return
    if of_volume and not value.get("containerName"):
        yield from required(value, "containerName", path)
        return
    yield from required(value, "resource", path)
    written = text(value.get("resource"))
    side, _, name = written.partition(".")
    if written and (side not in {"limits", "requests"} or not (name in _RESOURCES or name.startswith(_PAGES))):
        allowed = ", ".join(f"{side}.{name}" for side in ("limits", "requests") for name in _RESOURCES)
        yield Problem((*path, "resource"), f"unsupported resource {written!r}", written, allowed)
        return
    divisors = _CPU_DIVISORS if name == "cpu" else _SIZE_DIVISORS
    yield from _divisor(value.get("divisor"), (*path, "divisor"), name, divisors)


def _divisor(value: JsonValue, path: Path, name: str, allowed: frozenset[str]) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return
    yield from unreadable(path, "divisor", value)
    quantity = parse_quantity(value)
    if quantity is not None and quantity.sign and canonical(value) not in allowed:
        known = ", ".join(sorted(allowed))
        yield Problem(path, f"{canonical(value)} is no divisor of {name}", str(value), known)
