"""An environment variable has no name, or an impossible one.

The Deployment that the controller makes of the object is refused. Digits in front and spaces are fine, an equals sign
is not.

Fix: Give the variable a name of printable ASCII characters without '='.
Bad:
    env: [{name: "", value: x}]
Good:
    env: [{name: HF_HOME, value: /cache}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("env-name")
