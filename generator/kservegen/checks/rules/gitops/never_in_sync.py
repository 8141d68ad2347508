"""An object in; findings out where KServe's webhook changes what was written, so that Git never equals the cluster.

What it adds is no difference to a GitOps tool; what it changes, moves, removes or makes longer is one for ever. Of the
annotations it changes one, which is `kserve/deprecated-mode`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.catalog.words import OLD_FRAMEWORKS
from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADVICE

META: Final = RuleMeta(
    id="gitops/never-in-sync",
    title="KServe's webhook rewrites what is written",
    why="The cluster holds something else than Git, and applying it again changes nothing: Argo CD without server-side "
    "diff shows the model out of sync for ever, and syncs it again and again where it heals by itself.",
    fix="Write what KServe stores.",
    bad="spec: {predictor: {sklearn: {storageUri: s3://a/b}}}",
    good="spec: {predictor: {model: {modelFormat: {name: sklearn}, storageUri: s3://a/b}}}",
    severity=Severity.WARNING,
    upstream=("gitops 2.3", "pkg/apis/serving/v1beta1/inference_service_defaults.go", "kserve#2232"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    written = resource.written
    if written is None or written.get("spec") is resource.doc.get("spec"):
        return
    for path, said, stored in _changes(written.get("spec"), resource.doc.get("spec"), ("spec",)):
        yield _moved(path) if stored is None else _rewritten(path, said, stored)


def _moved(path: Path) -> Finding:
    name = str(path[-1])
    return Finding(
        rule=META.id,
        path=path,
        message=f"KServe's webhook moves {name} elsewhere: Git and the cluster never agree",
        hint=f"Write model: {{modelFormat: {{name: {name}}}}} in its place." if name in OLD_FRAMEWORKS else META.fix,
        at_key=True,
    )


def _rewritten(path: Path, written: JsonValue, stored: JsonValue) -> Finding:
    simple = not isinstance(written, (dict, list)) and not isinstance(stored, (dict, list))
    return Finding(
        rule=META.id,
        path=path,
        message=f"KServe's webhook rewrites this {path[-1]}: Git and the cluster never agree",
        hint=META.fix,
        seen=str(written) if simple else "",
        allowed=str(stored) if simple else "",
    )


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


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"InferenceService", "LLMInferenceService"}))
