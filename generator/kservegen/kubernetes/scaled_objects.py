"""ScaledObjects in; what KEDA's webhook refuses in them out, by themselves and for what stands beside them.

The law is `ValidateCreate` of apis/keda/v1alpha1/scaledobject_webhook.go of kedacore/keda v2.18 (alike at v2.17),
with `CheckReplicaCountBoundsAreValid`, at which KEDA's operator stops. Of a
formula of scalingModifiers only arithmetic and comparisons are read. A test holds this module against KEDA's own code.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from kservegen.core.diagnostics import Severity
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.problem import Problem
from kservegen.core.quantity import parse_quantity
from kservegen.kubernetes.fields import BrokenLaw, bounded, maps

# Triggers that read what the pods themselves use: without a pod they never fire.
OF_PODS: Final = ("cpu", "memory")
_USUAL_MOST: Final = 100
_UNCACHED: Final = (*OF_PODS, "cron")
_KEPT_AUTOSCALER: Final = "validations.keda.sh/hpa-ownership"
_TRANSFER: Final = "scaledobject.keda.sh/transfer-hpa-ownership"
_DIGITS: Final = r"[0-9]+(?:_[0-9]+)*"
_NUMBER: Final = lazy_pattern(rf"[-+]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][-+]?[0-9]+)?")
# Of a longer formula nothing is said: each token that may be given back takes memory.
_ARITHMETIC: Final = lazy_pattern(r"(?:[-+*/%^() <>=!?:,]|[0-9]++(?:\.[0-9]++)?|[A-Za-z_][A-Za-z0-9_]*+){0,10000}")
_WORD: Final = lazy_pattern(r"\b[A-Za-z_][A-Za-z0-9_]*+(?! *\()")
# Words of the language of formulas (github.com/expr-lang/expr).
_LANGUAGE: Final = frozenset(
    """
    and contains else endsWith false if in let matches nil not or startsWith true
    """.split()
)


def validate_scaled_object(scaled: JsonObject) -> Iterator[BrokenLaw]:
    """Check a ScaledObject that is to be created, whose values have the types of its definition."""
    spec, path = mapping(scaled.get("spec")), ("spec",)
    for problem in chain(
        _triggers(spec, path),
        _first_pod(spec, path),
        _fallback(spec, path),
        _bounds(spec, path),
        _modifiers(spec, (*path, "advanced", "scalingModifiers")),
    ):
        yield BrokenLaw("scaled-object", problem)


def unrequested(scaled: JsonObject, containers: Sequence[JsonValue]) -> Iterator[tuple[int, str]]:
    """Name the containers of the target's template that do not request what a trigger measures: place, and resource.

    KEDA refuses the ScaledObject then, unless a LimitRange of the namespace has a default for containers.
    """
    for trigger in map(mapping, sequence(mapping(scaled.get("spec")).get("triggers"))):
        resource, only = text(trigger.get("type")), text(mapping(trigger.get("metadata")).get("containerName"))
        if resource in OF_PODS and text(scaled_workload(scaled)[1]) == "Deployment":
            for index, container in enumerate(map(mapping, containers)):
                if only in ("", container.get("name")) and not _has(mapping(container.get("resources")), resource):
                    yield index, resource


def _has(resources: JsonObject, resource: str) -> bool:
    amounts = (mapping(resources.get(side)).get(resource) for side in ("requests", "limits"))
    found = (parse_quantity(amount) for amount in amounts if isinstance(amount, (str, int, float)))
    return any(amount is not None and amount.sign > 0 for amount in found)


def rival_scalers(scaled: JsonObject, beside: Iterable[JsonObject]) -> Iterator[JsonObject]:
    """Give the ScaledObjects and HorizontalPodAutoscalers for whose sake KEDA refuses one of the same namespace."""
    name, target, own_autoscaler = _name(scaled), scaled_workload(scaled), _autoscaler(scaled)
    annotations = mapping(mapping(scaled.get("metadata")).get("annotations"))
    for other in beside:
        kind = other.get("kind")
        if kind == "ScaledObject" and _name(other) != name:
            if scaled_workload(other) == target or _autoscaler(other) == own_autoscaler:
                yield other
        elif kind == "HorizontalPodAutoscaler" and scaled_workload(other) == target:
            metadata = mapping(other.get("metadata"))
            owners = map(mapping, sequence(metadata.get("ownerReferences")))
            owned = any(owner.get("kind") == "ScaledObject" and owner.get("name") == name for owner in owners)
            handed = annotations.get(_TRANSFER) == "true" and own_autoscaler == _name(other)
            if not owned and not handed and mapping(metadata.get("annotations")).get(_KEPT_AUTOSCALER) != "false":
                yield other


def scaled_workload(doc: JsonObject) -> tuple[str, str, str]:
    """Say what an autoscaler scales: group and version, kind and name; a Deployment where it does not say."""
    reference = mapping(mapping(doc.get("spec")).get("scaleTargetRef"))
    version, kind = text(reference.get("apiVersion")) or "apps/v1", text(reference.get("kind")) or "Deployment"
    return version, kind, text(reference.get("name"))


def _name(doc: JsonObject) -> str:
    return text(mapping(doc.get("metadata")).get("name"))


def _autoscaler(scaled: JsonObject) -> str:
    config = mapping(mapping(mapping(scaled.get("spec")).get("advanced")).get("horizontalPodAutoscalerConfig"))
    return text(config.get("name")) or f"keda-hpa-{_name(scaled)}"


def _triggers(spec: JsonObject, path: Path) -> Iterator[Problem]:
    if not sequence(spec.get("triggers")):
        yield Problem((*path, "triggers"), "no triggers defined in the ScaledObject")
    names: set[str] = set()
    for trigger, at in maps(spec.get("triggers"), (*path, "triggers")):
        kind, name = text(trigger.get("type")), text(trigger.get("name"))
        if trigger.get("useCachedMetrics") is True and kind in _UNCACHED:
            yield Problem((*at, "useCachedMetrics"), f"useCachedMetrics is not supported for {kind}", "true")
        if name and name in names:
            yield Problem((*at, "name"), f"two triggers are called {name!r}", name)
        names.add(name)


def _first_pod(spec: JsonObject, path: Path) -> Iterator[Problem]:
    """Check that something triggers while no pod runs; of other targets than these KEDA does not ask."""
    kinds = [text(trigger.get("type")) for trigger, _ in maps(spec.get("triggers"), path)]
    version, kind, _ = scaled_workload({"spec": spec})
    if (version, kind) not in (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet")):
        return
    if kinds and not spec.get("minReplicaCount") and all(kind in OF_PODS for kind in kinds):
        message = "triggers of cpu and memory alone never start a first pod: scale to zero does not work with them"
        yield Problem((*path, "minReplicaCount"), message, "0", "1 and more")


def _bounds(spec: JsonObject, path: Path) -> Iterator[Problem]:
    """Check the numbers of pods, at which not the webhook stops but the operator: then nothing scales."""
    least, most, idle = (integer(spec.get(f"{word}ReplicaCount")) for word in ("min", "max", "idle"))
    least = 0 if least is None else max(least, 1)
    if least > (_USUAL_MOST if most is None else most):
        message = "nothing scales: minReplicaCount is above maxReplicaCount"
        yield Problem((*path, "maxReplicaCount"), message, str(most), f"{least} and more", severity=Severity.WARNING)
    elif idle is not None and idle >= least:
        message = f"nothing scales: idleReplicaCount must be below minReplicaCount, which is {least}"
        yield Problem((*path, "idleReplicaCount"), message, str(idle), severity=Severity.WARNING)


def _fallback(spec: JsonObject, path: Path) -> Iterator[Problem]:
    fallback, at = spec.get("fallback"), (*path, "fallback")
    if not isinstance(fallback, dict):
        return
    for field in ("failureThreshold", "replicas"):
        yield from bounded(fallback, field, at, 0)
    kinds = [text(trigger.get("type")) for trigger, _ in maps(spec.get("triggers"), path)]
    if not _formula(spec) and all(kind in OF_PODS for kind in kinds):
        yield Problem(at, "a fallback needs a trigger that is neither cpu nor memory", at_key=True)


def _formula(spec: JsonObject) -> JsonObject:
    """Return scalingModifiers without what is as good as absent."""
    modifiers = mapping(mapping(spec.get("advanced")).get("scalingModifiers"))
    return {key: value for key, value in modifiers.items() if value not in (None, "")}


def _modifiers(spec: JsonObject, path: Path) -> Iterator[Problem]:
    modifiers = _formula(spec)
    if not modifiers:
        return
    formula, target = text(modifiers.get("formula")), text(modifiers.get("target"))
    if not formula:
        yield Problem(path, "scalingModifiers need a formula", at_key=True)
        return
    if not target:
        yield Problem((*path, "formula"), "a formula needs a target", formula)
    elif not _is_positive(target):
        yield Problem((*path, "target"), "the target is no number above 0", target)
    named = {text(trigger.get("name")) for trigger, _ in maps(spec.get("triggers"), path) if _is_named(trigger)}
    words = _WORD.findall(formula) if _ARITHMETIC.fullmatch(formula) else []
    unknown = [word for word in words if word not in named]
    if unknown and _LANGUAGE.isdisjoint(words):
        allowed = ", ".join(sorted(named)) or "none, for no trigger has a name"
        yield Problem((*path, "formula"), f"no trigger is called {unknown[0]!r}", formula, allowed)


def _is_named(trigger: JsonObject) -> bool:
    return bool(trigger.get("name")) and trigger.get("type") not in OF_PODS


def _is_positive(number: str) -> bool:
    if _NUMBER.fullmatch(number):
        return 0 < float(number) < math.inf
    word = number.lower()
    return word.startswith(("0x", "+0x")) or word.lstrip("+-") == "nan" or word.lstrip("+") in ("inf", "infinity")
