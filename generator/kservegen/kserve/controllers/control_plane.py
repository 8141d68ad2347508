"""What is installed: a release and its settings, its runtimes and storage containers, what stands around an object."""

from __future__ import annotations

import json
from functools import cache
from typing import Final

from msgspec import Struct

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.repository import packaged_data
from kservegen.kserve.controllers.made import Surroundings
from kservegen.kserve.controllers.settings import ControllerSettings
from kservegen.kserve.releases import Release

RUNTIME_KIND: Final = "ClusterServingRuntime"
STORAGE_KIND: Final = "ClusterStorageContainer"
_API_VERSION: Final = "serving.kserve.io/v1alpha1"


class InstalledObjects(Struct, frozen=True, eq=False):
    """Objects that came with KServe; what was found out about them may be kept by identity.

    `presets` says whether those of LLM services came, too.
    """

    documents: tuple[JsonObject, ...]
    presets: bool = True


class ControlPlane(Struct, frozen=True, kw_only=True, eq=False):
    """KServe as it runs in a cluster, and the objects that stand there beside the one that is reconciled.

    `installed` are the cluster-wide objects that came with KServe; an object of the same name in `beside` stands for
    the one that was installed.
    """

    release: Release
    settings: ControllerSettings
    installed: InstalledObjects
    beside: Surroundings

    @property
    def has_knative(self) -> bool:
        """Whether Knative Serving is there: the cluster's own mode needs it, or its configuration stands beside."""
        usual = self.settings.deployment_mode in ("Knative", "Serverless")
        return usual or self.beside.find("ConfigMap", "knative-serving", "config-autoscaler") is not None

    @property
    def image_volumes(self) -> bool:
        """Whether pods may have images as volumes, which Kubernetes 1.34 leaves off unless it is told otherwise.

        Whoever states KServe's ConfigMap is taken to have a cluster that suits it.
        """
        return self.settings.stated

    def all(self, kind: str, namespace: str = "") -> list[JsonObject]:
        """List the objects of a kind in a namespace, or cluster-wide."""
        own = self.beside.all(kind, namespace)
        names = {text(mapping(doc.get("metadata")).get("name")) for doc in own}
        came = [doc for doc in self.installed.documents if doc["kind"] == kind and not namespace]
        return [*(doc for doc in came if text(mapping(doc["metadata"]).get("name")) not in names), *own]


@cache
def shipped_objects(version: str) -> InstalledObjects:
    """Return the runtimes and the storage container of a release, as its own configuration installs them."""
    file = packaged_data() / "facts" / "runtimes" / f"{version}.json"
    if not file.is_file():
        return InstalledObjects(())
    facts: JsonObject = json.loads(file.read_bytes())
    documents: tuple[JsonObject, ...] = tuple(
        {
            "apiVersion": _API_VERSION,
            "kind": kind,
            "metadata": {"name": name, "annotations": mapping(mapping(entry).get("annotations"))},
            "spec": mapping(mapping(entry).get("spec")),
        }
        for kind, section in ((RUNTIME_KIND, "runtimes"), (STORAGE_KIND, "storageContainers"))
        for name, entry in mapping(facts.get(section)).items()
    )
    return InstalledObjects(documents)
