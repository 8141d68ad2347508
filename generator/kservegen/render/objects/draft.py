"""An object while it is being built: its data, where each part came from, and what contradicts itself."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from kservegen.catalog.field_mapping import ANNOTATIONS
from kservegen.catalog.merge import MERGE_KEYS, item_key
from kservegen.catalog.resolve import Entry
from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path, format_path
from kservegen.core.resource import Origin, Resource, ResourceId

# What a model says that leaves its mode to the cluster: no annotation is written.
UNSTATED_MODE: Final = "Default"


class EntryFinding(Struct, frozen=True):
    """A finding about the words of an entry; `other` is the path of the words that it disagrees with."""

    finding: Finding
    other: Path | None = None


class Draft(Struct, eq=False):
    """One object being built from an entry. Paths of findings are paths of words."""

    entry: Entry
    doc: JsonObject = field(default_factory=dict)
    origins: list[Origin] = field(default_factory=list)
    problems: list[EntryFinding] = field(default_factory=list)

    def came(self, built: Path, words: Path) -> None:
        """Record that what stands at `built` came from `words`."""
        self.origins.append(Origin(built, words))

    def report(self, rule: str, path: Path, message: str, *, other: Path | None = None, **more: str) -> None:
        """Report a problem with the words at `path`."""
        self.problems.append(EntryFinding(Finding(rule=rule, path=path, message=message, **more), other))  # type: ignore[arg-type]

    def start(self, default_mode: str) -> JsonObject:
        """Begin the object: apiVersion, kind, metadata. Returns the empty spec."""
        entry, words = self.entry, self.entry.words
        metadata: JsonObject = {"name": entry.name}
        if entry.info.namespaced:
            metadata["namespace"] = entry.namespace
            self.came(("metadata", "namespace"), ("namespace",))
        annotations = self._annotations(default_mode)
        if annotations:
            metadata["annotations"] = annotations
            self.came(("metadata", "annotations"), ("annotations",))
        if words.get("labels"):
            metadata["labels"] = words["labels"]
            self.came(("metadata", "labels"), ("labels",))
        spec: JsonObject = {}
        self.doc.update(apiVersion=entry.info.api_version, kind=entry.info.kind, metadata=metadata, spec=spec)
        return spec

    def _annotations(self, default_mode: str) -> JsonObject:
        words, info = self.entry.words, self.entry.info
        said = words.get("annotations")
        annotations: JsonObject = dict(said) if isinstance(said, dict) else {}
        for word in sorted(info.annotations):
            key = ANNOTATIONS[word]
            value = words.get(word)
            if value is None and word == "deploymentMode" and default_mode and key not in annotations:
                annotations[key] = default_mode
                self.came(("metadata", "annotations", key), (word,))
            if value is None or value is False or (word, value) == ("deploymentMode", UNSTATED_MODE):
                continue
            text = "true" if value is True else value
            if annotations.get(key, text) != text:
                self.report(
                    "catalog/said-twice",
                    (word,),
                    f"{word} and annotation {key} disagree",
                    other=("annotations", key),
                    seen=f"{text} and {annotations[key]}",
                    hint="Keep one of the two.",
                )
            annotations[key] = text
            self.came(("metadata", "annotations", key), (word,))
        return annotations

    def overlay(self, target: JsonObject, built: Path, value: JsonObject, words: Path) -> None:
        """Lay KServe's own form over what is built; a path set both ways, differently, is a problem."""
        for key, item in value.items():
            here, there = (*built, key), (*words, key)
            if key not in target:
                target[key] = item
                self.came(here, there)
            else:
                target[key] = self._combine(target[key], here, item, there)

    def overlay_spec(self, spec: JsonObject) -> None:
        """Lay the entry's own `spec` over the spec that its other words made."""
        extra = self.entry.words.get("spec")
        if isinstance(extra, dict):
            self.overlay(spec, ("spec",), extra, ("spec",))

    def _combine(self, old: JsonValue, built: Path, new: JsonValue, words: Path) -> JsonValue:
        if isinstance(old, dict) and isinstance(new, dict):
            merged = dict(old)
            self.overlay(merged, built, new, words)
            return merged
        if isinstance(old, list) and isinstance(new, list):
            combined = self._combine_lists(old, built, new, words)
            if combined is not None:
                return combined
        if old != new:
            self._contradict(built, words, old, new)
        return old

    def _combine_lists(self, old: JsonArray, built: Path, new: JsonArray, words: Path) -> JsonArray | None:
        field_name = str(built[-1])
        keys = [item_key(field_name, item) for item in old]
        fresh = [item_key(field_name, item) for item in new]
        if field_name not in MERGE_KEYS or None in keys or None in fresh:
            return None
        merged = list(old)
        for index, (key, item) in enumerate(zip(fresh, new, strict=True)):
            there = (*words, index)
            if key in keys:
                at = keys.index(key)
                merged[at] = self._combine(merged[at], (*built, at), item, there)
            else:
                self.came((*built, len(merged)), there)
                merged.append(item)
        return merged

    def _contradict(self, built: Path, words: Path, old: JsonValue, new: JsonValue) -> None:
        first = self.finish_path(built)
        self.report(
            "catalog/said-twice",
            words,
            f"{format_path(words)} and {format_path(first) or 'the entry'} say different things about "
            f"{format_path(built)}",
            other=first,
            seen=f"{_short(new)} and {_short(old)}",
            hint="Keep one of the two.",
        )

    def finish_path(self, built: Path) -> Path:
        """Map a path of the object to the words it came from so far."""
        return self.resource("").words(built)

    def resource(self, file: str, doc: JsonObject | None = None) -> Resource:
        """Return the finished object."""
        entry = self.entry
        return Resource(
            id=ResourceId(entry.info.kind, entry.namespace, entry.name),
            api_version=entry.info.api_version,
            doc=self.doc if doc is None else doc,
            file=file,
            subject=entry.key,
            section=entry.section,
            origins=tuple(self.origins),
        )


def _short(value: JsonValue) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
