"""Kubernetes drops the volume that a model's image is mounted as.

oci+native:// mounts the image itself. Up to Kubernetes 1.34 the feature gate ImageVolume is off unless somebody turns
it on: the API server takes the pod, leaves the volume and its mount out without a word, and the server starts without a
model.

Fix: Write oci:// for a modelcar, or run Kubernetes 1.35; where ImageVolume is on, waive this.
Bad:
    predictor: {model: {modelFormat: {name: sklearn}, storageUri: 'oci+native://registry.example.com/model:1'}}
Good:
    predictor: {model: {modelFormat: {name: sklearn}, storageUri: 'oci://registry.example.com/model:1'}}
Upstream: kserve derive-llm-2, part 9; feature gate ImageVolume of Kubernetes
"""

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.diagnostics import Severity
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.patterns import lazy_pattern

_NATIVE: Final = "oci+native://"
_VERSION: Final = lazy_pattern(r"v?1\.([0-9]{1,9})")
_ON_BY_DEFAULT: Final = 35


@rule(Stage.RUN, "InferenceService", "LLMInferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    version = _VERSION.match(context.kubernetes_version)
    if version and int(version[1]) >= _ON_BY_DEFAULT:
        return
    known = f"Kubernetes {context.kubernetes_version}" if version else f"Kubernetes before 1.{_ON_BY_DEFAULT}"
    for path, uri in _native(resource.doc.get("spec"), ("spec",)):
        message = f"{known} drops the volume of {uri} unless ImageVolume is turned on: the pod has no model"
        yield Problem(path, message, seen=uri, severity=None if version else Severity.WARNING)


def _native(value: JsonValue, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        if value.startswith(_NATIVE):
            yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _native(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _native(item, (*path, index))
