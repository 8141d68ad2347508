"""A policy of a container is not one of Kubernetes'.

Images are pulled Always, IfNotPresent or Never, the last words of a container come from a File or
FallbackToLogsOnError, and only cpu and memory are resized. The object is admitted, its Deployment is refused.

Fix: Write one of the allowed words, in this very spelling.
Bad:
    imagePullPolicy: if-not-present
Good:
    imagePullPolicy: IfNotPresent
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("container-policy")
