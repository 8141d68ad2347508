"""A pod is not to be restarted, or to end, as no pod of a Deployment is.

Pods of a Deployment have restartPolicy Always and no activeDeadlineSeconds. The object is admitted, its Deployment is
refused.

Fix: Remove the field.
Bad:
    restartPolicy: OnFailure
Good:
    restartPolicy: Always
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go; k8s.io/kubernetes
pkg/apis/apps/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("restart-policy")
