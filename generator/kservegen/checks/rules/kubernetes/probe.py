"""A probe asks in no way, in two ways, or by impossible numbers.

A probe has exactly one of exec, httpGet, tcpSocket and grpc; liveness and startup probes take one success, and a
readiness probe ends no container. The object is admitted, its Deployment is refused.

Fix: Keep one handler with a port between 1 and 65535, and correct the number that is pointed at.
Bad:
    livenessProbe: {httpGet: {path: /healthz, port: 8080}, tcpSocket: {port: 8080}}
Good:
    livenessProbe: {httpGet: {path: /healthz, port: 8080}}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("probe")
