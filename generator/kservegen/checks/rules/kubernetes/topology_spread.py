"""A topology spread constraint is not one that a pod may have.

maxSkew is at least 1, topologyKey names a label of nodes, whenUnsatisfiable is DoNotSchedule or ScheduleAnyway, and a
pair of these two stands once. The object is admitted, its Deployment is refused.

Fix: Correct the field that is pointed at.
Bad:
    topologySpreadConstraints: [{maxSkew: 0, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway}]
Good:
    topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway}]
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""  # noqa: E501 - a sample

from kservegen.checks.rules.kubernetes._laws import law_rule

RULE = law_rule("topology-spread")
