"""A label's key or value is not one that the API server takes.

Labels are indexed and selected by, so their keys and values are short and plain.

Fix: Shorten or rewrite the label, or make it an annotation.
Bad:
    metadata: {labels: {team: "search & ads"}}
Good:
    metadata: {labels: {team: search-ads}}
Upstream: k8s.io/apimachinery pkg/apis/meta/v1/validation/validation.go
"""

from __future__ import annotations

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.core.document import mapping
from kservegen.kubernetes.selectors import label_map


@rule(Stage.ADMISSION)
def check(resource: Resource, _context: Context) -> Problems:
    metadata = mapping(resource.doc.get("metadata"))
    if "labels" in metadata:
        yield from label_map(metadata["labels"], ("metadata", "labels"))
