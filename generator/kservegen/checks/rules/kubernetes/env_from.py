"""An entry of envFrom names no source, two, or one that cannot exist.

Every entry takes all keys of exactly one ConfigMap or Secret. The object is admitted, its Deployment is refused.

Fix: Give every entry either configMapRef or secretRef, with a name.
Bad:
    envFrom: [{prefix: HF_}]
Good:
    envFrom: [{prefix: HF_, secretRef: {name: hugging-face}}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("env-from")
