"""An init container that ends has probes or lifecycle hooks.

Only a sidecar, an init container with restartPolicy Always, goes on beside the others and may have them. The object is
admitted, its Deployment is refused.

Fix: Remove the probe or hook, or make the container a sidecar with restartPolicy Always.
Bad:
    initContainers: [{name: warm-up, image: example/warm-up:v1, readinessProbe: {tcpSocket: {port: 8080}}}]
Good:
    initContainers: [{name: warm-up, image: example/warm-up:v1}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("init-container")
