"""The resources of a pod as a whole do not fit together, or with its containers'.

Beside its containers a pod may limit cpu, memory and huge pages as a whole: requests stay within limits and cover what
the containers request, no container's limit exceeds the pod's. The object is admitted, its Deployment is refused.

Fix: Raise the pod's amount, or lower the containers'.
Bad:
    {resources: {limits: {cpu: 1}}, containers: [{name: app, resources: {limits: {cpu: 2}}}]}
Good:
    {resources: {limits: {cpu: 2}}, containers: [{name: app, resources: {limits: {cpu: 2}}}]}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""

from kservegen.checks.rules.kubernetes._laws import POD_KINDS, law_rule

# The `resources` of a graph are its router's.
RULE = law_rule("pod-resources", kinds=POD_KINDS - {"InferenceGraph"})
