"""Day two for the models of an environment: Ready or not, stopped, scaled, rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.kserve.protocols.servers import spec_of
from kservegen.render.objects.callees import Callee

_SERVICE, _LLM = "InferenceService", "LLMInferenceService"
_LABELS: Final = {
    _SERVICE: "serving.kserve.io/inferenceservice={name}",
    _LLM: "app.kubernetes.io/name={name},app.kubernetes.io/part-of=llminferenceservice",
}
_CONDITIONS: Final = '{range .status.conditions[*]}{.type}={.status} {.reason} {.message}{"\\n"}{end}'
_STATUS: Final = {_SERVICE: '{.status.modelStatus}{"\\n"}' + _CONDITIONS, _LLM: _CONDITIONS}

# What is seen, and what it means; the words are KServe's and Kubernetes', to be searched for.
_SIGNS: Final = {
    _SERVICE: (
        (
            "`transitionStatus` `InvalidSpec`",
            "No pod will come: no runtime serves it, or the runtime's template is wrong. `lastFailureInfo` says which.",
        ),
        (
            "no pod, and no `transitionStatus`",
            "Its events (`kubectl describe`) say why: `StorageURI not supported`, or `fails to reconcile` (the pod).",
        ),
        (
            "`transitionStatus` `BlockedByFailedLoad`",
            "The server starts and cannot load the model: logs of `kserve-container`.",
        ),
        ("condition `Stopped=True`", "Somebody wrote `stop: true`."),
    ),
    _LLM: (
        (
            "reason `ConfigNotFound` or `CombineBaseError`",
            "No pod will come: a preset or a `baseRefs` is missing, or a template in one is wrong.",
        ),
        (
            "reason `ReconcileSingleNodeWorkloadError`",
            "No pod will come: Kubernetes refuses it, or the model's address.",
        ),
        ("reason `RefsInvalid`", "The model runs, its route does not: the Gateway is not there."),
        ("reason `Stopped`", "Somebody wrote `stop: true`."),
    ),
}
_POD_SIGNS: Final = (
    ("pod `Pending`, `PodScheduled=False`", "No node has the room, the label or the accelerator: the event says what."),
    ("pod `ErrImagePull`", "The image or its pull secret is wrong."),
    ("pod `Init:Error` or `Init:CrashLoopBackOff`", "The download fails: logs of `storage-initializer`."),
    ("pod `CrashLoopBackOff`, `OOMKilled`", "The model takes more memory than its limit."),
    ("pod `Running`, never `Ready`", "It still loads, or its readiness probe asks the wrong path or port."),
)


def watch(services: Sequence[Callee]) -> str:
    """Say how to see a model become Ready, and what it looks like when it never does."""
    first = _first_of_each(services)
    lines = ["## Watch a model become Ready\n", "```sh"]
    for callee in first:
        lines.append(_kubectl(callee, f"get {_plural(callee)}"))
        lines.append(_kubectl(callee, f"wait --for=condition=Ready {_target(callee)} --timeout=20m"))
    lines += ["```", "", "When it never does:\n", "```sh"]
    for callee in first:
        label = _LABELS[callee.resource.kind].format(name=callee.resource.id.name)
        status = _STATUS[callee.resource.kind]
        lines.append(_kubectl(callee, f"get {_target(callee)} -o jsonpath='{status}'"))
        lines.append(_kubectl(callee, f"describe pods -l {label}"))
        lines.append(_kubectl(callee, f"logs -l {label} --all-containers --prefix --tail=50"))
    lines += ["```", "", "| what you see | what it means |", "|---|---|"]
    for callee in first:
        lines += [f"| {sign} | {meaning} |" for sign, meaning in _SIGNS[callee.resource.kind]]
    lines += [f"| {sign} | {meaning} |" for sign, meaning in _POD_SIGNS]
    return "\n".join(lines) + "\n"


def operate(environment: ResolvedEnvironment, services: Sequence[Callee]) -> str:
    """Say how to stop, scale and roll back: by the catalog, as a sync undoes everything else."""
    first = services[0].resource
    key, delete = first.subject, _kubectl(services[0], f"delete {_target(services[0])}")
    turn = "sync" if environment.text("gitops", "engine") not in {"", "none"} else "apply"
    rows = [
        "## Stop, scale, roll back\n",
        f"The cluster follows this folder: what `kubectl edit` or `kubectl scale` changes, the next {turn} undoes.",
        f"Write it under `models:` in `environments/{environment.name}.yaml`, `kservegen render`, and commit both.\n",
        "| to | write |",
        "|---|---|",
        f"| stop it, and keep it | `{key}: {{stop: true}}`; without the word it starts again |",
    ]
    rows += [f"| scale an {c.resource.kind} | `{c.resource.subject}: {_scaled(c)}` |" for c in _first_of_each(services)]
    rows += [
        f"| remove it here | `{key}: null`; a namespace's last one takes `{delete}` too: its folder leaves with it |",
        "",
        f"To roll back, `kservegen rollback {key} --env {environment.name}` gives it the words that it had before",
        f"its last change; `kservegen find {key}` names earlier commits, for `--to`. Then render, and commit both.",
    ]
    return "\n".join(rows) + "\n"


def _scaled(callee: Callee) -> str:
    """Return the words that scale a model; an LLM that scales itself takes bounds instead of a number."""
    if callee.resource.kind == _SERVICE:
        return "{minReplicas: 2, maxReplicas: 4}"
    spec = spec_of(callee.resource.doc)
    return "{scaling: {minReplicas: 2, maxReplicas: 4}}" if "scaling" in spec else "{replicas: 2}"


def _first_of_each(services: Sequence[Callee]) -> list[Callee]:
    """Return the first model of each kind, the older kind first."""
    first: dict[str, Callee] = {}
    for callee in services:
        first.setdefault(callee.resource.kind, callee)
    return [first[kind] for kind in sorted(first)]


def _kubectl(callee: Callee, words: str) -> str:
    return f"kubectl -n {callee.resource.id.namespace} {words}"


def _plural(callee: Callee) -> str:
    return f"{callee.resource.kind.lower()}s"


def _target(callee: Callee) -> str:
    return f"{callee.resource.kind.lower()}/{callee.resource.id.name}"
