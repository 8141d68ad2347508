"""Annotations of a Knative revision in; what Knative's webhook refuses in their values out.

The law is `autoscaling.ValidateAnnotations` of knative.dev/serving v0.48 (pkg/apis/autoscaling/
annotation_validation.go), that of pkg/apis/serving/v1/revision_validation.go, and the keys of knative.dev/networking.
A key may have an older spelling; the newer one counts where both stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain
from typing import Final

from msgspec import Struct

from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.problem import Problem
from kservegen.core.quantity import parse_quantity
from kservegen.core.values import LARGEST_INT64, signed_number, whole_number

_AUTOSCALING: Final = "autoscaling.knative.dev/"
_KPA: Final = "kpa.autoscaling.knative.dev"
_HPA: Final = "hpa.autoscaling.knative.dev"
_KPA_METRICS: Final = ("concurrency", "rps")
_AGGREGATIONS: Final = ("linear", "weightedExponential", "weighted-exponential")
_NETWORKING: Final = "networking.knative.dev"
_NETWORKING_KEYS: Final = frozenset(
    f"{_NETWORKING}/{name}"
    for name in """
    certificate-class certificate.class disable-auto-tls disable-external-domain-tls disableAutoTLS http-protocol
    httpOption ingress-class ingress.class
    """.split()
)
_QUEUE: Final = tuple(
    f"queue.sidecar.serving.knative.dev/{name}-resource-{side}"
    for name in ("cpu", "memory", "ephemeral-storage")
    for side in ("request", "limit")
)
_SHARE: Final = "queue.sidecar.serving.knative.dev/"
_HIGHEST: Final = 2**31 - 1
_SECOND: Final = 10**9
_HOUR: Final = 3600 * _SECOND
_UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": _HOUR,
}
_FRACTION_DIGITS: Final = 18  # of an hour, and a nanosecond; Go drops the rest as well
_PART: Final = lazy_pattern(r"([0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(ns|us|µs|μs|ms|s|m|h)")
_FLOAT: Final = lazy_pattern(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")


class _Annotation(Struct, frozen=True):
    key: str
    value: str


def revision_annotations(annotations: JsonObject, path: Path) -> Iterator[Problem]:
    """Check the annotations of a revision's template."""
    for found in chain(
        _class_and_metric(annotations), _scales(annotations), _numbers(annotations), _durations(annotations)
    ):
        yield Problem((*path, found.at.key), f"{found.at.key}: {found.message}", found.at.value, found.allowed)
    for key in annotations:
        if key.startswith(_NETWORKING) and key not in _NETWORKING_KEYS:
            yield Problem((*path, key), f"invalid key name {key!r}", key, at_key=True)
    for key in _QUEUE:
        amount = _first(annotations, key)
        if amount and parse_quantity(amount.value) is None:
            yield Problem((*path, amount.key), f"{amount.key}: no quantity", amount.value)


def rollout_duration(annotations: JsonObject, path: Path) -> Iterator[Problem]:
    """Check the duration of a rollout, which the Service itself states."""
    found = _first(annotations, "serving.knative.dev/rollout-duration", "serving.knative.dev/rolloutDuration")
    if found and (message := _duration_error(found.value, 0, None)):
        yield Problem((*path, found.key), f"{found.key}: {message}", found.value)


class _Refused(Struct, frozen=True):
    at: _Annotation
    message: str
    allowed: str = ""


def _first(annotations: JsonObject, *keys: str) -> _Annotation | None:
    return next((_Annotation(key, text(annotations[key])) for key in keys if key in annotations), None)


def _of(annotations: JsonObject, name: str, old: str = "") -> _Annotation | None:
    return _first(annotations, _AUTOSCALING + name, *([_AUTOSCALING + old] if old else []))


def _class_and_metric(annotations: JsonObject) -> Iterator[_Refused]:
    chosen = _of(annotations, "class")
    if chosen and chosen.value.endswith(".knative.dev") and chosen.value not in (_KPA, _HPA):
        yield _Refused(chosen, f"invalid value {chosen.value}", f"{_KPA}, {_HPA}")
    scaler = chosen.value if chosen else _KPA
    metric = _of(annotations, "metric")
    if metric and scaler == _KPA and metric.value not in _KPA_METRICS:
        yield _Refused(metric, f"invalid value {metric.value}", ", ".join(_KPA_METRICS))
    elif metric and scaler == _HPA and not metric.value:
        yield _Refused(metric, "invalid value: it is empty")
    way = _of(annotations, "metric-aggregation-algorithm", "metricAggregationAlgorithm")
    if way and way.value and chosen and scaler == _KPA and way.value not in _AGGREGATIONS:
        yield _Refused(way, f"invalid value {way.value}", ", ".join(_AGGREGATIONS))


def _scales(annotations: JsonObject) -> Iterator[_Refused]:
    bounds = []
    for name, old in (("min-scale", "minScale"), ("max-scale", "maxScale")):
        found = _of(annotations, name, old)
        number = signed_number(found.value) if found else 0
        if found and (number is None or not 0 <= number <= _HIGHEST):
            yield _Refused(found, f"invalid value {found.value}", "0 and more")
            number = 0
        bounds.append(number or 0)
    least, most = bounds
    upper = _of(annotations, "max-scale", "maxScale")
    if upper and most and most < least:
        yield _Refused(upper, f"max-scale={most} is less than min-scale={least}")
    first = _of(annotations, "activation-scale")
    if first:
        number = signed_number(first.value)
        if number is None or not 1 < number <= _HIGHEST or number < least or (most and number > most):
            yield _Refused(first, "must be more than 1, and neither below min-scale nor above max-scale")
    start = _of(annotations, "initial-scale", "initialScale")
    if start and ((number := signed_number(start.value)) is None or number < 0):
        yield _Refused(start, f"invalid value {start.value}", "0 and more")


def _numbers(annotations: JsonObject) -> Iterator[_Refused]:
    laws: tuple[tuple[str, str, Callable[[float], bool], str], ...] = (
        ("panic-window-percentage", "panicWindowPercentage", lambda n: 1 <= n <= 100, "1 to 100"),
        ("panic-threshold-percentage", "panicThresholdPercentage", lambda n: 110 <= n <= 1000, "110 to 1000"),
        ("target", "", lambda n: n >= 0.01, "0.01 and more"),
        ("target-utilization-percentage", "targetUtilizationPercentage", lambda n: 1 <= n <= 100, "1 to 100"),
        ("target-burst-capacity", "targetBurstCapacity", lambda n: n >= 0 or n == -1, "0 and more, or -1"),
    )
    share = _first(annotations, f"{_SHARE}resource-percentage", f"{_SHARE}resourcePercentage")
    numbers = [(_of(annotations, name, old), is_lawful, allowed) for name, old, is_lawful, allowed in laws]
    for found, is_lawful, allowed in (*numbers, (share, lambda n: 0.1 <= n <= 100, "0.1 to 100")):
        if found and not (_FLOAT.fullmatch(found.value) and is_lawful(float(found.value))):
            yield _Refused(found, f"{found.value} is out of its bounds", allowed)


def _durations(annotations: JsonObject) -> Iterator[_Refused]:
    scaling = (
        (_of(annotations, "window"), 6 * _SECOND, True),
        (_of(annotations, "scale-down-delay", "scaleDownDelay"), 0, True),
        (_of(annotations, "scale-to-zero-pod-retention-period", "scaleToZeroPodRetentionPeriod"), 0, False),
    )
    for found, least, seconds in scaling:
        if found and (message := _duration_error(found.value, least, _HOUR, seconds=seconds)):
            yield _Refused(found, message)
    deadline = _first(annotations, "serving.knative.dev/progress-deadline")
    if deadline and (message := _duration_error(deadline.value, 0, None)):
        yield _Refused(deadline, message)


def _duration_error(value: str, least: int, most: int | None, *, seconds: bool = True) -> str:
    """Say what is wrong with a duration; blank where nothing is. Bounds are nanoseconds."""
    if not value and most is None:
        return ""
    duration = _duration(value)
    if duration is None:
        return "no duration such as 60s or 10m"
    if duration < least or (most is not None and duration > most):
        return f"must be {least // _SECOND}s or more" + ("" if most is None else f", and {most // _SECOND}s at most")
    if seconds and duration % _SECOND:
        return "must be whole seconds"
    return ""


def _duration(value: str) -> int | None:
    """Read a duration as Go's time.ParseDuration does, in nanoseconds; None where it is none."""
    sign = -1 if value.startswith("-") else 1
    body = value[1:] if value[:1] in {"+", "-"} else value
    if body == "0":
        return 0
    parts = []
    at = 0
    while (part := _PART.match(body, at)) is not None:
        parts.append(part)
        at = part.end()
    if not body or at < len(body):
        return None
    total = 0
    for part in parts:
        whole, _, fraction = part[1].partition(".")
        number = whole_number(whole or "0")
        if number is None:
            return None
        total += int((number + Fraction(f"0.{fraction[:_FRACTION_DIGITS] or 0}")) * _UNITS[part[2]])
    return sign * total if total <= LARGEST_INT64 else None
