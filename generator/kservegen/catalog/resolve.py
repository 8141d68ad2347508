"""Catalog x environment -> what this environment holds: merged entries, each with the way back to its lines.

The layers of an entry, in merge order: the `defaults` of the file that defines it, the profiles it names, the entry
itself, and what the environment says of it (`environments/defaults.yaml`, the bases that it extends in their order, and
`environments/<env>.yaml`, merged with each other first, so that an environment can bring back what the defaults
removed). Shared defaults lie under those of
the file, a shared profile under the file's own of its name. `profile` is resolved before the rest, so that a profile
can be chosen per environment. The law of the merge is in `kservegen.catalog.merge`; what names nothing is told by
`kservegen.catalog.naming`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from kservegen.catalog.companions import CompanionKey, read_key, refused_here
from kservegen.catalog.inventory.model import Inventory
from kservegen.catalog.inventory.nodes import listed_pools
from kservegen.catalog.merge import merge_values
from kservegen.catalog.model import (
    Catalog,
    CatalogDocument,
    Definition,
    EnvironmentSource,
    Fragment,
    PlainManifest,
    find_location,
)
from kservegen.catalog.sections import (
    ENTRY_SECTIONS,
    EXTRA_MANIFESTS,
    GROUP,
    KINDS,
    KSERVE_NAMESPACE,
    MANIFESTS,
    SECTIONS,
    KindInfo,
)
from kservegen.core.crashes import crash_finding
from kservegen.core.diagnostics import Diagnostic, Location, Related
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.manual import written_manuals
from kservegen.core.suggest import did_you_mean


class Entry(Struct, frozen=True, kw_only=True, eq=False):
    """One catalog entry as one environment sees it: merged words, and the fragments they were merged from."""

    section: str
    key: str
    info: KindInfo
    namespace: str  # "" for cluster-scoped kinds
    name: str
    words: JsonObject
    fragments: tuple[Fragment, ...]
    defaulted: frozenset[str]  # words that come from `defaults` alone

    def locate(self, path: Path, *, at_key: bool = False) -> Location:
        """Return the line of the word at `path`; for a missing word, the line of its parent or of the entry."""
        exact = find_location(self.fragments, self.words, path, at_key=at_key)
        missing = path and path[0] not in self.words
        return self.own_location if missing or not path else exact

    @property
    def own_fragment(self) -> Fragment:
        """What its definition says: neither what lies beneath, nor what an environment lays over it."""
        return next(fragment for fragment in self.fragments if fragment.name == "entry")

    @property
    def own_location(self) -> Location:
        """The line of the entry's own key; of a plain manifest, that of the object's name."""
        own = self.own_fragment
        if self.section == MANIFESTS:
            return own.document.source.value((*own.path, "metadata", "name"))
        return own.document.source.key(own.path)

    @property
    def is_companion(self) -> bool:
        """Whether it is an object of its own form beside models, and no words of ours."""
        return self.section in {EXTRA_MANIFESTS, MANIFESTS}


EntryName: TypeAlias = tuple[str, str]  # section and key


class ResolvedEnvironment(Struct, frozen=True, kw_only=True, eq=False):
    """One environment: its merged file and its entries, sorted by section, namespace and name.

    `value` is what counts: where a change is judged from a base revision, the words that a change cannot grant itself
    (`evaluate/base.py`) are those of the base there, and `written` has the file as it is. `owners` are those that
    entries had at the base, by section and key; empty where nothing is judged from one.
    """

    name: str
    source: EnvironmentSource
    value: JsonObject
    fragments: tuple[Fragment, ...]
    entries: tuple[Entry, ...]
    written: JsonObject
    owners: Mapping[EntryName, str] = field(default_factory=dict)

    def locate(self, path: Path, *, at_key: bool = False) -> Location:
        """Return the line of the environment's value at `path`; for a missing one, its nearest written parent."""
        if path[:1] == ("nodePools",) and "nodePools" not in self.written:
            path = ("inventory", "nodePools")  # the nodes of the inventory stand for them
        return find_location(self.fragments, self.written, path, at_key=at_key)

    def at(self, *path: str) -> JsonValue:
        """Return the value at `path`, or None."""
        value: JsonValue = self.value
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def mapping(self, *path: str) -> JsonObject:
        """Return the map at `path`; empty where there is none."""
        value = self.at(*path)
        return value if isinstance(value, dict) else {}

    @property
    def locked(self) -> JsonObject:
        """What the environment's lock holds of models, by address; empty where there is no lock."""
        return self.source.lock.section("models") if self.source.lock else {}

    @property
    def lock_file(self) -> str:
        """The name of the file that the lock stands in; blank where there is none."""
        return self.source.lock.file if self.source.lock else ""

    @property
    def inventory(self) -> Inventory | None:
        """What the cluster held; None where nobody wrote it down."""
        found = self.source.inventory
        return Inventory(found.file, found.value) if found is not None else None

    @property
    def kserve_namespace(self) -> str:
        """The namespace of KServe's controllers.

        What the file says, else where the inventory has the ConfigMap of a KServe that others installed, else `kserve`.
        """
        said = self.text("kserve", "namespace")
        if said or self.at("kserve", "install") != "none":
            return said or KSERVE_NAMESPACE
        inventory = self.inventory
        return (inventory.kserve_namespace if inventory is not None else "") or KSERVE_NAMESPACE

    def text(self, *path: str, default: str = "") -> str:
        """Return the text at `path`, or `default`."""
        value = self.at(*path)
        return value if isinstance(value, str) else default


class _Resolver(Struct, eq=False):
    catalog: Catalog
    source: EnvironmentSource
    shared: dict[EntryName, Entry]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    bases: dict[tuple[str, bool, tuple[str, ...]], JsonObject] = field(default_factory=dict)

    def report(self, rule: str, message: str, location: Location, **more: object) -> None:
        self.diagnostics.append(
            Diagnostic(
                rule=rule,
                severity=written_manuals()[rule].severity,
                message=message,
                location=location,
                environments=(self.source.name,),
                **more,  # type: ignore[arg-type]
            )
        )


def resolve_environment(
    catalog: Catalog, environment: str, shared: dict[EntryName, Entry] | None = None
) -> tuple[ResolvedEnvironment, list[Diagnostic]]:
    """Resolve one environment of the catalog, or a base as if it were one; what is wrong comes back beside it.

    `shared` holds the entries of the same catalog that environments say nothing of: they are the same in each of them.
    """
    source = catalog.source_of(environment)
    if source is None:
        raise KeyError(environment)
    resolver = _Resolver(catalog, source, {} if shared is None else shared)
    fragments = tuple(Fragment(d.file, d, (), d.value) for d in source.documents)
    layered: JsonObject = {}
    for document in source.documents:
        layered = merge_values(layered, document.value, keep_nulls=True)
    _check_names(resolver)
    entries: list[Entry] = []
    for definition in catalog.definitions.values():
        entries.extend(_contained_entry(resolver, definition, layered))
    entries.extend(_plain_entries(resolver))
    entries.sort(key=lambda e: (_ORDER[e.section], e.namespace, e.name))
    _check_unique(resolver, entries)
    written = merge_values({}, layered)
    resolved = ResolvedEnvironment(
        name=environment,
        source=source,
        value=_with_listed_pools(written, source.inventory),
        fragments=fragments,
        entries=tuple(entries),
        written=written,
    )
    return resolved, resolver.diagnostics


def _with_listed_pools(written: JsonObject, inventory: CatalogDocument | None) -> JsonObject:
    """Take the nodes of an inventory for node pools, where the environment asks for that and states none itself."""
    asked = mapping(written.get("inventory")).get("nodePools") is True
    if not asked or inventory is None or mapping(written.get("nodePools")):
        return written
    listed = Inventory(inventory.file, inventory.value).node_pools
    return {**written, "nodePools": listed_pools(listed, mapping(written.get("accelerators")))}


_ORDER = {section: index for index, section in enumerate((*ENTRY_SECTIONS, MANIFESTS))}


def _check_names(resolver: _Resolver) -> None:
    """Every name that an environment speaks of must be defined in the catalog: a misspelt one changes nothing."""
    if not resolver.catalog.complete:
        return
    known = resolver.catalog.definitions
    for document in resolver.source.documents:
        for section in ENTRY_SECTIONS:
            for key in document.section(section):
                if (section, key) in known:
                    continue
                names = [k for s, k in known if s == section]
                resolver.report(
                    "catalog/unknown-name",
                    f"{section} has no {key}",
                    document.source.key((section, key)),
                    path=format_path((section, key)),
                    hint=did_you_mean(key, names, f"Define {key} in models.yaml under {section}, or remove it here."),
                )


def _plain_entries(resolver: _Resolver) -> Iterator[Entry]:
    """Yield the objects of `manifests/` that this environment takes: each is all that its entry says."""
    for manifest in resolver.catalog.manifests:
        if manifest.folder not in resolver.source.manifest_folders:
            continue
        place = f"{manifest.location}"  # two files may hold the same object
        if (MANIFESTS, place) not in resolver.shared:
            resolver.shared[MANIFESTS, place] = _plain_entry(manifest)
        yield resolver.shared[MANIFESTS, place]


def _plain_entry(manifest: PlainManifest) -> Entry:
    key = manifest.key
    info = KINDS[key.kind] if key.group == GROUP and key.kind in KINDS else key.info
    return Entry(
        section=MANIFESTS,
        key=str(key),
        info=replace(info, version=manifest.api_version.rpartition("/")[2]),
        namespace=key.namespace,
        name=key.name,
        words=manifest.words,
        fragments=(Fragment("entry", manifest.document, manifest.path, manifest.words),),
        defaulted=frozenset(),
    )


def _contained_entry(resolver: _Resolver, definition: Definition, layered: JsonObject) -> Iterator[Entry]:
    """Yield the entry, if this environment has it; one that cannot be merged is left out, and said."""
    try:
        entry = _resolve_entry(resolver, definition, layered)
    except Exception as crash:  # noqa: BLE001 - the other entries are resolved all the same
        finding = crash_finding("merging this entry", crash)
        resolver.report(finding.rule, finding.message, definition.location, hint=finding.hint, cause=finding.cause)
        return
    if entry is not None:
        yield entry


def _resolve_entry(resolver: _Resolver, definition: Definition, layered: JsonObject) -> Entry | None:
    section, key = definition.section, definition.key
    overlay = mapping(layered.get(section)).get(key, _NOTHING_SAID)
    if not isinstance(overlay, dict):
        return None  # removed here by a null; a wrong shape has its own finding from the schema
    if overlay:
        entry = _merge_entry(resolver, definition, overlay)
    else:
        entry = resolver.shared.get((section, key))
        if entry is None:
            entry = _merge_entry(resolver, definition, overlay)
            if entry is not None:
                resolver.shared[section, key] = entry
    return entry if entry is not None and _lives_here(resolver, entry.words) else None


_NOTHING_SAID: JsonObject = {}


def _merge_entry(resolver: _Resolver, definition: Definition, overlay: JsonObject) -> Entry | None:
    catalog, document = resolver.catalog, definition.document
    own = document.section(definition.section).get(definition.key)
    identity = _object_key(definition)
    info = identity.info if identity else _kind(definition.section, own) if isinstance(own, dict) else None
    if not isinstance(own, dict) or info is None:
        return None
    profiles = () if identity else _profiles(resolver, definition, own, overlay)
    base = _base(resolver, definition, profiles)
    words = merge_values(base, own)
    if overlay:
        words = merge_values(words, overlay)
    namespace, name = identity[2:] if identity else _identify(resolver, definition, info, words)
    under = catalog.defaults_of(document, definition.section)
    chosen = [part for name in profiles for part in catalog.profile_of(document, name)]
    # What comes from `defaults` alone; a profile that says the same word speaks for the entry.
    said = own.keys() | overlay.keys() | {word for part in chosen for word in mapping(part.value)}
    return Entry(
        section=definition.section,
        key=definition.key,
        info=info,
        namespace=namespace,
        name=name,
        words=words,
        fragments=(*under, *chosen, *_said_here(resolver, definition)),
        defaulted=frozenset({word for part in under for word in mapping(part.value)} - said),
    )


def _object_key(definition: Definition) -> CompanionKey | None:
    """Return what a key of `extraManifests` names; None for other sections, and what the loader refuses."""
    if definition.section != EXTRA_MANIFESTS:
        return None
    key = read_key(definition.key)
    return key if isinstance(key, CompanionKey) and refused_here(key.group, key.kind) is None else None


def _base(resolver: _Resolver, definition: Definition, profiles: tuple[str, ...]) -> JsonObject:
    """Return what lies under an entry: defaults, then its profiles."""
    document, is_extra = definition.document, definition.section == EXTRA_MANIFESTS
    base = resolver.bases.get((document.file, is_extra, profiles))
    if base is None:
        catalog, base = resolver.catalog, {}
        for part in catalog.defaults_of(document, definition.section):
            base = merge_values(base, mapping(part.value))
        for part in (part for name in profiles for part in catalog.profile_of(document, name)):
            base = merge_values(base, mapping(part.value))
        resolver.bases[document.file, is_extra, profiles] = base
    return base


def _kind(section: str, own: JsonObject) -> KindInfo | None:
    kind = own.get("kind")
    if section not in SECTIONS:
        return None
    if kind is None:
        return SECTIONS[section][0]
    info = KINDS.get(kind) if isinstance(kind, str) else None
    return info if info in SECTIONS[section] else None  # the schema has its finding


def _profiles(resolver: _Resolver, definition: Definition, own: JsonObject, overlay: JsonObject) -> tuple[str, ...]:
    """Return the profiles that an entry takes, in order; those that there are none of are left out."""
    chosen: JsonValue = None
    under = (mapping(part.value) for part in resolver.catalog.defaults_of(definition.document, definition.section))
    for words in (*under, own, overlay):
        if "profile" in words:
            chosen = words["profile"]
    names = [chosen] if isinstance(chosen, str) else chosen if isinstance(chosen, list) else []
    catalog, document = resolver.catalog, definition.document
    return tuple(name for name in names if isinstance(name, str) and catalog.profile_of(document, name))


def _lives_here(resolver: _Resolver, words: JsonObject) -> bool:
    wanted = words.get("environments")
    return not isinstance(wanted, list) or any(name in wanted for name in resolver.source.names)


def _identify(resolver: _Resolver, definition: Definition, info: KindInfo, words: JsonObject) -> tuple[str, str]:
    """Return the object's namespace and name; a key `namespace/name` names both."""
    prefix, slash, name = definition.key.rpartition("/")
    said = words.get("namespace")
    namespace = said if isinstance(said, str) else ""
    if not info.namespaced:
        return "", definition.key
    own = mapping(definition.document.section(definition.section).get(definition.key))
    if slash and namespace != prefix and "namespace" in own:
        resolver.report(
            "catalog/two-namespaces",
            f"the key says namespace {prefix}, the word says {namespace}",
            definition.document.source.value((definition.section, definition.key, "namespace")),
            path=format_path((definition.section, definition.key, "namespace")),
            hint="Keep one of the two.",
        )
    if not slash and not namespace and resolver.catalog.knows_shared:
        resolver.report(
            "catalog/no-namespace",
            f"{definition.key} has no namespace",
            definition.location,
            path=format_path((definition.section, definition.key)),
            hint="Add `namespace` to it, to its profile or to the file's defaults.",
        )
    return (prefix or namespace), name


def _said_here(resolver: _Resolver, definition: Definition) -> Iterator[Fragment]:
    """Yield the entry's own words, and what the files of the environment say of it."""
    document = definition.document
    place: Path = (definition.section, definition.key)
    yield Fragment("entry", document, place, document.section(definition.section)[definition.key])
    for over in resolver.source.documents:
        said = over.section(definition.section)
        if definition.key in said:
            yield Fragment(over.file, over, place, said[definition.key])


def _check_unique(resolver: _Resolver, entries: list[Entry]) -> None:
    """Two entries must not become the same object of one environment."""
    first: dict[tuple[str, str, str, str], Entry] = {}
    for entry in entries:
        identity = (entry.info.group, entry.info.kind, entry.namespace, entry.name)
        earlier = first.setdefault(identity, entry)
        if earlier is not entry:
            called = "/".join(part for part in (entry.namespace, entry.name) if part)
            message = f"{entry.key} is the same {entry.info.kind} as {earlier.key}: {called}"
            if entry.is_companion or earlier.is_companion:
                message = f"{entry.info.kind} {called} is here twice"
            resolver.report(
                "catalog/duplicate-name",
                message,
                entry.own_location,
                path=format_path((entry.section, entry.key)),
                hint="Rename one of them or give it another namespace.",
                related=(Related("the other one", earlier.own_location),),
            )
