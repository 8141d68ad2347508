"""The value of an environment variable comes from nowhere, from two places, or from an impossible one.

A variable has a value or one source: a key of a ConfigMap or a Secret, a field of the pod, a resource of the container.
The object is admitted, its Deployment is refused.

Fix: Keep either value or one source under valueFrom, with the name and the key that it needs.
Bad:
    env: [{name: TOKEN, value: x, valueFrom: {secretKeyRef: {name: hf, key: token}}}]
Good:
    env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: hf, key: token}}}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("env-source")
