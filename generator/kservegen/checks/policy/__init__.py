"""Policies: ValidatingAdmissionPolicies and an environment's bindings in, findings about objects out.

    load.load(sources)                        files -> Policy..., diagnostics at the policy's own line
    binding.bind(policies, bindings)          the environment's choice, compiled -> Bound..., diagnostics
    evaluate.evaluate(bound, resource)        one object -> findings, `policy/<name>`

The same files go to the cluster, so a policy means here what it means there: `checks.policy.params` says which
shape parameters have, `formats.cel` which expressions are refused because they cannot be evaluated offline.
An object is evaluated as a *create*: `oldObject` is null, `request.operation` is CREATE, and who asks is not known.
Nothing of this package is imported where an environment binds no policy.
"""
