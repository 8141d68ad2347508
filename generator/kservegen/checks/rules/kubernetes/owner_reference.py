"""An owner reference lacks what it needs, or two owners control the object.

An owner is named by apiVersion, kind, name and uid, an Event owns nothing, and one owner at most is the controller.

Fix: Remove ownerReferences: an owner's uid is known to no file.
Bad:
    metadata: {ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: parent}]}
Good:
    metadata: {ownerReferences: []}
Upstream: k8s.io/apimachinery pkg/api/validation/objectmeta.go
"""

from kservegen.checks.rules.kubernetes._laws import metadata_rule
from kservegen.kubernetes.metadata import owner_references

RULE = metadata_rule("ownerReferences", owner_references)
