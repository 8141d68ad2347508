"""The manual of the rules about budgets."""

from __future__ import annotations

from typing import Final

from kservegen.core.diagnostics import RuleMeta, Severity

_GOOD: Final = "budgets: {all-l4: {accelerator: nvidia-l4, limit: 6}}"

RULES: Final = (
    RuleMeta(
        id="budget/exceeded",
        title="Models together stay within their budget",
        why="At maxReplicas the models ask for more than was granted: the last pods stay pending, or somebody else's "
        "do. Counted as the scheduler counts, at maxReplicas; each line of the sum is listed.",
        fix="Lower maxReplicas or what a pod requests, move a model, or agree on a larger budget.",
        good=_GOOD,
    ),
    RuleMeta(
        id="budget/no-limit",
        title="A budget limits something",
        why="A budget without a limit is kept by everything.",
        fix="Add limit (accelerators), cpu, memory or ephemeral-storage.",
        bad="budgets: {all-l4: {accelerator: nvidia-l4}}",
        good=_GOOD,
    ),
    RuleMeta(
        id="budget/not-a-quantity",
        title="A budget's limit is an amount that Kubernetes can read",
        why="An unreadable limit would be no limit.",
        fix="Write a quantity such as 64 or 256Gi.",
        bad="budgets: {all: {memory: 256GB}}",
        good="budgets: {all: {memory: 256Gi}}",
    ),
    RuleMeta(
        id="budget/quota-lowered",
        title="A quota is not lowered in the change that makes room for it",
        why="While the change is synced the old pods still run; a quota below what they take keeps the new ones out.",
        fix="Render and sync the change of the models first; lower the budget in the next change.",
    ),
    RuleMeta(
        id="budget/quota-scope",
        title="A budget that is a quota holds for one whole namespace",
        why="A ResourceQuota counts everything in its namespace; it knows no owners, and devices only by their name.",
        fix="Give the budget a namespace and no owner, and an accelerator where it limits accelerators.",
        bad="budgets: {search: {owner: search, limit: 2, quota: true}}",
        good="budgets: {search: {namespace: search, accelerator: nvidia-l4, limit: 2, quota: true}}",
    ),
    RuleMeta(
        id="budget/quota-too-small",
        title="A quota leaves room for a rolling update",
        why="The API server refuses the pods that a rolling update adds, and the new version never comes up.",
        fix="Raise the budget, lower maxReplicas, or let the models roll without extra pods.",
        good="deploymentStrategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}",
    ),
    RuleMeta(
        id="budget/rollout",
        title="A rolling update fits in the budget, too",
        why="Everything fits while nothing changes, but the pods that a rolling update adds for a while do not: with a "
        "full budget the new version waits for ever beside the old one. One object is counted as rolling at a time.",
        fix="Leave room for it, or let the model roll without extra pods (maxSurge: 0).",
        good="deploymentStrategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}",
        severity=Severity.WARNING,
    ),
    RuleMeta(
        id="budget/unbounded",
        title="What counts against a budget has a maximum",
        why="Without maxReplicas a Knative service scales as far as its load goes, and no budget can be kept.",
        fix="Set maxReplicas.",
        good="maxReplicas: 3",
        severity=Severity.WARNING,
    ),
    RuleMeta(
        id="budget/unknown-name",
        title="A budget names what the environment has",
        why="A budget for a misspelt accelerator or namespace limits nothing.",
        fix="Name an accelerator or a namespace of the environment.",
        bad="budgets: {all-l4: {accelerator: nvidia-l5, limit: 6}}",
        good=_GOOD,
    ),
)
