"""A source of chance in; one input out: files of a catalog, manifests, a model's config.json, a policy, a change."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from random import Random
from typing import Final

from hypothesis import strategies as st
from tests.fuzz import seeds
from tests.fuzz.commands import Words, draw_commands
from tests.fuzz.grown import Grower, schema_of
from tests.fuzz.mutator import mutate, scratch, write_document

from kservegen.catalog.lock.dimensions import dimensions
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue

ENVIRONMENT: Final = "environments/dev.yaml"
DEFAULTS: Final = "environments/defaults.yaml"
PROD: Final = "environments/prod.yaml"
LOCK: Final = "environments/dev.lock.yaml"
MODELS: Final = "models.yaml"
OWNERS: Final = "owners.yaml"
TEAM_MODELS: Final = "models/team.yaml"
POLICY: Final = "policies/fuzzed.yaml"
CONFIG: Final = "config.json"
MANIFEST: Final = "manifest.yaml"
# What the commit before had rendered, whoever wrote it.
RENDERED: Final = "rendered/dev/"
PLAIN: Final = "manifests/all/fuzzed.yaml"

_SECTIONS: Final = (
    "models",
    "models",
    "models",
    "graphs",
    "runtimes",
    "llmConfigs",
    "trainedModels",
    "storageContainers",
    "extraManifests",
)
_KINDS: Final = ("inferenceservice_v1beta1", "llminferenceservice_v1alpha1", "llminferenceservice_v1alpha2",
    "inferencegraph_v1alpha1", "clusterservingruntime_v1alpha1", "llminferenceserviceconfig_v1alpha1",
    "clusterstoragecontainer_v1alpha1", "trainedmodel_v1alpha1", "localmodelcache_v1alpha1")  # fmt: skip


class Kind(StrEnum):
    """What an input is an input of."""

    CATALOG = "catalog"
    MANIFESTS = "manifests"
    FACTS = "facts"
    POLICY = "policy"
    CHANGE = "change"
    COMMANDS = "commands"


# Cheap ones are tried more often: an input of manifests takes a fifth of what a catalog takes.
_WEIGHTS: Final = {
    Kind.CATALOG: 16,
    Kind.MANIFESTS: 18,
    Kind.FACTS: 6,
    Kind.CHANGE: 2,
    Kind.POLICY: 2,
    Kind.COMMANDS: 1,
}
_DRAWN: Final = tuple(kind for kind, weight in _WEIGHTS.items() for _ in range(weight))


@dataclass(frozen=True, slots=True)
class Case:
    """An input: its files, of a change those that were there before, and the commands that are run on them."""

    kind: Kind
    files: Mapping[str, bytes]
    before: Mapping[str, bytes] = field(default_factory=dict)
    commands: tuple[Words, ...] = ()


def draw_case(random: Random) -> Case:
    """Make an input."""
    kind = random.choice(_DRAWN)
    match kind:
        case Kind.CATALOG:
            plain = {PLAIN: _manifests(random)} if random.random() < 0.1 else {}
            return Case(kind, {**_written(_catalog(random), random), **plain})
        case Kind.MANIFESTS:
            return Case(kind, {MANIFEST: _manifests(random)})
        case Kind.FACTS:
            return Case(kind, {CONFIG: _bytes(mutate(random.choice(seeds.CONFIGS), random, _few(random)), random)})
        case Kind.POLICY:
            return Case(kind, _written({**_sound(random), **_policy(random)}, random))
        case Kind.COMMANDS:
            return _commanded(random)
        case Kind.CHANGE:
            before = _sound(random) if random.random() < 0.5 else _catalog(random)
            after = {name: mutate(value, random, _few(random)) for name, value in before.items()}
            return Case(kind, _written(after, random), {**_written(before, random), **_rendered(random)})


def _commanded(random: Random) -> Case:
    """Make a catalog of two environments, one made from the other, with what lies beside it."""
    documents = _catalog(random)
    if random.random() < 0.7:
        documents[PROD] = mutate(documents[ENVIRONMENT], random, _few(random))
    names = [name for section in _SECTIONS for name in mapping(mapping(documents[MODELS]).get(section))]
    files = {**_written(documents, random), PLAIN: _manifests(random)}
    return Case(Kind.COMMANDS, files, commands=draw_commands(random, names))


# Shrinks to fewer and smaller draws, so that what hypothesis reports is near to the least that breaks.
CASES: Final = st.builds(draw_case, st.randoms(use_true_random=False))


def _few(random: Random) -> int:
    return random.choice((0, 1, 1, 1, 2, 2, 3, 5))


def _bytes(value: JsonValue, random: Random) -> bytes:
    content = write_document(value, random).encode("utf-8", "surrogatepass")
    return scratch(content, random, _few(random)) if random.random() < 0.12 else content


def _written(documents: Mapping[str, JsonValue], random: Random) -> dict[str, bytes]:
    return {name: _bytes(value, random) for name, value in documents.items()}


@cache
def _grower(path: str) -> Grower:
    return Grower(schema_of(path))


def _fewer(document: JsonObject, random: Random) -> JsonObject:
    """Keep one or two entries of each section: what costs time is entries, not what stands in them."""
    kept = deepcopy(document)
    sections = ("models", "graphs", "runtimes", "storageContainers", "localModelCaches", "trainedModels")
    for section in (*sections, "extraManifests"):
        entries = mapping(kept.get(section))
        for name in random.sample(list(entries), max(len(entries) - random.choice((1, 1, 2)), 0)):
            del entries[name]
    return kept


def _sound(random: Random) -> dict[str, JsonValue]:
    environment = deepcopy(random.choice(seeds.ENVIRONMENTS[:2] if random.random() < 0.93 else seeds.ENVIRONMENTS))
    documents: dict[str, JsonValue] = {MODELS: _fewer(random.choice(seeds.CATALOGS), random), ENVIRONMENT: environment}
    if random.random() < 0.35:
        lock = deepcopy(seeds.LOCK)
        if random.random() < 0.6:
            mapping(mapping(lock["models"])["hf://org/m"])["config"] = dimensions(random.choice(seeds.CONFIGS))
        documents[LOCK] = lock
    if random.random() < 0.15:
        documents[OWNERS] = deepcopy(seeds.OWNERS)
        documents[TEAM_MODELS] = documents.pop(MODELS)
        documents[MODELS] = {"version": 1}
    return documents


def _catalog(random: Random) -> dict[str, JsonValue]:
    documents = _sound(random)
    if random.random() < 0.4:
        _grow(documents, random)
    if random.random() < 0.15:
        documents[DEFAULTS] = mutate(random.choice(seeds.ENVIRONMENTS), random, 2)
    for name in random.sample(list(documents), random.choice((1, 1, 2, len(documents)))):
        documents[name] = mutate(documents[name], random, _few(random))
    return documents


def _grow(documents: dict[str, JsonValue], random: Random) -> None:
    """Add words that the seeds do not say, as the schemas have them."""
    if random.random() < 0.6:
        section = random.choice(_SECTIONS)
        grown = _grower("kservegen/models.schema.json").grow(random, (section, "*"))
        entries = mapping(documents[MODELS]).setdefault(section, {})
        if isinstance(entries, dict):
            name = random.choice((*entries, "grown"))
            entries[name] = {**mapping(entries.get(name)), **mapping(grown)}
    else:
        environment = mapping(documents[ENVIRONMENT])
        word = random.choice(list(mapping(schema_of("kservegen/environments.schema.json").get("properties"))))
        environment[word] = _grower("kservegen/environments.schema.json").grow(random, (word,))


def _manifests(random: Random) -> bytes:
    pieces = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        document: JsonValue = deepcopy(random.choice(seeds.MANIFESTS))
        if random.random() < 0.35:
            kind = random.choice(_KINDS)
            spec = _grower(f"kserve/v0.20.0/serving.kserve.io/{kind}.json").grow(random, ("spec",))
            own = next((d for d in seeds.MANIFESTS if str(d.get("kind", "")).lower() == kind.partition("_")[0]), None)
            if own is not None:
                document = {**deepcopy(own), "spec": {**mapping(own.get("spec")), **mapping(spec)}}
        pieces.append(_bytes(mutate(document, random, _few(random)), random))
    return random.choice((b"---\n", b"---\n", b"---\r\n", b"")).join(pieces)


def _rendered(random: Random) -> dict[str, bytes]:
    """Make files that a commit holds in place of what was rendered."""
    if random.random() < 0.5:
        return {}
    values = mapping(mapping(seeds.ENVIRONMENTS[1]["kserve"])["values"])["kserve-resources"]
    return {
        f"{RENDERED}models/ml/inferenceservice-iris.yaml": _manifests(random),
        f"{RENDERED}platform/values/kserve-resources.yaml": _bytes(mutate(values, random, _few(random)), random),
    }


def _policy(random: Random) -> dict[str, JsonValue]:
    policy = deepcopy(seeds.POLICIES[0])
    spec = mapping(policy["spec"])
    if random.random() < 0.6:
        validation: JsonObject = {"expression": random.choice(seeds.EXPRESSIONS)}
        if random.random() < 0.3:
            validation["messageExpression"] = random.choice(seeds.EXPRESSIONS)
        spec["validations"] = [validation]
    if random.random() < 0.2:
        spec["variables"] = [{"name": "uri", "expression": random.choice(seeds.EXPRESSIONS)}]
    environment = deepcopy(seeds.ENVIRONMENTS[0])
    environment["policies"] = {"bindings": {"fuzzed": {"actions": ["Deny"]}}}
    return {
        POLICY: mutate(policy, random, random.choice((0, 0, 1, 2))),
        ENVIRONMENT: mutate(environment, random, random.choice((0, 0, 0, 1))),
    }
