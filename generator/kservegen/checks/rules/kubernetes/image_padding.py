"""White space stands around the name of an image.

A Deployment is created with it, but none of its pods is: the API server refuses them one after another.

Fix: Remove the white space.
Bad:
    image: "example/app:v1 "
Good:
    image: example/app:v1
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Stage, field_rule
from kservegen.checks.rules.kubernetes._laws import POD_KINDS
from kservegen.kubernetes.templates import CONTAINER_LAWS

RULE: Final = field_rule(Stage.RUN, *POD_KINDS, container=CONTAINER_LAWS["image-padding"])
