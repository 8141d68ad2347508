"""An InferenceService in; findings out where a component's logger lacks its mode or half of its storage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import components_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/logger",
    title="A logger lacks its mode, or part of its storage",
    why="KServe's own text says that the mode defaults to all, but nothing sets it and the webhook refuses a logger "
    "without one. A logger that writes to storage needs path, parameters and key together.",
    fix="Write mode: all, request or response; give storage its path, parameters and key.",
    bad="predictor: {logger: {url: http://sink}}",
    good="predictor: {logger: {url: http://sink, mode: all}}",
    upstream=("ISVC-41", "ISVC-42", "pkg/apis/serving/v1beta1/component.go"),
)

_MODES: Final = ("all", "request", "response")


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for path, _, component in components_of(resource):
        logger = component.get("logger")
        if isinstance(logger, dict):
            yield from _logger((*path, "logger"), logger)


def _logger(path: Path, logger: JsonObject) -> Iterator[Finding]:
    mode = text(logger.get("mode"))
    if mode not in _MODES:
        message = f"invalid logger type {mode!r}" if mode else "invalid logger type: it has no mode"
        allowed = ", ".join(_MODES)
        yield Finding(rule=META.id, path=(*path, "mode"), message=message, hint=META.fix, seen=mode, allowed=allowed)
    storage = logger.get("storage")
    if isinstance(storage, dict):
        missing = [field for field in ("path", "parameters", "key") if storage.get(field) is None]
        if missing:
            message = f"invalid logger storage configuration: {', '.join(missing)} missing"
            yield Finding(rule=META.id, path=(*path, "storage"), message=message, hint=META.fix, at_key=True)


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService"}))
