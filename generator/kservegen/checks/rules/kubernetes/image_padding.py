"""White space stands around the name of an image.

A Deployment is created with it, but none of its pods is: the API server refuses them one after another.

Fix: Remove the white space.
Bad:
    image: "example/app:v1 "
Good:
    image: example/app:v1
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.base import Stage
from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("image-padding", Stage.RUN)
