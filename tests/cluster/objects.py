"""Where objects live on an API server: a manifest in, its URL out."""

from __future__ import annotations

from tests.cluster.control_plane import Client, Json

# Kinds that an English plural does not follow from.
_PLURALS = {
    "GitRepository": "gitrepositories",
    "LocalModelCache": "localmodelcaches",
    "OCIRepository": "ocirepositories",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
}
_CLUSTER_SCOPED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterServingRuntime",
    "ClusterStorageContainer",
    "CustomResourceDefinition",
    "LocalModelCache",
    "LocalModelNodeGroup",
    "Namespace",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}


def collection(doc: Json, namespace: str = "default") -> str:
    """Return the URL of the collection that an object is created in."""
    group, _, version = str(doc["apiVersion"]).rpartition("/")
    base = f"/apis/{group}/{version}" if group else f"/api/{version}"
    kind = str(doc["kind"])
    plural = _PLURALS.get(kind, f"{kind.lower()}s")
    if kind in _CLUSTER_SCOPED:
        return f"{base}/{plural}"
    return f"{base}/namespaces/{doc['metadata'].get('namespace', namespace)}/{plural}"


def url(doc: Json, namespace: str = "default") -> str:
    """Return an object's own URL."""
    return f"{collection(doc, namespace)}/{doc['metadata']['name']}"


def make_namespace(client: Client, name: str) -> None:
    """Create a namespace unless it is there, with the owner that this repository's policies ask of namespaces."""
    namespace = {"metadata": {"name": name, "labels": {"owner": "tests"}}}
    done = client.call("POST", "/api/v1/namespaces", namespace)
    assert done.accepted or done.code == 409, done.message
