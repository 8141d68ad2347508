"""The service never becomes ready, though all of its pods run.

On v0.20 the pool of a scheduler is judged by the gateways of the service's routes: where it has none, its condition
InferencePoolReady waits for a gateway for ever, and so does whoever waits for the service.

Fix: Add route: {} beside scheduler, or leave scheduler out.
Bad:
    router: {scheduler: {}}
Good:
    router: {scheduler: {}, route: {}}
Upstream: kserve derive-llm, part 13; router.go of pkg/controller/v1alpha2/llmisvc
"""

from typing import Final

from kservegen.checks.rules._made import made_of
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.kserve.controllers.made import STOPPED

_SCHEDULER: Final = ("spec", "router", "scheduler")


# What an InferenceService is never ready for are defects of releases, which have rules of their own.
@rule(Stage.RUN, "LLMInferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    view = made_of(resource, context)
    if view is not None and view.made.never_ready not in ("", STOPPED):
        yield Problem(_SCHEDULER, f"the service never becomes ready: {view.made.never_ready}", at_key=True)
