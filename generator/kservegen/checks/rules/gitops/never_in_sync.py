"""KServe's webhook rewrites what is written.

The cluster holds something else than Git, and applying it again changes nothing: Argo CD without server-side diff shows
the model out of sync for ever, and syncs it again and again where it heals by itself.

Fix: Write what KServe stores.
Severity: warning
Bad:
    spec: {predictor: {sklearn: {storageUri: s3://a/b}}}
Good:
    spec: {predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://a/b}}}
Upstream: gitops 2.3; pkg/apis/serving/v1beta1/inference_service_defaults.go; kserve#2232
"""

from collections.abc import Iterator

from kservegen.catalog.field_mapping import OLD_FRAMEWORKS
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.jsontypes import JsonValue, Path


@rule(Stage.ADVICE, "InferenceService", "LLMInferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    written = resource.written
    if written is None or written.get("spec") is resource.doc.get("spec"):
        return
    for path, said, stored in _changes(written.get("spec"), resource.doc.get("spec"), ("spec",)):
        yield _moved(path) if stored is None else _rewritten(path, said, stored)


def _moved(path: Path) -> Problem:
    name = str(path[-1])
    message = f"KServe's webhook moves {name} elsewhere: Git and the cluster never agree"
    hint = f"Write model: {{modelFormat: {{name: {name}}}}} in its place." if name in OLD_FRAMEWORKS else ""
    return Problem(path, message, hint=hint, at_key=True)


def _rewritten(path: Path, written: JsonValue, stored: JsonValue) -> Problem:
    simple = not isinstance(written, (dict, list)) and not isinstance(stored, (dict, list))
    message = f"KServe's webhook rewrites this {path[-1]}: Git and the cluster never agree"
    return Problem(path, message, seen=str(written) if simple else "", allowed=str(stored) if simple else "")


def _changes(written: JsonValue, stored: JsonValue, path: Path) -> Iterator[tuple[Path, JsonValue, JsonValue]]:
    """Yield the path of each difference; what defaulting did not touch is the same object, and passed over at once."""
    if written is stored:
        return
    if isinstance(written, dict) and isinstance(stored, dict):
        for key, value in written.items():
            if value is not None:
                yield from _changes(value, stored.get(key), (*path, key))
    elif isinstance(written, list) and isinstance(stored, list) and len(written) == len(stored):
        for index, (value, other) in enumerate(zip(written, stored, strict=True)):
            yield from _changes(value, other, (*path, index))
    elif written != stored:
        yield path, written, stored
