"""An object in; findings out where the API server refuses one of its labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.names import label_value_error, qualified_name_error
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kubernetes/label",
    title="A label's key or value is not one that the API server takes",
    why="Labels are indexed and selected by, so their keys and values are short and plain.",
    fix="Shorten or rewrite the label, or make it an annotation.",
    bad='metadata: {labels: {team: "search & ads"}}',
    good="metadata: {labels: {team: search-ads}}",
    upstream=("k8s.io/apimachinery pkg/apis/meta/v1/validation/validation.go",),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    labels = mapping(resource.doc.get("metadata")).get("labels")
    if not isinstance(labels, dict):
        return
    for key, value in labels.items():
        path = ("metadata", "labels", key)
        if reason := qualified_name_error(key):
            message = f"the label key {key!r} is refused: {reason}"
            yield Finding(rule=META.id, path=path, message=message, hint=META.fix, seen=key, at_key=True)
        if isinstance(value, str) and (reason := label_value_error(value)):
            message = f"the value of label {key!r} is refused: {reason}"
            yield Finding(rule=META.id, path=path, message=message, hint=META.fix, seen=value)


RULE: Final = Rule(meta=META, check=check)
