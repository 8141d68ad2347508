"""The JSON Schemas of the files that people write, made from the word tables and the compiled schemas of KServe.

The published files (`schemas/kservegen/*.schema.json`) come from here and nowhere else; editors complete and explain
from them, and the loader checks with them. Words keep the types of the fields they stand for, relaxed: in a layer any
field may be absent (another layer has it) or null (it deletes), and quantities may be written as numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from kservegen.catalog import field_mapping as words
from kservegen.catalog.companions import COMPANION_WORDS
from kservegen.catalog.descriptions import DESCRIPTIONS
from kservegen.catalog.environment_schema import environment_properties
from kservegen.catalog.optional_schemas import Definitions, share
from kservegen.catalog.sections import EXTRA_MANIFESTS, SECTIONS
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue

# Returns the compiled schema of (apiVersion, kind).
CompiledSchemas = Callable[[str, str], JsonObject]

DRAFT = "http://json-schema.org/draft-07/schema#"

NULLABLE_TEXT: JsonObject = {"type": ["string", "null"]}
NULLABLE_FLAG: JsonObject = {"type": ["boolean", "null"]}
NULLABLE_TEXTS: JsonObject = {"type": ["object", "null"], "additionalProperties": NULLABLE_TEXT}
TEXTS: JsonObject = {"type": ["array", "null"], "items": {"type": "string"}}

_COMPONENT_PARTS = words.COMPONENT | {"annotations", "labels"}


class _Words(Struct):
    """Finds the schema of each word in the shapes of one kind."""

    definitions: Definitions
    compiled: JsonObject
    kind: str

    def at(self, *path: str) -> JsonObject:
        """Return the compiled schema at a path of the object: fields by name, `[]` for the items of a list."""
        schema = self.compiled
        for part in path:
            schema = self._target(schema)
            schema = mapping(schema.get("items")) if part == "[]" else mapping(mapping(schema.get("properties"))[part])
        return schema

    def _target(self, schema: JsonObject) -> JsonObject:
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        return mapping(mapping(self.compiled["definitions"])[reference.rpartition("/")[2]])

    def properties(self, *path: str) -> JsonObject:
        """Return the relaxed properties of the shape at a path of the object."""
        properties = self._target(self.at(*path)).get("properties", {})
        return mapping(self.definitions.add({"properties": properties}, self.compiled, self.kind)["properties"])

    def reference(self, *path: str) -> JsonObject:
        """Return the relaxed shape at a path of the object as a whole: KServe's own form."""
        return self.definitions.add(self.at(*path), self.compiled, self.kind)


def models_schema(compiled: CompiledSchemas, *, arguments: JsonObject) -> JsonObject:
    """Build the schema of `models.yaml` and `models/**/*.yaml`; editors complete `arguments` in maps of them."""
    definitions = _definitions(arguments)
    entries = _entries(definitions, compiled)
    both = _union([entries["InferenceService"], entries["LLMInferenceService"]])
    under = {**both, "profile": _own()["profile"]}
    definitions.found["defaults"] = _object({k: v for k, v in under.items() if k != "kind"})
    definitions.found["profile"] = _object(
        {k: v for k, v in both.items() if k not in {"kind", "profile", "environments"}}
    )
    sections: JsonObject = {}
    for section, kinds in SECTIONS.items():
        for info in kinds:
            definitions.found[info.kind] = _object(entries[info.kind])
        sections[section] = _described(section, _entries_of(kinds=[info.kind for info in kinds]))
    sections[EXTRA_MANIFESTS] = _described(EXTRA_MANIFESTS, _objects(_companion_words()))
    return _document(
        "kservegen models",
        {
            "version": _described("version", {"const": 1}),
            **_under_entries(),
            "shared": _described("shared", _object(_under_entries())),
            **sections,
        },
        definitions,
    )


def _under_entries() -> JsonObject:
    profiles: JsonObject = {"type": "object", "additionalProperties": {"$ref": "#/definitions/profile"}}
    defaults: JsonObject = {"$ref": "#/definitions/defaults"}
    return {"defaults": _described("defaults", defaults), "profiles": _described("profiles", profiles)}


def environments_schema(
    compiled: CompiledSchemas, *, charts: Iterable[str], versions: Iterable[str], arguments: JsonObject
) -> JsonObject:
    """Build the schema of `environments/*.yaml`."""
    definitions = _definitions(arguments)
    entries = _entries(definitions, compiled)
    sections: JsonObject = {}
    for section, kinds in SECTIONS.items():
        overlay = _union([entries[info.kind] for info in kinds])
        overlay = {k: v for k, v in overlay.items() if k not in {"kind", "environments"}}
        definitions.found[f"{section}-overlay"] = {**_object(overlay), "type": ["object", "null"]}
        sections[section] = _described(
            f"{section}-overlay",
            {"type": "object", "additionalProperties": {"$ref": f"#/definitions/{section}-overlay"}},
        )
    overlay = {word: schema for word, schema in _companion_words().items() if word != "environments"}
    sections[EXTRA_MANIFESTS] = _described(f"{EXTRA_MANIFESTS}-overlay", _objects(overlay, forbidden=("environments",)))
    predictor = _Words(definitions, compiled("serving.kserve.io/v1beta1", "InferenceService"), "InferenceService")
    toleration = predictor.reference("spec", "predictor", "tolerations", "[]")
    properties = environment_properties(toleration=toleration, charts=sorted(charts), versions=sorted(versions))
    return _document("kservegen environment", {**_describe_all(properties, ""), **sections}, definitions)


def _document(title: str, properties: JsonObject, definitions: Definitions) -> JsonObject:
    return share(
        {
            "$schema": DRAFT,
            "title": title,
            "type": "object",
            "additionalProperties": False,
            "required": ["version"],
            "properties": properties,
            "definitions": definitions.finished(),
        }
    )


def _object(properties: JsonObject) -> JsonObject:
    return {"type": "object", "additionalProperties": False, "properties": dict(sorted(properties.items()))}


def _entries_of(*, kinds: list[str]) -> JsonObject:
    """Choose the words by the entry's `kind`; without one, the section's first kind is meant.

    Of a kind that there is not nothing more is said than that: its words may be those of any.
    """
    choice: JsonObject = {"$ref": f"#/definitions/{kinds[0]}"}
    for kind in reversed(kinds[1:]):
        choice = {
            "if": {"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"$ref": f"#/definitions/{kind}"},
            "else": choice,
        }
    if len(kinds) > 1:
        named: JsonObject = {"properties": {"kind": {"enum": [*kinds]}}}
        choice = {
            "if": {"type": "object", "properties": {"kind": {"not": {"enum": [*kinds]}}}, "required": ["kind"]},
            "then": named,
            "else": choice,
        }
    return {"type": "object", "additionalProperties": choice}


def _companion_words() -> JsonObject:
    """Return the words that mean the same in any object; the others are the object's own, which its schema judges."""
    own = _own()
    metadata: JsonObject = {"type": "object", "properties": {"annotations": NULLABLE_TEXTS, "labels": NULLABLE_TEXTS}}
    found: JsonObject = {"apiVersion": {"type": "string"}, "metadata": metadata}
    found |= {word: own[word] for word in COMPANION_WORDS}
    return _describe_all(found, f"{EXTRA_MANIFESTS}.")


def _objects(properties: JsonObject, *, forbidden: Iterable[str] = ()) -> JsonObject:
    """Describe objects by key; a null removes one where an environment says it."""
    refused: JsonObject = dict.fromkeys(forbidden, False)
    kind: JsonValue = ["object", "null"] if refused else "object"
    return {"type": "object", "additionalProperties": {"type": kind, "properties": {**properties, **refused}}}


def _described(name: str, schema: JsonObject) -> JsonObject:
    text = DESCRIPTIONS.get(name)
    return {"description": text, **schema} if text else schema


def _describe_all(properties: JsonObject, prefix: str) -> JsonObject:
    return {name: _described(f"{prefix}{name}", mapping(schema)) for name, schema in properties.items()}


def _union(entries: list[JsonObject]) -> JsonObject:
    """Return the words of several kinds; where their types differ, either will do."""
    out: JsonObject = {}
    for entry in entries:
        for word, schema in entry.items():
            known = out.setdefault(word, schema)
            if known != schema:
                out[word] = {"description": DESCRIPTIONS.get(word, ""), "anyOf": [known, schema]}
    return out


def _own() -> JsonObject:
    count: JsonObject = {"type": "integer", "minimum": 1}
    accelerator: JsonObject = {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "type": _described("accelerator.type", NULLABLE_TEXT),
            "count": _described("accelerator.count", count),
        },
    }
    return {
        "accelerator": accelerator,
        "annotations": NULLABLE_TEXTS,
        "environments": TEXTS,
        "labels": NULLABLE_TEXTS,
        "namespace": NULLABLE_TEXT,
        "owner": NULLABLE_TEXT,
        "profile": {"type": ["string", "array", "null"], "items": {"type": "string"}},
    }


def _annotations(names: Iterable[str]) -> JsonObject:
    known: JsonObject = {
        "autoscalerClass": {"enum": ["hpa", "keda", "external", "none", None]},
        "deploymentMode": {"enum": ["Standard", "Knative", "ModelMesh", "Default", None]},
        "stop": NULLABLE_FLAG,
    }
    return {name: known[name] for name in names}


_ARGUMENT: JsonObject = {"type": ["string", "number", "boolean", "null"]}


def _definitions(arguments: JsonObject) -> Definitions:
    """Begin with the shape of arguments: known ones are suggested; none is refused, as images bring any server."""
    shape: JsonObject = {
        "type": ["array", "object", "null"],
        "items": {"type": "string"},
        "properties": {name: {**_ARGUMENT, **mapping(known)} for name, known in arguments.items()},
        "additionalProperties": _ARGUMENT,
    }
    return Definitions({"arguments": shape})


def _entries(definitions: Definitions, compiled: CompiledSchemas) -> dict[str, JsonObject]:
    """Return the properties of an entry of each kind."""
    entries: dict[str, JsonObject] = {}
    for kinds in SECTIONS.values():
        for info in kinds:
            shapes = _Words(definitions, compiled(info.api_version, info.kind), info.kind)
            build = {"InferenceService": _inference_service, "LLMInferenceService": _llm_inference_service}
            entry = build.get(info.kind, _custom_resource)(shapes)
            first = SECTIONS_FIRST[info.kind]
            own = {k: v for k, v in _own().items() if k not in _NOT_FOR_OTHERS or info.kind in words.MODEL_KINDS}
            if not info.namespaced:
                own.pop("namespace")
            kind: JsonObject = {"const": info.kind} if info.kind != first else {"enum": [info.kind]}
            entries[info.kind] = _describe_all({**entry, **own, **_annotations(info.annotations), "kind": kind}, "")
    return entries


_NOT_FOR_OTHERS = frozenset({"accelerator", "profile"})
SECTIONS_FIRST = {info.kind: kinds[0].kind for kinds in SECTIONS.values() for info in kinds}


def _part(shapes: _Words, pod: tuple[str, ...], more: Iterable[str], *, metadata: bool) -> JsonObject:
    """Return the words of a workload whose pod stands at `pod`: its container's, its pod's, and `more`."""
    container = shapes.properties(*pod, "containers", "[]")
    chosen = {word: schema for word, schema in container.items() if word in words.CONTAINER}
    rest = shapes.properties(*pod)
    chosen |= {word: rest[word] for word in (*sorted(words.POD), *more) if word in rest}
    chosen["args"] = {"$ref": "#/definitions/arguments"}
    chosen["accelerator"] = _own()["accelerator"]
    if metadata:
        chosen |= {"annotations": NULLABLE_TEXTS, "labels": NULLABLE_TEXTS}
    return _describe_all(chosen, "")


def _inference_service(shapes: _Words) -> JsonObject:
    component = sorted(_COMPONENT_PARTS)
    entry = _part(shapes, ("spec", "predictor"), sorted(words.PREDICTOR), metadata=False)
    model = shapes.properties("spec", "predictor", "model")
    entry |= {word: model[word] for word in sorted(words.MODEL_SPEC) if word in model}
    entry["modelFormat"] = _short("string", mapping(model["modelFormat"]))
    entry["predictor"] = shapes.reference("spec", "predictor")
    entry["transformer"] = _object(_part(shapes, ("spec", "transformer"), component, metadata=True))
    entry["explainer"] = _object(_part(shapes, ("spec", "explainer"), [*component, "art"], metadata=True))
    sizes = ("pipelineParallelSize", "tensorParallelSize")
    entry["worker"] = _object(_part(shapes, ("spec", "predictor", "workerSpec"), sizes, metadata=False))
    spec = shapes.properties("spec")
    if "canary" in spec:
        entry["canary"] = spec["canary"]
    entry["spec"] = shapes.reference("spec")
    return _nullable_maps(entry, ("transformer", "explainer", "worker"))


def _llm_inference_service(shapes: _Words) -> JsonObject:
    spec = shapes.properties("spec")
    entry = _part(shapes, ("spec", "template"), (), metadata=False)
    entry |= {word: spec[word] for word in sorted(words.LLM_SPEC) if word in spec}
    entry["model"] = _short("string", mapping(spec["model"]))
    entry["router"] = _router(shapes)
    worker = _object(_part(shapes, ("spec", "worker"), (), metadata=False))
    workload = shapes.properties("spec", "prefill")
    flat = _part(shapes, ("spec", "prefill", "template"), (), metadata=True)
    flat |= {word: workload[word] for word in sorted(words.LLM_WORKLOAD) if word in workload}
    entry["worker"] = worker
    entry["prefill"] = _object({**flat, "worker": {**worker, "type": ["object", "null"]}})
    entry["spec"] = shapes.reference("spec")
    return _nullable_maps(entry, ("worker", "prefill"))


def _router(shapes: _Words) -> JsonObject:
    parts: JsonObject = {}
    for part, schema in shapes.properties("spec", "router").items():
        parts[part] = _described(f"router.{part}", _short("boolean", mapping(schema)))
    return {"anyOf": [{"type": ["boolean", "null"]}, _object(parts)]}


def _custom_resource(shapes: _Words) -> JsonObject:
    entry = shapes.properties("spec")
    if shapes.kind == "ClusterStorageContainer":
        entry["disabled"] = NULLABLE_FLAG
    return {**entry, "spec": shapes.reference("spec")}


def _short(kind: str, full: JsonObject) -> JsonObject:
    return {"anyOf": [{"type": kind}, full]}


def _nullable_maps(entry: JsonObject, names: Iterable[str]) -> JsonObject:
    for name in names:
        entry[name] = {**mapping(entry[name]), "type": ["object", "null"]}
    return entry
