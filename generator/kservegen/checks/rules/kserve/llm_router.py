"""The route of an LLM service contradicts its gateway, or itself.

KServe either makes the HTTPRoute or refers to yours, and takes the Gateway of one place: route refs exclude a route
spec and a managed gateway, and the parentRefs of a route spec must be those of gateway.refs (v1alpha1 takes none beside
them). In v0.20, route.group and route.weight come together, for routes that KServe makes.

Fix: Keep one of the two: route.http.refs or spec, parentRefs or gateway.refs.
Bad:
    router: {route: {http: {refs: [{name: mine}]}}, gateway: {}}
Good:
    router: {route: {http: {refs: [{name: mine}]}}, gateway: {refs: [{name: gw, namespace: infra}]}}
Upstream: LLM-01; LLM-02; LLM-03; LLM-04; pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from kservegen.checks.rules.kserve._llm_laws import llm_rule

RULE = llm_rule("llm-router", "LLMInferenceService")
