"""A lifecycle hook has no handler, two, or an impossible one.

postStart and preStop do exactly one thing, and a sleep ends within the pod's grace period. The object is admitted, its
Deployment is refused.

Fix: Keep one of exec, httpGet, tcpSocket and sleep; no sleep outlasts terminationGracePeriodSeconds.
Bad:
    lifecycle: {preStop: {sleep: {seconds: 60}}}
Good:
    lifecycle: {preStop: {sleep: {seconds: 10}}}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("lifecycle")
