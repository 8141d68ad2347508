"""When a rule's fact bites, and how far it looks: the words for it, from the API server's answer to the running pod."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Who would say no. One word per rule, so that a verdict can be read off the findings of an object."""

    ADMISSION = "admission"  # the API server or a webhook refuses the object
    DEPLOYMENT = "deployment"  # admitted, but the controller never creates the workload
    RUN = "run"  # deployed, but the pods cannot start or start something else than was meant
    ADVICE = "advice"  # it works, and surprises later


class Scope(StrEnum):
    """What a verdict depends on. A module without a `SCOPE` of its own looks at its object alone.

    What is said of an object alone holds wherever the same object stands; what lies around it has to be looked at anew
    in every environment.
    """

    OBJECT = "object"  # the object, the KServe version and the cluster's default mode
    ENVIRONMENT = "environment"  # also other objects, what the platform has and promises
    UPDATE = "update"  # what the object was before, so that a change is refused and not what it leads to
