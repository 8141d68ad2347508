"""Which Secrets, ConfigMaps and claims operators make of other objects: an object in, what is made of it out.

KServe makes the claims of its caches, wherever a service uses one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from kservegen.core.document import mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.kserve.controllers.local_models import CACHE, NAMESPACE_CACHE

# Operators that write one Secret for each of their objects, and where the object says its name.
_SECRET_NAMES: Final[dict[str, Path]] = {
    "AzureKeyVaultSecret": ("spec", "output", "secret", "name"),
    "Certificate": ("spec", "secretName"),
    "DopplerSecret": ("spec", "managedSecret", "name"),
    "ExternalSecret": ("spec", "target", "name"),
    "InfisicalSecret": ("spec", "managedSecretReference", "secretName"),
    "ObjectBucketClaim": ("metadata", "name"),
    "OnePasswordItem": ("metadata", "name"),
    "SealedSecret": ("spec", "template", "metadata", "name"),
    "VaultDynamicSecret": ("spec", "destination", "name"),
    "VaultPKISecret": ("spec", "destination", "name"),
    "VaultStaticSecret": ("spec", "destination", "name"),
}
# Those whose Secret has the object's own name where it says no other.
_NAMED_ALIKE: Final = frozenset({"ExternalSecret", "SealedSecret"})
_CACHES: Final = frozenset({CACHE, NAMESPACE_CACHE})
_OTHERS: Final = frozenset({"Bundle", "ClusterExternalSecret", "SecretProviderClass", "SopsSecret"})
# The kinds that `outputs_of` knows.
OUTPUT_KINDS: Final = _OTHERS | _CACHES | _SECRET_NAMES.keys()


class Output(Struct, frozen=True):
    """A Secret, ConfigMap or claim that is made of an object; `keys` is None where that does not tell them.

    A blank namespace stands for any. `maker` is the kind of the object where an operator makes it, which nobody sees in
    a catalog; blank where KServe does.
    """

    kind: str
    namespace: str
    name: str
    keys: frozenset[str] | None = None
    maker: str = ""


def outputs_of(doc: JsonObject) -> Iterator[Output]:
    """List what a well-known operator makes of an object."""
    kind, metadata, spec = text(doc.get("kind")), mapping(doc.get("metadata")), mapping(doc.get("spec"))
    own, namespace = text(metadata.get("name")), text(metadata.get("namespace")) or "default"
    if kind in _SECRET_NAMES:
        name = text(value_at(doc, _SECRET_NAMES[kind])) or (own if kind in _NAMED_ALIKE else "")
        yield Output("Secret", namespace, name, _keys(kind, spec), kind)
    if kind == "ObjectBucketClaim":
        yield Output("ConfigMap", namespace, own, maker=kind)
    elif kind == "Bundle":  # trust-manager writes it to every namespace that it is told of
        yield from (Output(each, "", own, maker=kind) for each in ("ConfigMap", "Secret"))
    elif kind == "ClusterExternalSecret":
        name = text(value_at(doc, ("spec", "externalSecretSpec", "target", "name")))
        yield Output("Secret", "", name or text(spec.get("externalSecretName")) or own, maker=kind)
    elif kind == "SopsSecret":
        for item in map(mapping, sequence(spec.get("secretTemplates"))):
            yield Output("Secret", namespace, text(item.get("name")), maker=kind)
    elif kind == "SecretProviderClass":
        for item in map(mapping, sequence(spec.get("secretObjects"))):
            yield Output("Secret", namespace, text(item.get("secretName")), maker=kind)
    elif kind in _CACHES:
        for group in map(text, sequence(spec.get("nodeGroups"))):
            yield Output("PersistentVolumeClaim", "", f"{own}-{group}")


def _keys(kind: str, spec: JsonObject) -> frozenset[str] | None:
    """Tell the keys of the Secret that is made, where the object lists all of them."""
    target, template = mapping(spec.get("target")), mapping(spec.get("template"))
    if kind == "SealedSecret":
        # Its first form is one cipher of the whole Secret, which tells no keys.
        return frozenset({*mapping(spec.get("encryptedData")), *mapping(template.get("data"))}) or None
    is_listed = kind == "ExternalSecret" and not spec.get("dataFrom") and not target.get("template")
    if not is_listed or target.get("creationPolicy") == "Merge":
        return None
    return frozenset(text(mapping(item).get("secretKey")) for item in sequence(spec.get("data")))
