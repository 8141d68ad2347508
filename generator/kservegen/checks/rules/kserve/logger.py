"""A logger lacks its mode, or part of its storage.

KServe's own text says that the mode defaults to all, but nothing sets it and the webhook refuses a logger without one.
A logger that writes to storage needs path, parameters and key together.

Fix: Write mode: all, request or response; give storage its path, parameters and key.
Bad:
    predictor: {logger: {url: http://sink}}
Good:
    predictor: {logger: {url: http://sink, mode: all}}
Upstream: ISVC-41; ISVC-42; pkg/apis/serving/v1beta1/component.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.view import components_of
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject, Path

_MODES: Final = ("all", "request", "response")


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    for path, _, component in components_of(resource):
        logger = component.get("logger")
        if isinstance(logger, dict):
            yield from _logger((*path, "logger"), logger)


def _logger(path: Path, logger: JsonObject) -> Problems:
    mode = text(logger.get("mode"))
    if mode not in _MODES:
        message = f"invalid logger type {mode!r}" if mode else "invalid logger type: it has no mode"
        allowed = ", ".join(_MODES)
        yield Problem((*path, "mode"), message, seen=mode, allowed=allowed)
    storage = logger.get("storage")
    if isinstance(storage, dict):
        missing = [field for field in ("path", "parameters", "key") if storage.get(field) is None]
        if missing:
            message = f"invalid logger storage configuration: {', '.join(missing)} missing"
            yield Problem((*path, "storage"), message, at_key=True)
