"""A route spec without rules takes the preset's rules away.

The CRD has a default for rules: one that matches every path and leads nowhere. It counts as yours, and replaces the
rules of the preset as a whole. The service becomes ready, and every request fails.

Fix: Write the rules with their backendRefs, or leave route.http.spec out.
Bad:
    router: {route: {http: {spec: {hostnames: [llm.example.com]}}}}
Good:
    router: {route: {}}
Upstream: kserve derive-llm-2, part 2; config/crd/full/llmisvc
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, sequence, value_at

_SPEC: Final = ("spec", "router", "route", "http", "spec")


@rule(Stage.RUN, "LLMInferenceService", "LLMInferenceServiceConfig")
def check(resource: Resource, _context: Context) -> Problems:
    spec = value_at(resource.doc, _SPEC)
    if not isinstance(spec, dict):
        return
    rules = map(mapping, sequence(spec.get("rules")))
    if not any(each.get("backendRefs") or each.get("filters") for each in rules):
        message = "the route leads nowhere: without rules of its own it gets one without a backend, not the preset's"
        yield Problem(_SPEC, message, seen=", ".join(spec), allowed="rules with backendRefs", at_key=True)
