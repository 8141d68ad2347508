"""The pages of every render, as the package has them in templates: data in, a page in pieces out.

Made by `make pages` from `templates/`: edit those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kservegen.formats.inert import code, code_cell, inert, printable
from kservegen.formats.templates import ShippedPage


def _environment(data: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "# "
        + inert(str(data["name"]))
        + "\n\nCluster "
        + code(data["cluster"])
        + ", KServe "
        + inert(str(data["version"]))
        + ", deployment mode "
        + inert(str(data["mode"]))
        + ".\n\n- Charts, in install order: "
    )
    items_0 = list(data["charts"])
    for index_0, chart in enumerate(items_0):
        yield code(chart) + (", " if (not index_0 == len(items_0) - 1) else "")
    if not items_0:
        yield "none"
    yield ".\n- Expected to be there already: "
    items_0 = list(data["prerequisites"])
    for index_0, promise in enumerate(items_0):
        yield code(promise) + (", " if (not index_0 == len(items_0) - 1) else "")
    if not items_0:
        yield "none"
    yield (
        ".\n- Models: "
        + (
            printable("a page for each namespace in [models/](models/)")
            if data["kinds"]
            else "none in this environment"
        )
        + ".\n\nOn this page: "
    )
    if data["kinds"]:
        yield "[call a model](#call-a-model), "
    if data["services"]:
        yield "[watch it become Ready](#watch-a-model-become-ready), [stop, scale, roll back](#stop-scale-roll-back), "
    yield "[first install](#first-install), [uninstall](#uninstall).\n\n"
    if data["kinds"]:
        yield (
            "Below, `MODEL` and `NAMESPACE` stand for a model's name and its namespace.\n\n## Call a model\n\n`kservegen call MODEL --env "
            + printable(data["name"])
            + "` sends a first request and checks the answer; `--show` prints the request.\nBy hand, where the page of its namespace says which protocol it speaks, at which path, and under which name:\n\n"
        )
        items_0 = list(data["kinds"])
        for kind in items_0:
            yield "### " + inert(str(kind["kind"])) + "\n\n```sh\n"
            if kind["service"]:
                yield (
                    "kubectl -n NAMESPACE port-forward service/"
                    + printable(kind["service"])
                    + " 8080:"
                    + inert(str(kind["port"]))
                    + " &\nURL=http://127.0.0.1:8080\n"
                )
            if kind["has_address"]:
                yield (
                    (printable("# in Knative mode: ") if kind["service"] else "")
                    + "URL=$(kubectl -n NAMESPACE get "
                    + inert(str(kind["resource"]))
                    + " MODEL -o jsonpath='{.status.url}')\n"
                )
            items_1 = list(kind["requests"])
            for request in items_1:
                yield "# " + inert(str(request["protocol"])) + "\n"
                items_2 = list(request["lines"])
                for line in items_2:
                    yield printable(line) + "\n"
            yield "```\n\n"
            if kind["own_data"]:
                yield "The numbers are an example: their shape is the one that your model expects.\n\n"
    if data["services"]:
        yield "## Watch a model become Ready\n\n```sh\n"
        items_0 = list(data["services"])
        for kind in items_0:
            yield (
                "kubectl -n NAMESPACE get "
                + inert(str(kind["resource"]))
                + "s\nkubectl -n NAMESPACE wait --for=condition=Ready "
                + inert(str(kind["resource"]))
                + "/MODEL --timeout=20m\n"
            )
        yield "```\n\nWhen it never does:\n\n```sh\n"
        items_0 = list(data["services"])
        for kind in items_0:
            yield (
                "kubectl -n NAMESPACE get "
                + inert(str(kind["resource"]))
                + "/MODEL -o jsonpath='"
                + (printable('{.status.modelStatus}{"\\n"}') if (kind["kind"] == "InferenceService") else "")
                + '{range .status.conditions[*]}{.type}={.status} {.reason} {.message}{"\\n"}{end}\'\nkubectl -n NAMESPACE describe pods -l '
                + printable(kind["label"])
                + "\nkubectl -n NAMESPACE logs -l "
                + printable(kind["label"])
                + " --all-containers --prefix --tail=50\n"
            )
        yield "```\n\n| what you see | what it means |\n|---|---|\n"
        items_0 = list(data["services"])
        for kind in items_0:
            if kind["kind"] == "InferenceService":
                yield "| `transitionStatus` `InvalidSpec` | No pod will come: no runtime serves it, or the runtime's template is wrong. `lastFailureInfo` says which. |\n| no pod, and no `transitionStatus` | Its events (`kubectl describe`) say why: `StorageURI not supported`, or `fails to reconcile` (the pod). |\n| `transitionStatus` `BlockedByFailedLoad` | The server starts and cannot load the model: logs of `kserve-container`. |\n| condition `Stopped=True` | Somebody wrote `stop: true`. |\n"
            else:
                yield "| reason `ConfigNotFound` or `CombineBaseError` | No pod will come: a preset or a `baseRefs` is missing, or a template in one is wrong. |\n| reason `ReconcileSingleNodeWorkloadError` | No pod will come: Kubernetes refuses it, or the model's address. |\n| reason `RefsInvalid` | The model runs, its route does not: the Gateway is not there. |\n| reason `Stopped` | Somebody wrote `stop: true`. |\n"
        yield (
            "| pod `Pending`, `PodScheduled=False` | No node has the room, the label or the accelerator: the event says what. |\n| pod `ErrImagePull` | The image or its pull secret is wrong. |\n| pod `Init:Error` or `Init:CrashLoopBackOff` | The download fails: logs of `storage-initializer`. |\n| pod `CrashLoopBackOff`, `OOMKilled` | The model takes more memory than its limit. |\n| pod `Running`, never `Ready` | It still loads, or its readiness probe asks the wrong path or port. |\n\n## Stop, scale, roll back\n\nThe cluster follows this folder: what `kubectl edit` or `kubectl scale` changes, the next "
            + ("sync" if data["engine"] else "apply")
            + " undoes.\nWrite it under `models:` in `environments/"
            + printable(data["name"])
            + ".yaml`, `kservegen render`, and commit both.\n\n| to | write |\n|---|---|\n| stop it, and keep it | `MODEL: {stop: true}`; without the word it starts again |\n"
        )
        items_0 = list(data["services"])
        for kind in items_0:
            if kind["kind"] == "InferenceService":
                yield "| scale an InferenceService | `MODEL: {minReplicas: 2, maxReplicas: 4}` |\n"
            else:
                yield "| scale an LLMInferenceService | `MODEL: {replicas: 2}`, or where it has `scaling`: `MODEL: {scaling: {minReplicas: 2, maxReplicas: 4}}` |\n"
        yield "| remove it here | `MODEL: null`; a namespace's last one takes "
        items_0 = list(data["services"])
        for index_0, kind in enumerate(items_0):
            yield (
                ("" if index_0 == 0 else " or ")
                + "`kubectl -n NAMESPACE delete "
                + inert(str(kind["resource"]))
                + "/MODEL`"
            )
        yield (
            " too: its folder leaves with it |\n\nTo roll back, `kservegen rollback MODEL --env "
            + printable(data["name"])
            + "` gives it the words that it had before\nits last change; `kservegen find MODEL` names earlier commits, for `--to`. Then render, and commit both.\n\n"
        )
    yield "## First install\n\n"
    if data["roots"]:
        yield "What is expected to be there comes first. Then, once, from the root of the repository:\n\n```sh\n"
        items_0 = list(data["roots"])
        for root in items_0:
            yield "kubectl apply --server-side --field-manager=kservegen -f " + printable(root) + "\n"
        yield "```\n\nThe rest follows by itself, in this order: "
        items_0 = list(data["order"])
        for index_0, layer in enumerate(items_0):
            yield code(layer) + (", " if (not index_0 == len(items_0) - 1) else "")
        yield ".\n"
    else:
        yield "No engine syncs this environment. From the root of the repository, in this order:\n\n```sh\n"
        items_0 = list(data["by_hand"])
        for line in items_0:
            yield printable(line) + "\n"
        yield "```\n"
    yield "\n## Uninstall\n\nModels go before the controller: it clears their finalizers, and without it they hang for ever.\n\n```sh\n"
    items_0 = list(data["leaving"])
    for line in items_0:
        yield printable(line) + "\n"
    yield "```\n\nWhat stays: namespaces, with all that others keep in them, and KServe's CRDs. Deleting one of those deletes\nevery object of its kind in the cluster.\n"


def _models(data: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "# Models of "
        + inert(str(data["namespace"]))
        + " in "
        + inert(str(data["environment"]))
        + "\n\nHow they are called, watched and stopped: [the environment's page](../../README.md).\n\n| model | kind | owner | protocol | its name there | path |\n|---|---|---|---|---|---|\n"
    )
    items_0 = list(data["models"])
    for model in items_0:
        yield (
            "| ["
            + inert(str(model["name"]))
            + "]("
            + printable(model["file"])
            + ") | "
            + inert(str(model["kind"]))
            + " | "
            + inert(str(model["owner"]))
            + " | "
            + inert(str(model["protocol"]))
            + " | "
        )
        items_1 = list(model["names"])
        for name in items_1:
            yield code_cell(name) + " "
        yield "| " + (code_cell(model["path"]) if model["path"] else "") + " |\n"


SHIPPED_PAGES: Final[Mapping[str, ShippedPage]] = {"environment.md": _environment, "models.md": _models}
