"""The manual pages of what can be wrong with policies themselves."""

from __future__ import annotations

from kservegen.core.diagnostics import RuleMeta, Severity

INVALID = RuleMeta(
    id="policy/invalid",
    title="a policy file is not a policy that the API server would accept",
    why=(
        "The files in policies/ are Kubernetes ValidatingAdmissionPolicies, evaluated here and rendered for the "
        "cluster. One that the API server refuses protects nothing."
    ),
    fix="Correct the field or the expression at the line; the message says what the checker saw.",
    bad="validations:\n  - expression: object.spec.replicas > '1'\n",
    good="validations:\n  - expression: object.spec.replicas > 1\n",
)

UNSUPPORTED = RuleMeta(
    id="policy/unsupported",
    title="a policy cannot be judged offline",
    why=(
        "The API server may accept the policy, but something it asks is not known from files (who sends the request, "
        "the labels of a namespace that is not rendered) or is not built into kservegen. Passing the object "
        "silently would be a promise nobody can keep."
    ),
    fix="Write the expression with what is supported, or do not bind the policy here and leave it to the cluster.",
    bad="validations:\n  - expression: request.userInfo.username == 'argocd'\n",
    good="validations:\n  - expression: has(object.metadata.labels.team)\n",
)

BINDING = RuleMeta(
    id="policy/binding",
    title="an environment binds a policy in a way that cannot work",
    why="A binding that names no policy, or gives parameters that nothing reads, looks like a check and is none.",
    fix="Name a policy of policies/, give it one or two of Deny, Warn and Audit, and the parameters that it lists.",
    bad="policies: {bindings: {gpu-hole: {actions: [Deny, Warn]}}}\n",
    good="policies: {bindings: {gpu-whole: {actions: [Deny]}}}\n",
)

IGNORED = RuleMeta(
    id="policy/ignored-error",
    title="a policy failed on an object and its failurePolicy lets it pass",
    why=(
        "Under failurePolicy Ignore an expression that ends in an error counts as passed. That is the policy's choice, "
        "and worth knowing: most often a field is absent that the expression takes for granted."
    ),
    fix="Guard the field with has(), or set failurePolicy: Fail.",
    bad="failurePolicy: Ignore\nvalidations:\n  - expression: object.spec.predictor.minReplicas > 0\n",
    good="failurePolicy: Ignore\nvalidations:\n  - expression: object.?spec.?predictor.?minReplicas.orValue(1) > 0\n",
    severity=Severity.INFO,
)

BROKEN_GLASS = RuleMeta(
    id="policy/break-glass",
    title="a namespace is taken out of all policies",
    why=(
        "The break-glass label is for the hour in which a policy stands between a team and a repair. Every binding "
        "leaves a namespace with this label alone, here and in the cluster; left in place, it is a hole nobody sees."
    ),
    fix="Remove the label from the namespace when the repair is done.",
    bad='namespaces: {models: {labels: {policies.kservegen.io/break-glass: "true"}}}\n',
    good="namespaces: {models: {labels: {}}}\n",
    severity=Severity.WARNING,
)

WAIVER_OUT_OF_REACH = RuleMeta(
    id="policy/waiver-out-of-reach",
    title="a waiver holds in the pull request and not in the cluster",
    why=(
        "In the cluster a waived object is named in the parameters that are rendered for the binding. A binding that "
        "takes the parameters of another one, or of a kind of its own, has no place for it: the object is refused."
    ),
    fix="Give the binding parameters of its own, or narrow it with matchResources.",
    bad="policies: {bindings: {mine: {policyName: storage-scheme, actions: [Deny], paramRef: {name: shared}}}}\n",
    good="policies: {bindings: {storage-scheme: {actions: [Deny], params: {schemes: [hf]}}}}\n",
    severity=Severity.WARNING,
)

CASE = RuleMeta(
    id="policy/case",
    title="a test case of a policy does not get the verdict that it states",
    why=(
        "The cases in policies/tests/ say what a policy is for. Where one comes out otherwise, the policy does not do "
        "what its authors think, or the case is out of date."
    ),
    fix="Correct the policy, or the comment at the head of the case.",
    bad="# expect: pass\nkind: InferenceService  # ... with half a GPU\n",
    good="# expect: fail spec.predictor.model.resources | GPUs of model have to be whole numbers\n",
)

UNTESTED = RuleMeta(
    id="policy/untested",
    title="a policy lacks a case that passes, or one that fails",
    why="A policy that refuses everything passes every failing case, and one that refuses nothing every other.",
    fix="Add policies/tests/<policy>/pass-*.yaml and fail-*.yaml, with '# expect: ...' in their first line.",
    bad="policies/\n  gpu-whole.yaml\n",
    good="policies/\n  gpu-whole.yaml\n  tests/gpu-whole/{pass-equal,fail-fraction}.yaml\n",
)

UNEXERCISED = RuleMeta(
    id="policy/unexercised",
    title="an expression of a policy is not put to the test",
    why=(
        "A condition or a check that only ever came to one of true and false may as well be a constant; a mistake in "
        "its other half shows in the cluster first."
    ),
    fix="Add a case in which it comes out the other way, or remove the expression.",
    bad="variables: [{name: idle, expression: object.spec.replicas}]\n",
    good="variables: []\n",
    severity=Severity.WARNING,
)

COST = RuleMeta(
    id="policy/cost",
    title="a policy may cost more on a large object than the API server allows",
    why=(
        "The server counts what an expression costs and gives up at a limit: under failurePolicy Fail the object is "
        "then refused, whatever the policy says. This is an estimate, for an object whose lists and maps all have 8 "
        "entries and whose texts have 40 characters."
    ),
    fix="Nest fewer loops over lists of the object, or look at one list in one expression.",
    bad="object.a.all(a, object.b.all(b, object.c.all(c, object.d.all(d, object.e.all(e, e != a)))))\n",
    good="object.a.all(a, !(a.x in object.b))\n",
    severity=Severity.WARNING,
)

RULES = (INVALID, UNSUPPORTED, BINDING, IGNORED, BROKEN_GLASS, WAIVER_OUT_OF_REACH, CASE, UNTESTED, UNEXERCISED, COST)
