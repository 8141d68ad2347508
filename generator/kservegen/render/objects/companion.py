"""An entry that stands beside models in, its words the object's own; the object out, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from msgspec.structs import replace

from kservegen.catalog.companions import COMPANION_WORDS
from kservegen.catalog.resolve import Entry
from kservegen.catalog.sections import EXTRA_MANIFESTS, GROUP, KINDS, KindInfo
from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, text
from kservegen.core.file_names import as_file_name
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Origin, Resource, ResourceId
from kservegen.core.secrets import HIDDEN
from kservegen.formats.jsonschema.store import SCHEMA_NOT_FOUND, Shapes, is_kserves, is_kubernetes_group
from kservegen.kubernetes.metadata import CLUSTER_SCOPED
from kservegen.render.objects.draft import EntryFinding
from kservegen.render.objects.finish import finish, order
from kservegen.render.objects.settings import Settings

# What holds data of its own beside what Git says: an engine leaves it in the cluster when it leaves Git.
_KEPT: Final = frozenset({("", "PersistentVolumeClaim")})
_NOT_FIELDS: Final = frozenset({*COMPANION_WORDS, "apiVersion", "kind", "metadata"})
_OF_KEY: Final = (("kind",), ("metadata", "name"), ("metadata", "namespace"))
_OF_KEY_ALONE: Final = frozenset({"name", "namespace"})


def build_companion(entry: Entry, settings: Settings, shapes: Shapes) -> tuple[Resource, tuple[EntryFinding, ...]]:
    """Build the object of an entry that is no model, and say what is wrong with its words.

    Of `extraManifests` quantities and images are rewritten as in models, URIs are not; a plain manifest stays as it is.
    """
    is_plain = entry.section != EXTRA_MANIFESTS
    api_version, problems = _api_version(entry, shapes)
    kind = (api_version, entry.info.kind)
    has_none = entry.info.kind in CLUSTER_SCOPED or shapes.is_cluster_scoped(*kind)
    if is_plain:
        doc = mapping(order(entry.words))
    else:
        written = _document(entry, api_version, "" if has_none else entry.namespace)
        is_known = api_version in shapes.api_versions(entry.info.group, entry.info.kind)
        quantities = shapes.quantities(*kind) if is_known and not problems else None
        doc = finish(written, replace(settings, uri_prefixes=()), quantities)
    if settings.keep is not None and (entry.info.group, entry.info.kind) in _KEPT:
        doc = _kept(doc, settings.keep)
    resource = Resource(
        id=ResourceId(entry.info.kind, entry.namespace, entry.name),
        api_version=api_version,
        doc=doc,
        file=companion_file(entry.info, entry.namespace, entry.name),
        subject=entry.key,
        section=entry.section,
        origins=() if is_plain else (*(Origin(path, ()) for path in _OF_KEY), *_version_origin(entry)),
    )
    found = problems or list(_scope_problems(entry, has_none=has_none))
    found += _secret_problems(entry)
    if not is_plain:
        found += _identity_problems(entry)
    return resource, tuple(map(EntryFinding, found))


def _document(entry: Entry, api_version: str, namespace: str) -> JsonObject:
    metadata: JsonObject = {"name": entry.name, **({"namespace": namespace} if namespace else {})}
    more = {word: value for word, value in mapping(entry.words.get("metadata")).items() if word not in _OF_KEY_ALONE}
    fields = {word: entry.words[word] for word in sorted(entry.words) if word not in _NOT_FIELDS}
    return {"apiVersion": api_version, "kind": entry.info.kind, "metadata": {**metadata, **more}, **fields}


def _version_origin(entry: Entry) -> Iterator[Origin]:
    if "apiVersion" not in entry.words:
        yield Origin(("apiVersion",), ())


def _kept(doc: JsonObject, keep: tuple[str, str]) -> JsonObject:
    metadata = mapping(doc.get("metadata"))
    annotations: JsonObject = {**dict([keep]), **mapping(metadata.get("annotations"))}
    return {**doc, "metadata": order({**metadata, "annotations": annotations})}


def companion_file(info: KindInfo, namespace: str, own: str) -> str:
    """Name the file of an object called `own`; no two share one, and no character of a name means anything to a disk.

    A kind of Kubernetes or KServe is named by itself, any other with its group.
    """
    kind, name = info.kind.lower(), quote(own, safe="")
    by_itself = is_kubernetes_group(info.group) or (info.group == GROUP and info.kind in KINDS)
    file = f"{as_file_name(f'{kind}-{name}' if by_itself else f'{kind}.{info.group}_{name}')}.yaml"
    return f"{info.folder}/{namespace}/{file}" if info.namespaced else f"{info.folder}/{file}"


def _api_version(entry: Entry, shapes: Shapes) -> tuple[str, list[Finding]]:
    """Return the version of an object: what it says, or else the one that there is a schema of."""
    info, said = entry.info, text(entry.words.get("apiVersion"))
    known = shapes.api_versions(info.group, info.kind)
    if said in known:
        return said, []
    if not said and len(known) == 1:
        return known[0], []
    version = said or (f"{info.group}/v1" if info.group else "v1")
    if said and said.rpartition("/")[0] != info.group:
        message = f"the key says group {info.group or 'core'}, apiVersion says {said}"
        return version, [
            _finding("catalog/companion-key", ("apiVersion",), message, seen=said, hint="Keep one of the two.")
        ]
    if not said and known:
        message = f"{info.kind} is known in several versions, and nothing says which is meant"
        hint = f"Add apiVersion: {known[-1]}."
        return version, [_finding("catalog/companion-key", (), message, allowed=", ".join(known), hint=hint)]
    if is_kserves(version):
        return version, []  # the check of shapes says so, with what KServe serves
    where = f"schemas/crds/{info.group}/"
    near = "" if known else shapes.near(info.group, info.kind)
    if known:
        hint = f"Write apiVersion: {known[-1]}{', or leave it out' if len(known) == 1 else ''}."
    elif near:
        hint = f"Did you mean {near}?"
    elif is_kubernetes_group(info.group):
        hint = "Write a kind that Kubernetes serves, with its group: apps/Deployment/models/web."
    else:
        hint = f"Add its schema below {where}: kservegen schemas add CRD.yaml; or correct the name."
    message = f"there is no schema of {info.kind} in {version}, so nothing can be said of it"
    path: Path = ("apiVersion",) if said and known else ("kind",) if entry.section != EXTRA_MANIFESTS else ()
    seen, allowed = said if known else info.kind, ", ".join(known)
    return version, [_finding(SCHEMA_NOT_FOUND, path, message, seen=seen, allowed=allowed, hint=hint)]


def _scope_problems(entry: Entry, *, has_none: bool) -> Iterator[Finding]:
    """Find a namespace where the kind has none, and none where it needs one."""
    info = entry.info
    if entry.namespace and has_none:
        message, is_key = f"{info.kind} belongs to no namespace", entry.section == EXTRA_MANIFESTS
        key = "/".join(part for part in (info.group, info.kind, entry.name) if part)
        hint = f"Call it {key}." if is_key else "Remove the namespace."
        path: Path = () if is_key else ("metadata", "namespace")
        yield _finding("catalog/companion-key", path, message, seen=entry.namespace, hint=hint)
    elif not entry.namespace and not has_none:
        hint = "Say which: a namespace of the environment."
        if not is_kubernetes_group(info.group) and info.group != GROUP:
            hint = "Say which; where the kind has none, its schema says so: x-kservegen-scope: Cluster."
        yield _finding("catalog/no-namespace", (), f"this {info.kind} has no namespace", hint=hint)


def _identity_problems(entry: Entry) -> Iterator[Finding]:
    """Find a kind, a name or a namespace in the object that is not the one of its key."""
    metadata = mapping(entry.words.get("metadata"))
    said: tuple[tuple[Path, JsonValue, str], ...] = (
        (("kind",), entry.words.get("kind"), entry.info.kind),
        (("metadata", "name"), metadata.get("name"), entry.name),
        (("metadata", "namespace"), metadata.get("namespace"), entry.namespace),
    )
    for path, value, meant in said:
        if value is not None and value != meant:
            message = f"the key says {path[-1]} {meant or 'none'}, the object says another"
            yield _finding("catalog/companion-key", path, message, seen=str(value), hint="Remove it: the key says it.")


def _secret_problems(entry: Entry) -> Iterator[Finding]:
    """Find a Secret that brings its content along: what Git has, everybody has."""
    if (entry.info.group, entry.info.kind) != ("", "Secret"):
        return
    for field in ("data", "stringData"):
        if entry.words.get(field):
            message = f"a Secret with {field} would stand in Git for everybody to read"
            hint = "Write an ExternalSecret or a SealedSecret, or create the Secret by hand and promise it."
            yield _finding("catalog/secret-data", (field,), message, seen=HIDDEN, hint=hint, at_key=True)


def _finding(
    rule: str, path: Path, message: str, *, hint: str, seen: str = "", allowed: str = "", at_key: bool = False
) -> Finding:
    return Finding(rule=rule, path=path, message=message, seen=seen, allowed=allowed, hint=hint, at_key=at_key)
