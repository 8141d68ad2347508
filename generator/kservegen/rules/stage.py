"""When a rule's fact bites: the words for it, from the API server's answer to the running pod."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Who would say no. One word per rule, so that a verdict can be read off the findings of an object."""

    ADMISSION = "admission"  # the API server or a webhook refuses the object
    DEPLOYMENT = "deployment"  # admitted, but the controller never creates the workload
    RUN = "run"  # deployed, but the pods cannot start or start something else than was meant
    ENVIRONMENT = "environment"  # something beside the object is missing
    ADVICE = "advice"  # it works, and surprises later
