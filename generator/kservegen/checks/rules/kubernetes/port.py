"""A container's port has a number, a name or a protocol that no port can have.

Ports lie between 1 and 65535, their names are short IANA service names that stand once in a container, and protocols
are spelt in capitals. The object is admitted, its Deployment is refused.

Fix: Correct the number, or choose a name such as http1 or h2c of at most 15 characters.
Bad:
    ports: [{containerPort: 8080, name: http_port, protocol: TCP}]
Good:
    ports: [{containerPort: 8080, name: http-port, protocol: TCP}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("port")
