"""What a pod and its containers ask for: amounts and claims in, what the API server refuses in them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from kservegen.core.diagnostics import Counterpart
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import label_error, qualified_name_error, subdomain_error
from kservegen.core.problem import Problem
from kservegen.core.quantity import Quantity, parse_quantity
from kservegen.kubernetes.fields import ContainerPlace, FieldPlace, lawful, maps, required, unique, unreadable

HUGE_PAGES: Final = "hugepages-"
ORDINARY_RESOURCES: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_QUOTA_PREFIX: Final = "requests."
_WHOLE: Final = ("cpu", "memory")
_SIDES: Final = ("limits", "requests")
_NAMES: Final = "cpu, memory, ephemeral-storage, hugepages-<size> or a name with a domain"


@lru_cache(maxsize=1024)
def is_extended(name: str) -> bool:
    """Whether a resource is counted in whole pieces and never overcommitted: GPUs and their like."""
    # Not a question of whole domains: what holds `kubernetes.io/` anywhere counts as Kubernetes' own.
    return "/" in name and "kubernetes.io/" not in name


@lru_cache(maxsize=1024)
def resource_name_error(name: str) -> str | None:
    """Check what a container's resource is called."""
    if reason := qualified_name_error(name):
        return reason
    if "/" not in name:
        known = name in ORDINARY_RESOURCES or name.startswith(HUGE_PAGES)
        return None if known else "it is neither one of Kubernetes' own resources nor one with a domain"
    # A quota writes `requests.` in front of it, which has to stay a name.
    if is_extended(name) and (name.startswith(_QUOTA_PREFIX) or qualified_name_error(_QUOTA_PREFIX + name)):
        return "it does not follow the standard of extended resources' names"
    return None


_COUNTABLE: Final = "at most 9223372036854775807 (2^63-1)"


class Amount(Struct, frozen=True):
    """One line of a container's `requests` or `limits`; `quantity` is None where the value is none.

    `limit` is what the same container limits a request to; a limit has none itself.
    """

    at: ContainerPlace
    side: Literal["requests", "limits"]
    name: str
    value: JsonValue
    quantity: Quantity | None
    limit: Amount | None = None

    @property
    def path(self) -> Path:
        """Where the value stands; the rare problem asks, so it is not kept."""
        return (*self.at.path, "resources", self.side, self.name)


def amounts_in(at: ContainerPlace) -> list[Amount]:
    """List what one container requests and is limited to, limits first."""
    resources = at.container.get("resources")
    if not isinstance(resources, dict):
        return []
    found: list[Amount] = []
    limits: dict[str, Amount] = {}
    listed = resources.get("limits")
    if isinstance(listed, dict):
        for name, value in listed.items():
            limits[name] = limit = Amount(at, "limits", name, value, _quantity(value))
            found.append(limit)
    listed = resources.get("requests")
    if isinstance(listed, dict):
        for name, value in listed.items():
            found.append(Amount(at, "requests", name, value, _quantity(value), limits.get(name)))
    return found


def _quantity(value: JsonValue) -> Quantity | None:
    return parse_quantity(value) if isinstance(value, (str, int, float)) else None


def unreadable_amounts(amounts: Iterable[Amount]) -> Iterator[Problem]:
    """Check that amounts are quantities."""
    for amount in amounts:
        if amount.quantity is None:
            yield from unreadable(amount.path, amount.name, amount.value)


def negative_amounts(amounts: Iterable[Amount]) -> Iterator[Problem]:
    """Check that nothing is asked for less than nothing of."""
    for amount in amounts:
        if amount.quantity is not None and amount.quantity.unscaled < 0:
            yield _problem(amount, f"{amount.name} in {amount.side} is negative", "0 and more")


def uncountable_amounts(amounts: Iterable[Amount]) -> Iterator[Problem]:
    """Check that amounts fit into the 64 bits that Kubernetes counts with."""
    for amount in amounts:
        if amount.quantity is not None and not amount.quantity.is_countable:
            yield _problem(amount, f"{amount.name} in {amount.side} is more than Kubernetes counts with", _COUNTABLE)


def requests_over_limits(amounts: Iterable[Amount]) -> Iterator[Problem]:
    """Check that requests stay within limits."""
    for amount in amounts:
        limit = amount.limit
        if limit is None or limit.value == amount.value or amount.quantity is None or limit.quantity is None:
            continue
        if amount.quantity.compare(limit.quantity) > 0 and not is_extended(amount.name):
            found = _problem(
                amount, f"{amount.name} is requested beyond its limit", f"at most the limit of {limit.value}"
            )
            yield found._replace(other=Counterpart(limit.path, f"the limit of {amount.name} is set here"))


def resource_names(amounts: Iterable[Amount]) -> Iterator[Problem]:
    """Check what resources are called."""
    for amount in amounts:
        name = amount.name
        if reason := resource_name_error(name):
            yield Problem(amount.path, f"there is no resource {name!r}: {reason}", name, _NAMES, at_key=True)


def extended_resources(amounts: Iterable[Amount], lent: Callable[[Amount], bool] | None = None) -> Iterator[Problem]:
    """Check GPUs and their like; `lent` says of a request without a limit whether the other half brings that."""
    for amount in amounts:
        name, limit, quantity = amount.name, amount.limit, amount.quantity
        if not is_extended(name):
            continue
        if quantity is not None and not quantity.is_whole:
            yield _problem(amount, f"{name} cannot be divided", "a whole number")
        if amount.side == "limits":
            continue
        if limit is None:
            if lent is None or not lent(amount):
                yield _problem(amount, f"{name} is requested without a limit", "a limit of the same amount")
        elif quantity is not None and limit.quantity is not None and quantity.compare(limit.quantity):
            yield _problem(amount, f"{name} is not requested as it is limited", f"the limit of {limit.value}")


def huge_pages(amounts: Iterable[Amount]) -> Iterator[Problem]:
    """Check huge pages: whole, requested as limited, beside cpu or memory."""
    for amount in amounts:
        if amount.name.startswith(HUGE_PAGES) and amount.quantity is not None:
            yield from _pages(amount, amount.quantity, partial=amount.at.pod.partial)


def _pages(amount: Amount, quantity: Quantity, *, partial: bool) -> Iterator[Problem]:
    name, limit = amount.name, amount.limit
    if not _divides(name, quantity):
        yield _problem(amount, f"{amount.value} is not a multiple of {name}", "whole pages")
    if amount.side == "requests" and limit is None and not partial:
        yield _problem(amount, f"{name} is requested without a limit", "a limit of the same amount")
    elif limit is not None and limit.quantity is not None and quantity.compare(limit.quantity):
        yield _problem(amount, f"{name} is not requested as it is limited", f"the limit of {limit.value}")
    if not partial and not any(other.name in _WHOLE for other in amounts_in(amount.at)):
        yield _problem(amount, "huge pages require cpu or memory", "")


@lru_cache(maxsize=256)
def _divides(name: str, quantity: Quantity) -> bool:
    page = parse_quantity(name.removeprefix(HUGE_PAGES))
    if page is None or page.sign <= 0 or not page.is_whole:
        return False
    return quantity.value % page.value == 0


def _problem(amount: Amount, message: str, allowed: str) -> Problem:
    return Problem(amount.path, message, str(amount.value), allowed)


def pod_resources(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `resources` of the pod as a whole, by itself and beside its containers'."""
    resources, path = mapping(value), place.path
    if resources.get("claims") is not None:
        yield Problem((*path, "claims"), "claims may not be set for resources of a pod", at_key=True)
    for side in _SIDES:
        for name, amount in mapping(resources.get(side)).items():
            yield from unreadable((*path, side, name), name, amount)
        for name, quantity, at in _pod_amounts(resources, side, path):
            if name not in _WHOLE and not name.startswith(HUGE_PAGES):
                yield Problem(at, f"unsupported resource {name!r} of a pod", name, "cpu, memory, hugepages-<size>")
            elif quantity.sign < 0:
                yield Problem(at, f"{name} in {side} is negative", quantity.text, "0 and more")
    yield from _within_limits(resources, path)
    yield from _with_containers(resources, place)


def _within_limits(resources: JsonObject, path: Path) -> Iterator[Problem]:
    limits = {name: quantity for name, quantity, _ in _pod_amounts(resources, "limits", path)}
    for name, quantity, at in _pod_amounts(resources, "requests", path):
        limit = limits.get(name)
        if limit is not None and quantity.compare(limit) > 0:
            yield Problem(at, f"{name} is requested beyond its limit", quantity.text, f"at most {limit.text}")


def _with_containers(resources: JsonObject, place: FieldPlace) -> Iterator[Problem]:
    running = [mapping(c.get("resources")) for c, _ in maps(place.pod.spec.get("containers"), ())]
    for name, quantity, at in _pod_amounts(resources, "requests", place.path):
        total = sum((amount.value for own in running for amount in _of(own, "requests", name)), Fraction(0))
        if total > quantity.value:
            message = f"{name} must cover what the containers request together"
            yield Problem(at, message, quantity.text)
    for name, quantity, at in _pod_amounts(resources, "limits", place.path):
        if any(amount.compare(quantity) > 0 for own in running for amount in _of(own, "limits", name)):
            yield Problem(at, f"{name} must be at least the limit of every container", quantity.text)


def _of(resources: JsonObject, side: str, wanted: str) -> list[Quantity]:
    return [quantity for name, quantity, _ in _pod_amounts(resources, side, ()) if name == wanted]


def _pod_amounts(resources: JsonObject, side: str, path: Path) -> Iterator[tuple[str, Quantity, Path]]:
    for name, value in mapping(resources.get(side)).items():
        if isinstance(value, (str, int, float)) and (quantity := parse_quantity(value)) is not None:
            yield name, quantity, (*path, side, name)


def overhead(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `overhead`."""
    for name, amount in mapping(value).items():
        yield from unreadable((*place.path, name), name, amount)
    for name, quantity, at in _pod_amounts({"overhead": value}, "overhead", place.path[:-1]):
        if reason := resource_name_error(name):
            yield Problem(at, f"there is no resource {name!r}: {reason}", name, at_key=True)
        elif quantity.sign < 0:
            yield Problem(at, f"{name} is negative", quantity.text, "0 and more")
        elif is_extended(name) and not quantity.is_whole:
            yield Problem(at, f"{name} cannot be divided", quantity.text, "a whole number")


_TARGETS: Final = ("resourceClaimName", "resourceClaimTemplateName")


def resource_claims(value: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    """Check `resourceClaims`: names, and one target each."""
    yield from unique(value, place, "resource claims", label_error)
    for claim, path in maps(value, place.path):
        given = [field for field in _TARGETS if claim.get(field) is not None]
        if len(given) != 1:
            message = "must specify one of resourceClaimName and resourceClaimTemplateName"
            yield Problem(path, message, " ".join(given))
        for field in given:
            if claim.get(field) == "":
                yield from required(claim, field, path)
            yield from lawful(claim, field, path, subdomain_error)


def claim_uses(value: JsonValue, place: FieldPlace) -> Iterable[Problem]:
    """Check the `claims` of a container's `resources`, which its pod has to declare."""
    return _claimed(value["claims"], place) if isinstance(value, dict) and "claims" in value else ()


def _claimed(claims: JsonValue, place: FieldPlace) -> Iterator[Problem]:
    declared = {text(claim.get("name")) for claim, _ in maps(place.pod.spec.get("resourceClaims"), ())}
    used: set[tuple[str, str]] = set()
    for claim, path in maps(claims, (*place.path, "claims")):
        name, request = text(claim.get("name")), text(claim.get("request"))
        yield from required(claim, "name", path)
        yield from lawful(claim, "request", path, label_error)
        if name and name not in declared and not place.pod.partial:
            message = f"the pod has no resource claim {name!r}"
            yield Problem((*path, "name"), message, name, ", ".join(sorted(declared)))
        whole = {(other, part) for other, part in used if other == name and "" in {part, request}}
        if name and (whole or (name, request) in used):
            yield Problem((*path, "name"), f"the claim {name!r} is already referenced", name)
        used.add((name, request))
