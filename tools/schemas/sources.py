"""Schema sources under `schemas/src` in; named shapes and the kinds built from them out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tools.schemas.notation import NotationError, Schema, parse_field, parse_shape, parse_words, split_words

GROUP = "serving.kserve.io"


def read(path: Path) -> dict[str, Any]:
    """Read one source file."""
    return dict(yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader))


@dataclass
class Shapes:
    """Named shapes, parsed when asked for."""

    raw: dict[str, Any]
    parsed: dict[str, Schema] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Schema:
        if name not in self.parsed:
            if name not in self.raw:
                raise NotationError(f"no shape is called {name!r}")
            try:
                self.parsed[name] = parse_shape(self.raw[name], self.__getitem__)
            except NotationError as error:
                raise NotationError(f"{name}: {error}") from error
        return self.parsed[name]


@dataclass(frozen=True)
class Kind:
    """One kind in one version: what its file is called and what its root holds."""

    group: str
    version: str
    name: str
    fields: Mapping[str, Schema]
    required: tuple[str, ...] = ()
    defaulter: str = ""

    @property
    def api_version(self) -> str:
        """What stands in `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version


def foreign_shapes(names: list[str], folder: Path, *, corrected: bool = True) -> dict[str, Any]:
    """Read foreign sources, each put into the form it has inside KServe's CRDs where they are to be `corrected`."""
    raw: dict[str, Any] = {}
    corrections = read(folder / "crd-form.yaml") if corrected else {}
    for name in names:
        shapes = read(folder / "foreign" / f"{name}.yaml")
        for target, change in corrections.get(name, {}).items():
            _correct(shapes, target, change)
        if twice := raw.keys() & shapes.keys():
            raise NotationError(f"{name} names shapes that another source names too: {', '.join(sorted(twice))}")
        raw.update(shapes)
    return raw


def _correct(shapes: dict[str, Any], target: str, change: object) -> None:
    """Apply one line of `crd-form.yaml`: `Shape/field`, or `Shape` for what binds the shape as a whole."""
    name, _, field_name = target.partition("/")
    if name not in shapes:
        raise NotationError(f"crd-form.yaml corrects {target!r}, which is not there")
    shape = shapes[name] = dict(shapes[name])
    if not field_name:
        shape.update(_changed_shape(shape, change))
        return
    key = next((key for key in shape if key.removesuffix("!") == field_name), field_name)
    shape[key] = _changed_field(shape.get(key), change)


def _changed_shape(shape: Mapping[str, Any], change: object) -> dict[str, Any]:
    if isinstance(change, str):
        return {"$is": " ".join(filter(None, (shape.get("$is"), change)))}
    if isinstance(change, Mapping) and "without-rules" in change:
        return {"$rules": _other_rules(shape["$rules"], change["without-rules"])}
    raise NotationError(f"crd-form.yaml: not a change of a shape: {change!r}")


def _changed_field(now: object, change: object) -> object:
    if isinstance(change, Mapping):
        if not isinstance(now, Mapping):
            raise NotationError(f"crd-form.yaml: {now!r} has no rules to leave out")
        rules = _other_rules(now["rules"], change["without-rules"])
        return {**now, "rules": rules} if rules else now["is"]
    words = str(change)
    if not words.startswith(("+ ", "- ")):
        return words
    if isinstance(now, Mapping):
        return {**now, "is": _changed_words(str(now["is"]), words)}
    return _changed_words(str(now), words)


def _changed_words(now: str, change: str) -> str:
    """`+ words` adds, `- word` leaves out."""
    if change.startswith("+ "):
        return f"{now} {change[2:]}"
    gone = change[2:].split()
    kept = [(word, arguments) for word, arguments in split_words(now) if word not in gone]
    if len(kept) != sum(1 for _ in split_words(now)) - len(gone):
        raise NotationError(f"crd-form.yaml: not all of {gone} are in {now!r}")
    return " ".join(word if arguments is None else f"{word}({arguments})" for word, arguments in kept)


def _other_rules(rules: list[dict[str, Any]], pattern: str) -> list[dict[str, Any]]:
    kept = [rule for rule in rules if not re.search(pattern, rule["message"])]
    if len(kept) == len(rules):
        raise NotationError(f"crd-form.yaml: no rule's message matches {pattern!r}")
    return kept


@dataclass
class Release:
    """One KServe release: its own shapes, its kinds, the patches of each kind, the foreign sources it refers to."""

    shapes: dict[str, Any]
    kinds: dict[str, Any]
    patches: dict[str, dict[str, str]]
    foreign: list[str]


def kserve_release(version: str, folder: Path) -> Release:
    """Read a release, laid over its base."""
    raw = read(folder / "kserve" / f"{version}.yaml")
    base = kserve_release(raw.pop("$base"), folder) if "$base" in raw else Release({}, {}, {}, [])
    shapes = dict(base.shapes)
    release = Release(
        shapes,
        {name: kind for name, kind in {**base.kinds, **raw.pop("$kinds", {})}.items() if kind},
        {**base.patches, **raw.pop("$patches", {})},
        raw.pop("$foreign", base.foreign),
    )
    for name, shape in raw.items():
        if name.startswith("+"):
            shapes[name[1:]] = {**shapes[name[1:]], **shape}
        else:
            shapes[name] = shape
    return release


def kserve_kinds(kinds: Mapping[str, Any]) -> Iterator[Kind]:
    """List the kinds of a release with the fields of their roots."""
    for name, entry in kinds.items():
        for version, spec in entry["versions"].items():
            fields = {key: parse_field(value) for key, value in entry.get("fields", {}).items()}
            fields["spec"] = parse_words(spec)
            if entry.get("status"):
                fields["status"] = parse_words("object open")
            yield Kind(GROUP, version, name, fields, defaulter=entry.get("defaulter", ""))
