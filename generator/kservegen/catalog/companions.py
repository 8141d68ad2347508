"""Objects that stand beside models: a key in, what it names out; what may be written so, and what belongs elsewhere."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct

from kservegen.catalog.sections import GROUP, KINDS, SECTIONS, KindInfo
from kservegen.core.names import label_error, path_segment_error, subdomain_error
from kservegen.core.patterns import lazy_pattern

COMPANIONS_FOLDER: Final = "companions"
# Our words beside the object's own fields; a file's defaults give these, and nothing else.
COMPANION_WORDS: Final = ("environments", "owner")
# What `manifests/` calls the folder that every environment takes.
ALL_ENVIRONMENTS: Final = "all"
_CLUSTER_FOLDER: Final = "cluster"
_KIND: Final = lazy_pattern(r"[A-Z][A-Za-z0-9]*\Z")
_FORM: Final = "group/Kind/namespace/name; without group for Kubernetes' core, without namespace for what has none"
_ENGINE_KINDS: Final = frozenset({"AppProject", "Application", "ApplicationSet"})


class CompanionKey(NamedTuple):
    """What identifies an object: blank group for Kubernetes' core, blank namespace for what belongs to none."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in self if part)

    @property
    def info(self) -> KindInfo:
        """The kind as a catalog holds it, beside models; its version is left open."""
        return KindInfo(
            kind=self.kind,
            version="",
            namespaced=bool(self.namespace),
            folder=COMPANIONS_FOLDER if self.namespace else _CLUSTER_FOLDER,
            group=self.group,
        )


class CompanionRefusal(Struct, frozen=True):
    """Why something cannot stand beside models, and what to do instead."""

    rule: str
    message: str
    hint: str
    allowed: str = ""


def read_key(key: str) -> CompanionKey | CompanionRefusal:
    """Return the object that a key of `extraManifests` names, or why it names none."""
    parts = key.split("/")
    group = "" if _KIND.match(parts[0]) else parts.pop(0)
    kind = parts[0] if parts else ""
    if len(parts) not in {2, 3} or "" in key.split("/") or not _KIND.match(kind):
        return _no_key(
            "the key does not say which object this is", "ConfigMap/models/settings, apps/Deployment/models/web"
        )
    found = CompanionKey(group, kind, parts[1] if len(parts) == 3 else "", parts[-1])
    return identity_refusal(found) or found


def identity_refusal(key: CompanionKey) -> CompanionRefusal | None:
    """Say why there can be no such object, whatever its kind; None where there can."""
    if key.group and (reason := subdomain_error(key.group)):
        return _no_key(f"{key.group!r} is no API group: {reason}", "apps/Deployment/models/web")
    if key.namespace and (reason := label_error(key.namespace)):
        return _no_key(f"{key.namespace!r} is no namespace: {reason}", "ConfigMap/models/settings")
    if reason := path_segment_error(key.name):
        return _no_key(f"{key.name!r} is no name: {reason}", "ConfigMap/models/settings")
    return None


def _no_key(message: str, example: str) -> CompanionRefusal:
    return CompanionRefusal("catalog/companion-key", message, f"Write it like {example}.", _FORM)


def refused_kind(group: str, kind: str) -> CompanionRefusal | None:
    """Say why a kind cannot stand beside models, wherever it is written, and where it belongs; None for all others."""
    if (group, kind) == ("", "Namespace"):
        return _elsewhere("kservegen makes Namespaces itself", "List it under `namespaces` of an environment.")
    if (group, kind) == ("apiextensions.k8s.io", "CustomResourceDefinition"):
        why = "a CRD comes with its operator, and takes every object of its kind along when it goes"
        return _elsewhere(why, "Install the operator by itself, and list it under `prerequisites`.")
    if group == "kustomize.config.k8s.io":
        why = "a kustomization is read by a tool, and is no object of a cluster"
        return _elsewhere(why, "Write down what `kustomize build` makes of it.")
    if group.endswith(".toolkit.fluxcd.io") or (group == "argoproj.io" and kind in _ENGINE_KINDS):
        why = f"{kind} steers the GitOps engine, and could sync what nobody judged"
        return _elsewhere(why, "Have it synced from elsewhere; kservegen renders its own from `gitops`.")
    return None


def refused_here(group: str, kind: str) -> CompanionRefusal | None:
    """Say why a kind cannot stand in `extraManifests`: what is refused everywhere, and KServe's own kinds."""
    if group != GROUP:
        return refused_kind(group, kind)
    section = next((name for name, kinds in SECTIONS.items() if KINDS.get(kind) in kinds), "models")
    hint = f"Write it under `{section}`, with `spec` for what has no word, or as a file below manifests/."
    return _elsewhere(f"kinds of {GROUP} have sections of their own", hint)


def _elsewhere(message: str, hint: str) -> CompanionRefusal:
    return CompanionRefusal("catalog/companion-kind", message, hint)
