"""An environment's budgets that ask for it in; the ResourceQuota that holds each in the cluster out.

A quota on cores, memory or storage makes the API server refuse pods that request none of it; so a LimitRange comes with
it that gives such containers a request. What it gives is in the sums of the budget, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.quantity import canonical, parse_quantity
from kservegen.core.resource import Origin, Resource, ResourceId

QUOTAS_FOLDER: Final = "quotas"
# What a container that requests nothing is taken to need.
_DEFAULTS: Final[Mapping[str, str]] = {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "256Mi"}


def build_quotas(environment: ResolvedEnvironment) -> list[Resource]:
    """Build the quotas of the budgets that say `quota: true` and hold for one whole namespace."""
    return [
        resource
        for name, words in sorted(quota_budgets(environment).items())
        for resource in _build(name, words, environment)
    ]


def quota_budgets(environment: ResolvedEnvironment) -> dict[str, JsonObject]:
    """Return the budgets that are to be held by a quota; an owner is nothing that a quota knows."""
    budgets = {name: mapping(words) for name, words in environment.mapping("budgets").items()}
    return {
        name: words
        for name, words in budgets.items()
        if words.get("quota") is True and text(words.get("namespace")) and not text(words.get("owner"))
    }


def hard_limits(words: JsonObject, environment: ResolvedEnvironment) -> dict[str, str]:
    """Return what a quota limits: `requests.<resource>` to an amount in canonical form."""
    found: dict[str, str] = {}
    facts = mapping(environment.mapping("accelerators").get(text(words.get("accelerator"))))
    device = text(facts.get("resource"))
    if device and words.get("limit") is not None:
        found[f"requests.{device}"] = str(words["limit"])
    for resource in _DEFAULTS:
        value = words.get(resource)
        if isinstance(value, (str, int, float)) and parse_quantity(value) is not None:
            found[f"requests.{resource}"] = canonical(value)
    return found


def default_requests(environment: ResolvedEnvironment) -> dict[str, JsonObject]:
    """Return, by namespace, what the LimitRanges give to containers that request nothing."""
    found: dict[str, JsonObject] = {}
    for words in quota_budgets(environment).values():
        given = _given(hard_limits(words, environment))
        if given:
            found.setdefault(text(words.get("namespace")), {}).update(given)
    return found


def _given(hard: Mapping[str, str]) -> JsonObject:
    return {resource: amount for resource, amount in _DEFAULTS.items() if f"requests.{resource}" in hard}


def _build(name: str, words: JsonObject, environment: ResolvedEnvironment) -> Iterator[Resource]:
    namespace, hard = text(words.get("namespace")), hard_limits(words, environment)
    if not hard:
        return
    amounts: JsonObject = dict(sorted(hard.items()))
    origins = [Origin(("spec", "hard", key), ("budgets", name, _word(key))) for key in hard]
    yield _resource("ResourceQuota", name, namespace, {"hard": amounts}, origins)
    given = _given(hard)
    if given:
        limits: list[JsonValue] = [{"type": "Container", "defaultRequest": given}]
        yield _resource("LimitRange", name, namespace, {"limits": limits}, [])


def _word(key: str) -> str:
    resource = key.removeprefix("requests.")
    return resource if resource in _DEFAULTS else "limit"


def _resource(kind: str, name: str, namespace: str, spec: JsonObject, origins: list[Origin]) -> Resource:
    words: Path = ("budgets", name)
    metadata: JsonObject = {"name": name, "namespace": namespace}
    return Resource(
        id=ResourceId(kind, namespace, name),
        api_version="v1",
        doc={"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec},
        file=f"{QUOTAS_FOLDER}/{namespace}/{kind.lower()}-{name}.yaml",
        subject=name,
        origins=(Origin((), words), *origins),
    )
