"""A component allows fewer than no requests at once.

It limits the requests that a container works on at once, and 0 means no limit; the webhook refuses less.

Fix: Write 0 for no limit, or the number of requests at once.
Bad:
    predictor: {containerConcurrency: -1}
Good:
    predictor: {containerConcurrency: 0}
Upstream: ISVC-37; pkg/apis/serving/v1beta1/component.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.view import components_of
from kservegen.core.document import integer


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    for path, _, component in components_of(resource):
        number = integer(component.get("containerConcurrency"))
        if number is not None and number < 0:
            message = "parallelism cannot be less than 0"
            yield Problem((*path, "containerConcurrency"), message, seen=str(number), allowed="0 and more")
