"""What an environment says to Flux alone: an environment in, the words below `gitops.flux` and their fall-backs out."""

from __future__ import annotations

from typing import Final, Self

from msgspec import Struct

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Origin, Resource, ResourceId
from kservegen.render.gitops.layers import LayerPart, SyncLayer

FLUX_NAMESPACE: Final = "flux-system"
DEFAULT_TIMEOUT: Final = "10m"
DEFAULT_DRIFT: Final[JsonObject] = {"mode": "warn"}
# What the URL of a Git repository begins with, for Flux to read it.
SCHEMES: Final = ("https://", "http://", "ssh://")

FLUX_WORDS: Final[Path] = ("gitops", "flux")


class FluxWords(Struct, frozen=True, kw_only=True):
    """The choices, in Flux's own terms; an empty map or text where nothing is said.

    `kserve` is the namespace of KServe's controllers. `kube_config` is the cluster that is synced to, where it is not
    the one that Flux runs in. `service_account` is the one that everything is applied as; without it, and without a
    kubeconfig, each layer has an account of its own, each team, and with `by_namespace` each namespace with models that
    no team holds.
    """

    environment: str
    namespace: str
    kserve: str
    timeout: str
    deletion_policy: str
    service_account: str
    by_namespace: bool
    kube_config: JsonObject
    git_secret: JsonObject
    chart_secret: JsonObject
    drift_detection: JsonObject

    @classmethod
    def of(cls, environment: ResolvedEnvironment) -> Self:
        """Read the words of an environment."""
        return cls(
            environment=environment.name,
            namespace=environment.text("gitops", "namespace", default=FLUX_NAMESPACE),
            kserve=environment.kserve_namespace,
            timeout=environment.text("gitops", "flux", "timeout", default=DEFAULT_TIMEOUT),
            # With Orphan a Kustomization that is deleted, by hand or by mistake, stops no model.
            deletion_policy=environment.text("gitops", "flux", "deletionPolicy", default="Orphan"),
            service_account=environment.text("gitops", "flux", "serviceAccountName"),
            by_namespace=environment.text("gitops", "flux", "serviceAccounts") == "namespace",
            kube_config=environment.mapping("gitops", "flux", "kubeConfig"),
            git_secret=environment.mapping("gitops", "flux", "secretRef"),
            chart_secret=environment.mapping("gitops", "flux", "chartSecretRef"),
            drift_detection={**DEFAULT_DRIFT, **environment.mapping("gitops", "flux", "driftDetection")},
        )

    @property
    def has_accounts(self) -> bool:
        """Whether layers have accounts of their own; with a kubeconfig, the rights are those that it gives."""
        return not self.service_account and not self.kube_config

    def account_of(self, layer: SyncLayer) -> str:
        """Name the account that the Kustomization of a layer is applied as; blank for Flux's own."""
        if not self.has_accounts:
            return self.service_account
        if layer.charts:
            return self.name("charts")
        if not layer.is_tenant and not layer.is_companions:
            return self.name(layer.part)
        account = self.name(LayerPart.COMPANIONS if layer.is_companions else LayerPart.MODELS)
        if layer.team:
            team = self.name(f"team-{layer.team}")
            return f"{team}-{LayerPart.COMPANIONS}" if layer.is_companions else team
        return f"{account}-{layer.namespace}" if self.by_namespace else account

    def releaser_of(self, layer: SyncLayer) -> str:
        """Name the account that the releases of a layer of charts are installed as; blank for Flux's own."""
        return self.name(layer.part) if self.has_accounts else self.service_account

    def name(self, layer: str = "") -> str:
        """Name an object after the environment, and a layer or chart of it."""
        return f"{self.environment}-{layer}" if layer else self.environment

    def resource(self, kind: str, api_version: str, name: str, spec: JsonObject, folder: str) -> Resource:
        """Wrap the spec of one of Flux's objects; `folder` is relative to the environment's."""
        metadata: JsonObject = {"name": name, "namespace": self.namespace}
        return Resource(
            id=ResourceId(kind, self.namespace, name),
            api_version=api_version,
            doc={"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec},
            file=f"{folder}/{kind.lower()}-{name}.yaml",
            subject=name,
            origins=(Origin((), ("gitops",)), *(Origin(("spec", *built), words) for built, words in _ORIGINS)),
        )


_ORIGINS: Final[tuple[tuple[Path, Path], ...]] = (
    (("url",), ("gitops", "repoURL")),
    (("ref",), ("gitops", "targetRevision")),
    (("timeout",), (*FLUX_WORDS, "timeout")),
    (("kubeConfig",), (*FLUX_WORDS, "kubeConfig")),
    (("driftDetection",), (*FLUX_WORDS, "driftDetection")),
    (("serviceAccountName",), (*FLUX_WORDS, "serviceAccountName")),
)
