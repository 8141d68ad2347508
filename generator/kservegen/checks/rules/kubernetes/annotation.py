"""An annotation's key or the size of all annotations is not one that the API server takes.

Keys follow the law of label keys, and all annotations of an object share 256 KiB.

Fix: Use a key such as example.com/purpose, and keep large texts in a ConfigMap.
Bad:
    metadata: {annotations: {"a b": x}}
Good:
    metadata: {annotations: {example.com/a-b: x}}
Upstream: k8s.io/apimachinery pkg/api/validation/objectmeta.go
"""

from kservegen.checks.rules.kubernetes._laws import metadata_rule
from kservegen.kubernetes.metadata import annotation_map

RULE = metadata_rule("annotations", annotation_map)
