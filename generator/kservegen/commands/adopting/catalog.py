"""Objects of several environments in; the files of a catalog that renders them out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from msgspec import Struct, field

from kservegen.catalog.companions import ALL_ENVIRONMENTS
from kservegen.catalog.editing.compact_text import compact_text
from kservegen.catalog.editing.formatting import usual_order
from kservegen.catalog.sections import GROUP, KSERVE_NAMESPACE, SECTIONS
from kservegen.commands.adopting.reading import Inventoried, RunningObject
from kservegen.commands.adopting.values import ChartValues
from kservegen.commands.fmt import words_of_file
from kservegen.core.document import mapping
from kservegen.core.file_names import as_file_name
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.repository import MANIFESTS_FOLDER
from kservegen.core.resource import ResourceId
from kservegen.formats.yaml.emit import emit
from kservegen.render.compact.factoring import (
    common_words,
    layered,
    shared_profiles,
    uri_prefixes,
    uris_of,
    with_uris,
    words_beside,
)
from kservegen.render.compact.objects import compact_entry, literal_entry, section_of

_MODEL_SECTION: Final = "models"
_CLUSTER_FILE: Final = "cluster"  # the file of what has no namespace


class EntryId(NamedTuple):
    """What makes an entry one and the same in several environments."""

    section: str
    namespace: str
    name: str


class DraftCatalog(Struct, eq=False):
    """The objects of each environment, and how each is said: flat or, where that does not carry it, by `spec`.

    `literal` are the objects that flat words did not bring back, `unsaid` those that no entry brings back. `bound` are
    policies that refuse, `audited` and `waivers` are by environment: those that only tell, and what is excused.
    `mode` is the cluster's, `stated` by environment what models that say none are rendered with, blank for nothing.
    `charts` are what KServe's were installed with, `added` those of them that no kind in use asks for.
    """

    found: Mapping[str, Inventoried]
    mode: str
    stated: Mapping[str, str]
    bound: tuple[str, ...] = ()
    charts: dict[str, tuple[ChartValues, ...]] = field(default_factory=dict)
    added: dict[str, tuple[str, ...]] = field(default_factory=dict)
    promises: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    audited: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waivers: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    literal: set[ResourceId] = field(default_factory=set)
    unsaid: set[ResourceId] = field(default_factory=set)

    def files(self) -> dict[str, bytes]:
        """Write the catalog, by path."""
        entries = self._entries()
        prefixes = _prefixes(entries)
        for words in entries.values():
            for environment, own in words.items():
                words[environment] = mapping(with_uris(own, prefixes.get(environment, {})))
        keys = _keys(entries)
        # No namespace can have an underscore in its name.
        cluster_file = _CLUSTER_FILE if all(e.namespace != _CLUSTER_FILE for e in entries) else "cluster_wide"
        sections: dict[str, dict[str, dict[str, JsonObject]]] = defaultdict(lambda: defaultdict(dict))  # by file
        overlays: dict[str, dict[str, dict[str, JsonValue]]] = defaultdict(lambda: defaultdict(dict))
        comments: dict[str, dict[tuple[str, ...], str]] = defaultdict(dict)
        said_above = self._comments()
        for identity, by_environment in entries.items():
            file, key = identity.namespace or cluster_file, keys[identity]
            said = layered(by_environment)
            lives = [name for name in self.found if name in by_environment]
            only: JsonObject = {"environments": self._lives_in(lives)} if len(lives) < len(self.found) else {}
            sections[file][identity.section][key] = usual_order({**said.words, **only})
            for environment, overlay in said.overlays.items():
                overlays[environment][identity.section][key] = overlay
            if identity in said_above:
                comments[file][identity.section, key] = said_above[identity]
        shared = shared_profiles(
            {(file, key): words for file, held in sections.items() for key, words in held[_MODEL_SECTION].items()}
        )
        for (file, key), name in shared.taken.items():
            models = sections[file][_MODEL_SECTION]
            models[key] = _with_profile(models[key], name, shared.profiles[name])
        files = {"models.yaml": _shared_file(shared.profiles)}
        for file, held in sorted(sections.items()):
            namespace = "" if file == cluster_file else file
            files[f"models/{file}.yaml"] = _models_file(namespace, held, comments[file])
        words = {name: self._environment(name, prefixes.get(name, {}), overlays[name]) for name in self.found}
        files |= self._environment_files(words)
        return {path: content.encode() for path, content in files.items()} | dict(self._manifests())

    def _environment_files(self, words: dict[str, JsonObject]) -> Iterator[tuple[str, str]]:
        """Yield the files of environments; what all say is in their defaults, what a region's say in its base."""
        several = list(words.values())
        shared = common_words(several) if len(several) > 1 else {"kserve": several[0]["kserve"]}
        words = {name: words_beside(own, shared) for name, own in words.items()}
        ours: JsonObject = {"install": "none", "deploymentMode": self.mode}
        kserve: JsonObject = {**mapping(shared.get("kserve")), **ours}
        defaults: JsonObject = {"version": 1, **shared, "kserve": kserve, "gitops": {"engine": "none"}}
        if self.bound:
            defaults["policies"] = {"bindings": {name: {"actions": ["Deny"]} for name in self.bound}}
        yield "environments/defaults.yaml", compact_text(_in_order(defaults))
        for base, names in self.bases.items():
            shared = common_words([words[name] for name in names])
            yield f"environments/bases/{base}.yaml", compact_text(_in_order({"version": 1, **shared}))
            words |= {name: {"extends": [base], **words_beside(words[name], shared)} for name in names}
        for name, own in words.items():
            yield f"environments/{name}.yaml", compact_text(_in_order({"version": 1, **own, **self._excused(name)}))

    def _excused(self, environment: str) -> JsonObject:
        """Return what an environment says of findings about what runs there: never shared, for it ends."""
        audited, waivers = self.audited.get(environment, ()), self.waivers.get(environment, {})
        bindings: JsonObject = {name: {"actions": ["Audit"]} for name in audited}
        return {
            **({"policies": {"bindings": bindings}} if audited else {}),
            **({"waivers": dict(waivers)} if waivers else {}),
        }

    @property
    def bases(self) -> dict[str, tuple[str, ...]]:
        """Bases by name, each with the environments whose names begin alike: prod of prod-eu and prod-us."""
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for name in self.found:
            groups[name.partition("-")[0]].append(name)
        return {
            base: tuple(names)
            for base, names in groups.items()
            if 1 < len(names) < len(self.found) and base not in self.found
        }

    def _lives_in(self, environments: Iterable[str]) -> list[JsonValue]:
        """Name environments, by their base where all that extend it are among them."""
        left = list(environments)
        said: list[JsonValue] = []
        for base, names in self.bases.items():
            if set(names) <= set(left):
                left = [name for name in left if name not in names]
                said.append(base)
        return [*left, *said]

    def _entries(self) -> dict[EntryId, dict[str, JsonObject]]:
        entries: dict[EntryId, dict[str, JsonObject]] = {}
        for environment, found in self.found.items():
            for identity, running in found.entries.items():
                if identity in self.unsaid:
                    continue
                say = literal_entry if identity in self.literal else compact_entry
                words = say(running.resource.doc, self.stated[environment]).words
                entries.setdefault(_entry_id(identity), {})[environment] = words
        return dict(sorted(entries.items()))

    def _comments(self) -> dict[EntryId, str]:
        """Return what stands above objects; of environments that say something the first counts."""
        said: dict[EntryId, str] = {}
        for found in self.found.values():
            for identity, running in found.entries.items():
                if running.comment:
                    said.setdefault(_entry_id(identity), running.comment)
        return said

    def _environment(
        self, environment: str, prefixes: Mapping[str, str], overlays: Mapping[str, Mapping[str, JsonValue]]
    ) -> JsonObject:
        found = self.found[environment]
        held = (*found.entries.values(), *found.companions.values())
        named = {running.resource.id.namespace for running in held} - {""}
        given = {name: _namespace_words(running) for name, running in found.namespaces.items()}
        promised = {*self.promises.get(environment, ()), *found.promised}
        promised |= {f"Namespace/{name}" for name in named - given.keys()}
        elsewhere: JsonObject = {"namespace": found.namespace} if found.namespace != KSERVE_NAMESPACE else {}
        return {
            "cluster": {"name": environment, "server": "https://kubernetes.default.svc"},
            "kserve": {"version": found.version, **elsewhere, **self._installed(environment)},
            **({"gitops": {"instance": environment}} if len(self.found) > 1 else {}),
            **({"prerequisites": [*sorted(promised)]} if promised else {}),
            **({"namespaces": dict(sorted(given.items()))} if given else {}),
            **({"uriPrefixes": dict(prefixes)} if prefixes else {}),
            **{section: dict(entries) for section, entries in overlays.items()},
        }

    def _installed(self, environment: str) -> JsonObject:
        """Return what an environment says of KServe's charts: that they are there, and what was set on them."""
        charts = self.charts.get(environment, ())
        there: JsonObject = {each.chart: True for each in charts if each.chart in self.added.get(environment, ())}
        stated: JsonObject = {each.chart: each.stated for each in charts if each.stated}
        return {**({"charts": there} if there else {}), **({"values": stated} if stated else {})}

    def _manifests(self) -> Iterator[tuple[str, bytes]]:
        """Yield the files of what the catalog has no words for: once, where all environments have the same."""
        everywhere: dict[tuple[str, ResourceId], list[tuple[str, JsonObject]]] = defaultdict(list)
        for environment, found in self.found.items():
            for identity, running in found.companions.items():
                everywhere[identity].append((environment, running.resource.doc))
            for unsaid in sorted(self.unsaid & found.entries.keys()):
                everywhere[GROUP, unsaid].append((environment, found.entries[unsaid].resource.doc))
        for (group, named), held in sorted(everywhere.items(), key=lambda item: item[0]):
            same = len(held) == len(self.found) and all(doc == held[0][1] for _, doc in held)
            for environment, doc in held[:1] if same else held:
                folder = ALL_ENVIRONMENTS if same else environment
                name = as_file_name(f"{named.kind.lower()}{f'.{group}' if group else ''}-{named.name}")
                yield f"{MANIFESTS_FOLDER}/{folder}/{named.namespace or _CLUSTER_FILE}/{name}.yaml", emit(doc).encode()


def _entry_id(identity: ResourceId) -> EntryId:
    return EntryId(section_of(identity.kind), identity.namespace, identity.name)


def _in_order(words: JsonObject) -> JsonObject:
    """Return the words of an environment in the order of its published schema."""
    order = [word for word in words_of_file("environments") if word in words]
    return {word: words[word] for word in order}


def _namespace_words(running: RunningObject) -> JsonObject:
    metadata = mapping(running.resource.doc.get("metadata"))
    labels = {
        key: value
        for key, value in mapping(metadata.get("labels")).items()
        if key != "kubernetes.io/metadata.name"  # the API server writes it
    }
    words: JsonObject = {"labels": labels} if labels else {}
    return {**words, "annotations": metadata["annotations"]} if metadata.get("annotations") else words


def _prefixes(entries: Mapping[EntryId, Mapping[str, JsonObject]]) -> dict[str, dict[str, str]]:
    """Find what environments say differently of URIs, held against the first environment that has an object."""
    names = list(dict.fromkeys(name for words in entries.values() for name in words))
    found: dict[str, dict[str, str]] = {}
    for name in names[1:]:
        pairs: list[tuple[str, str]] = []
        others: list[str] = []
        for words in entries.values():
            if name in words and names[0] in words:
                pairs += zip(uris_of(words[names[0]]), uris_of(words[name]), strict=False)
            elif name in words:
                others += uris_of(words[name])
        prefixes = uri_prefixes(pairs, others)
        if prefixes:
            found[name] = prefixes
    return found


def _keys(entries: Mapping[EntryId, object]) -> dict[EntryId, str]:
    """Call an entry by its name, with its namespace where several have that name."""
    by_name: defaultdict[tuple[str, str], list[EntryId]] = defaultdict(list)
    for identity in entries:
        by_name[identity.section, identity.name].append(identity)
    return {
        identity: identity.name if len(held) == 1 else f"{identity.namespace}/{identity.name}"
        for held in by_name.values()
        for identity in held
    }


def _models_file(
    namespace: str, sections: Mapping[str, Mapping[str, JsonObject]], comments: dict[tuple[str, ...], str]
) -> str:
    """Write one file; those of a namespace are in a file of its name."""
    words: JsonObject = {"version": 1, **({"defaults": {"namespace": namespace}} if namespace else {})}
    for section in SECTIONS:
        if sections.get(section):
            words[section] = dict(sections[section])
    return compact_text(words, comments)


def _with_profile(words: JsonObject, name: str, profile: JsonObject) -> JsonObject:
    own = {word: value for word, value in words.items() if word not in profile}
    return usual_order({"profile": name, **own})


def _shared_file(profiles: Mapping[str, JsonObject]) -> str:
    words: JsonObject = {"version": 1}
    if profiles:
        words["shared"] = {"profiles": {name: usual_order(said) for name, said in profiles.items()}}
    return compact_text(words)
