"""Whether objects of the cluster are written to; and KServe's controller, as far as GitOps sees anything of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tests.cluster.control_plane import Client, Json
from tests.cluster.objects import collection, url

_FOREGROUND = "foregroundDeletion"
MODEL_KINDS = {"InferenceService": "serving.kserve.io/v1beta1", "LLMInferenceService": "serving.kserve.io/v1alpha2"}


class Mark(NamedTuple):
    """Tells objects apart (`uid`), the specs of an object (`generation`), and every time it is written (`version`)."""

    uid: str
    generation: int
    version: str


def marks(client: Client, docs: Iterable[Json]) -> dict[str, Mark]:
    """Return the marks of objects by kind and name; all of them must be there."""
    return {f"{doc['kind']}/{doc['metadata']['name']}": mark(client, doc) for doc in docs}


def mark(client: Client, doc: Json) -> Mark:
    """Return the mark of one object, which must be there."""
    answer = client.call("GET", url(doc))
    assert answer.accepted, f"{url(doc)}: {answer.message}"
    metadata = answer.body["metadata"]
    return Mark(metadata["uid"], metadata.get("generation", 0), metadata["resourceVersion"])


def is_there(client: Client, doc: Json) -> bool:
    """Whether an object exists and nobody has asked for its removal."""
    answer = client.call("GET", url(doc))
    return answer.accepted and "deletionTimestamp" not in answer.body["metadata"]


def live_models(client: Client, namespace: str) -> dict[str, Json]:
    """Return the models of a namespace by name."""
    found = {}
    for kind, version in MODEL_KINDS.items():
        items = client.call("GET", f"/apis/{version}/namespaces/{namespace}/{kind.lower()}s").body["items"]
        found.update({item["metadata"]["name"]: {"apiVersion": version, "kind": kind, **item} for item in items})
    return found


def report_ready(client: Client, namespace: str) -> None:
    """Report every model of a namespace ready that has no status yet, as KServe's controller would in time."""
    for name, model in live_models(client, namespace).items():
        if model.get("status", {}).get("conditions"):
            continue
        said = {
            "apiVersion": model["apiVersion"],
            "kind": model["kind"],
            "metadata": {"name": name, "namespace": namespace},
            "status": {"conditions": [_condition("Ready", "True"), _condition("Stopped", "False")]},
        }
        if model["kind"] == "LLMInferenceService":
            said["status"] = {"conditions": [_condition("Ready", "True")]}
        done = client.call("PATCH", f"{url(model)}/status", said, fieldManager="kserve", force="true")
        assert done.accepted, done.message


def collect_garbage(client: Client, kind: Json) -> None:
    """Let go of objects that wait for their dependents to go first: as they have none, the garbage collector would."""
    for item in client.call("GET", collection(kind)).body["items"]:
        finalizers = item["metadata"].get("finalizers", [])
        if "deletionTimestamp" in item["metadata"] and _FOREGROUND in finalizers:
            item["metadata"]["finalizers"] = [name for name in finalizers if name != _FOREGROUND]
            # Whoever else writes to it at the same time makes this one fail; the next time it succeeds.
            client.call("PUT", url({**kind, **item}), {**kind, **item})


def _condition(name: str, status: str) -> Json:
    return {"type": name, "status": status, "lastTransitionTime": "2026-01-02T03:04:05Z"}
