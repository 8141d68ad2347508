"""A label's key or value is not one that the API server takes.

Labels are indexed and selected by, so their keys and values are short and plain.

Fix: Shorten or rewrite the label, or make it an annotation.
Bad:
    metadata: {labels: {team: "search & ads"}}
Good:
    metadata: {labels: {team: search-ads}}
Upstream: k8s.io/apimachinery pkg/apis/meta/v1/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import metadata_rule
from kservegen.kubernetes.selectors import label_map

RULE = metadata_rule("labels", label_map)
