"""A project and what a cluster said in; the inventory of an environment written, or how it differs, out.

Who asks the cluster is the caller's choice: the module that speaks to an API server, or files that kubectl wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from kservegen.catalog.editing.files import read_sources
from kservegen.catalog.editing.journal import replace_files
from kservegen.catalog.inventory.collection import InventoryDraft, documents_in
from kservegen.catalog.inventory.facts import KSERVE_CONFIG
from kservegen.catalog.inventory.kinds import BY_KIND, EVERYWHERE, ListedKind
from kservegen.catalog.inventory.model import Inventory
from kservegen.catalog.model import CatalogDocument
from kservegen.catalog.resolve import resolve_environment
from kservegen.core.diagnostics import Finding, Location, Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.suggest import did_you_mean
from kservegen.evaluate.environment import DefaultedEnvironment, build_objects, default_environment
from kservegen.evaluate.project import OwnSchema, Project
from kservegen.formats.yaml.emit import emit
from kservegen.formats.yaml.load import load_strict
from kservegen.formats.yaml.manifest import load_manifests
from kservegen.kserve.charts.release import config_owner
from kservegen.kserve.platform import installed_platform

LARGEST_INPUT: Final = 64 << 20
LARGE_INPUT_HINT: Final = "Write one file for each kind or namespace: kubectl get KIND -n NAMESPACE -o json."
# How UTF-16 begins: with a mark, or with a character of ASCII. Windows PowerShell writes it where > leads to a file.
_UTF_16: Final = lazy_pattern(rb"\xff\xfe|\xfe\xff|\x00[\x01-\x7f]|[\x01-\x7f]\x00")
_HEAD: Final = "# What the cluster held on the day it was asked: kservegen inventory writes it, and nobody edits it.\n"
_STORAGE_CONTAINER: Final = ("ClusterStorageContainer", "", "default")


class InventoryDifference(Struct, frozen=True, kw_only=True):
    """One way in which a cluster is not what an inventory says, at the line that says it.

    `change` is new, gone, changed or unread. Namespace and name are blank where a kind as a whole is meant, and the
    kind is blank for versions.
    """

    location: Location
    change: str
    kind: str
    namespace: str
    name: str
    message: str


class EnvironmentInventory:
    """The inventory of one environment, there or not, and what of the cluster it is about."""

    def __init__(self, project: Project, environment: str, namespaces: Iterable[str] = ()) -> None:
        self._repository = project.repository
        self.environment = project.choose_one(environment)
        defaulted = _defaulted(project, self.environment)
        self._own = _own_objects(defaulted)
        built = defaulted.built
        entries = {item.resource.id.namespace or "default" for item in built.entries if item.entry.namespace}
        self.namespaces = tuple(sorted({*entries, *built.environment.mapping("namespaces"), *namespaces}))
        self._document = built.environment.source.inventory
        # Of a KServe that others have installed, without a word of where, the cluster tells more than the last one did.
        said = built.environment.text("kserve", "namespace") or not built.platform.by_others
        self.kserve_namespace = built.platform.namespace
        self.stated_kserve_namespace = self.kserve_namespace if said else ""

    @property
    def file(self) -> str:
        """The inventory's name, relative to the repository."""
        return self._repository.relative(self._repository.inventory_file(self.environment))

    def draft(self, *, with_keys: bool = True) -> InventoryDraft:
        """Begin to collect what the cluster holds."""
        return InventoryDraft(lambda *identity: identity in self._own, with_keys=with_keys)

    def write(self, draft: InventoryDraft, taken: str) -> JsonObject:
        """Write the inventory and return its words; GeneratorError where nothing was seen, or it cannot be written."""
        words = _words(draft, taken, self.file)
        sources = read_sources(self._repository)
        replace_files(self._repository.root, sources, {self.file: (_HEAD + emit(words)).encode()})
        return words

    def differences(self, draft: InventoryDraft, taken: str) -> Iterator[InventoryDifference]:
        """Tell what differs between the cluster and the file, by kind; the day does not count.

        GeneratorError where there is no file, or nothing was seen.
        """
        document = self._document
        if document is None:
            raise GeneratorError(
                "there is no inventory to compare with",
                subject=self.file,
                hint=f"Write one: kservegen inventory --env {self.environment}.",
            )
        yield from _differences(document, Inventory(self.file, _words(draft, taken, self.file)))


def read_objects(content: bytes, name: str) -> Iterator[JsonObject]:
    """Read what kubectl wrote, YAML or JSON, one document after the other; GeneratorError for anything else.

    Nothing of the content is repeated: it may hold Secrets.
    """
    if len(content) > LARGEST_INPUT:
        raise GeneratorError(f"it is larger than {LARGEST_INPUT >> 20} MiB", subject=name, hint=LARGE_INPUT_HINT)
    if _UTF_16.match(content):
        raise GeneratorError(
            "it is UTF-16, as > of Windows PowerShell writes it",
            subject=name,
            hint="Write it in UTF-8: kubectl get KIND -o json | Out-File -Encoding utf8 FILE.",
        )
    values = _read_json(content, name) if content.lstrip()[:1] in (b"{", b"[") else _read_yaml(content, name)
    for value in values:
        if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
            raise GeneratorError(
                "it holds no object of Kubernetes", subject=name, hint="Write it with: kubectl get KIND -o json."
            )
        yield value


def take_objects(draft: InventoryDraft, documents: Iterable[JsonObject]) -> int:
    """Take the objects of documents, and return how many were of a kind that inventories list.

    A list covers its kinds: in all namespaces where its objects are of several, for kubectl lists one or all. An object
    by itself covers nothing.
    """
    taken = 0
    for document in documents:
        places: dict[str, tuple[ListedKind, set[str]]] = {}
        for doc in documents_in(document):
            kind = draft.add(doc)
            if kind is not None:
                taken += 1
                namespace = text(mapping(doc.get("metadata")).get("namespace")) or "default"
                places.setdefault(kind.kind, (kind, set()))[1].add(namespace)
        if text(document.get("kind")).endswith("List"):
            for kind, found in places.values():
                if kind.kind in BY_KIND:
                    draft.cover(kind, found.pop() if kind.namespaced and len(found) == 1 else EVERYWHERE)
    return taken


def take_coverage(draft: InventoryDraft, said: Sequence[str]) -> None:
    """Note that kinds are listed whole, as KIND or KIND/NAMESPACE; GeneratorError for what is no such kind."""
    for item in said:
        name, _, namespace = item.partition("/")
        kind = BY_KIND.get(name)
        if kind is None or (namespace and not kind.namespaced):
            raise GeneratorError(
                "no inventory lists such a kind" if kind is None else f"{name} has no namespaces",
                subject=item,
                hint=did_you_mean(name, BY_KIND, f"Known: {', '.join(sorted(BY_KIND))}."),
            )
        draft.cover(kind, namespace or EVERYWHERE)


def _defaulted(project: Project, environment: str) -> DefaultedEnvironment:
    """Build an environment; GeneratorError where its words are not understood. Its inventory may be broken."""
    beside = project.repository.relative(project.repository.inventory_file(environment))
    wrong = [d for d in project.diagnostics if d.severity is Severity.ERROR and d.location.file != beside]
    resolved, _ = resolve_environment(project.catalog, environment)
    built = None if wrong else build_objects(resolved, project.tools)
    if built is None or isinstance(built, Finding):
        raise GeneratorError("the catalog has errors", subject=environment, hint="Run kservegen validate.")
    return default_environment(built, project.tools)


def _own_objects(defaulted: DefaultedEnvironment) -> frozenset[tuple[str, str, str]]:
    """List what the environment brings by itself: its objects, and what its charts install."""
    context, built = defaulted.context, defaulted.built
    own = {
        (identity.kind, place, identity.name)
        for identity in context.resources
        for place in {identity.namespace, identity.namespace or "default"}
    }
    values = {} if built.platform.by_others else built.platform.values()
    platform = installed_platform(
        context.release, values, namespace=built.platform.namespace
    )  # as the charts make it, whatever the cluster had
    own |= {("ClusterServingRuntime", "", name) for name in platform.runtimes}
    own |= {("LLMInferenceServiceConfig", platform.namespace, name) for name in platform.presets}
    own |= {("Gateway", namespace, name) for namespace, name in platform.gateways}
    if config_owner(context.release.charts, values):
        own |= {("ConfigMap", platform.namespace, KSERVE_CONFIG)}
    if platform.storage_container:
        own |= {_STORAGE_CONTAINER}
    return frozenset(own)


def _words(draft: InventoryDraft, taken: str, file: str) -> JsonObject:
    if draft.is_empty:
        raise GeneratorError(
            "nothing of the cluster could be read", subject=file, hint="Look at the rights, or at the files of kubectl."
        )
    words = draft.words(taken)
    loaded = mapping(load_strict(emit(words).encode(), file).value)
    for finding in OwnSchema("inventory").check(loaded):  # what is written is read again
        raise GeneratorError(f"{format_path(finding.path)}: {finding.message}", subject=file, hint=finding.hint)
    return words


def _read_json(content: bytes, name: str) -> Iterator[JsonValue]:
    decoder = json.JSONDecoder()
    try:
        written = content.decode("utf-8-sig").strip()
        while written:
            value, end = decoder.raw_decode(written)
            written = written[end:].lstrip()
            yield value
    except (ValueError, RecursionError):
        raise GeneratorError("it is no JSON", subject=name, hint="Write it with: kubectl get KIND -o json.") from None


def _read_yaml(content: bytes, name: str) -> Iterator[JsonValue]:
    loaded = load_manifests(content, name)
    wrong = [d for d in loaded.diagnostics if d.severity is Severity.ERROR]
    if wrong:
        raise GeneratorError(
            "it is no YAML that kubectl wrote",
            subject=f"{name}:{wrong[0].location.line}",
            hint="Write it with: kubectl get KIND -o json.",
        )
    yield from (document.value for document in loaded.documents)


def _differences(before: CatalogDocument, after: Inventory) -> Iterator[InventoryDifference]:
    old = Inventory(before.file, before.value)
    yield from _versions(before, after.words)
    known_unread = mapping(old.words.get("unread"))
    for what, reason in mapping(after.words.get("unread")).items():
        if what not in known_unread:
            kind, _, namespace = what.partition("/")
            said = f"cannot be read: {text(reason)}"
            yield _difference(before, ("covers", kind), "unread", (kind, namespace, ""), said)
    known, found = dict(_objects(old.words)), dict(_objects(after.words))
    if after.covers("Node"):
        known |= {("Node", "", name): mapping(pool) for name, pool in old.node_pools.items()}
        found |= {("Node", "", name): mapping(pool) for name, pool in after.node_pools.items()}
    for identity in sorted(known.keys() | found.keys()):
        kind, namespace, name = identity
        was, now = known.get(identity), found.get(identity)
        path: Path = ("namespaces", namespace, kind, name) if namespace else ("cluster", kind, name)
        path = ("nodePools", name) if kind == "Node" else path
        if was is None:
            yield _difference(before, path, "new", identity, "is new in the cluster")
        elif now is None:
            if after.covers(kind, namespace):  # otherwise it was not looked for
                yield _difference(before, path, "gone", identity, "is not in the cluster any more")
        elif was != now:
            yield _difference(before, path, "changed", identity, f"has changed: {_changed(was, now)}")


def _versions(before: CatalogDocument, after: JsonObject) -> Iterator[InventoryDifference]:
    for word, what in (("kubernetesVersion", "Kubernetes"), ("kserveVersion", "KServe")):
        was, now = text(before.value.get(word)), text(after.get(word))
        if now and was != now:
            said = f"{what} is {now}" + (f", was {was}" if was else "")
            yield _difference(before, (word,), "changed", ("", "", ""), said)


def _objects(words: JsonObject) -> Iterator[tuple[tuple[str, str, str], JsonObject]]:
    spaces = [("", mapping(words.get("cluster")))]
    spaces += [(name, mapping(value)) for name, value in mapping(words.get("namespaces")).items()]
    for namespace, kinds in spaces:
        for kind, names in kinds.items():
            for name, facts in mapping(names).items():
                yield (kind, namespace, name), mapping(facts)


def _changed(was: JsonObject, now: JsonObject) -> str:
    """Say in which words two sets of facts differ, and of keys which."""
    words = [word for word in sorted(was.keys() | now.keys()) if was.get(word) != now.get(word)]
    if words == ["keys"]:
        old, new = (set(map(text, sequence(facts.get("keys")))) for facts in (was, now))
        told = [f"key {key} is gone" for key in sorted(old - new)] + [f"key {key} is new" for key in sorted(new - old)]
        return ", ".join(told) or "keys"
    if words == ["nodes"]:
        return f"{was.get('nodes')} nodes then, {now.get('nodes')} now"
    return ", ".join(words)


def _difference(
    document: CatalogDocument, path: Path, change: str, identity: tuple[str, str, str], message: str
) -> InventoryDifference:
    kind, namespace, name = identity
    subject = "/".join(filter(None, identity))
    said = f"{subject} {message}" if kind else message
    return InventoryDifference(
        location=document.source.key(path), change=change, kind=kind, namespace=namespace, name=name, message=said
    )
