"""Schema sources under `schemas/src` in; named shapes and the kinds built from them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from notation import NotationError, Schema, parse_field, parse_shape, parse_words, split_words

GROUP = "serving.kserve.io"


def read(path: Path) -> dict[str, Any]:
    """Read one source file."""
    return dict(yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader))  # noqa: S506


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
    defaulter: bool = False

    @property
    def api_version(self) -> str:
        """What stands in `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version


def foreign_shapes(names: list[str], folder: Path) -> dict[str, Any]:
    """Read foreign sources, each put into the form it has inside KServe's CRDs."""
    raw: dict[str, Any] = {}
    corrections = read(folder / "crd-form.yaml")
    for name in names:
        shapes = read(folder / "foreign" / f"{name}.yaml")
        for target, change in corrections.get(name, {}).items():
            _correct(shapes, target, change)
        raw.update(shapes)
    return raw


def _correct(shapes: dict[str, Any], target: str, change: object) -> None:
    """Apply one line of `crd-form.yaml`: a field's words, or a whole entry, replaced."""
    shape, _, name = target.partition("/")
    if shape not in shapes:
        raise NotationError(f"crd-form.yaml corrects {target!r}, which is not there")
    if not name:
        shapes[shape] = change
        return
    fields = shapes[shape] = dict(shapes[shape])
    found = next((key for key in fields if key.removesuffix("!") == name), None)
    if change is None and found:
        del fields[found]
    elif isinstance(change, str) and change.startswith("+"):
        if not isinstance(found and fields[found], str):
            raise NotationError(f"crd-form.yaml adds words to {target!r}, which has none")
        fields[found] = f"{fields[found]} {change[1:].strip()}"  # type: ignore[index]
    else:
        fields[found or name] = change


def kserve_release(version: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Read a release: its shapes, its kinds and the foreign sources it refers to, laid over its base."""
    raw = read(folder / "kserve" / f"{version}.yaml")
    shapes: dict[str, Any] = {}
    kinds: dict[str, Any] = {}
    if base := raw.pop("$base", None):
        shapes, kinds, _ = kserve_release(base, folder)
    foreign = raw.pop("$foreign")
    kinds = {**kinds, **raw.pop("$kinds", {})}
    for name, shape in raw.items():
        if name.startswith("+"):
            shapes[name[1:]] = {**shapes[name[1:]], **shape}
        else:
            shapes[name] = shape
    return shapes, kinds, foreign


def kserve_kinds(kinds: Mapping[str, Any]) -> Iterator[Kind]:
    """List the kinds of a release with the fields of their roots."""
    for name, entry in kinds.items():
        for version, spec in entry["versions"].items():
            status = entry.get("status", False)
            has_status = version in status if isinstance(status, list) else status
            fields = {key: parse_field(value) for key, value in entry.get("fields", {}).items()}
            fields["spec"] = parse_words(spec)
            if has_status:
                fields["status"] = parse_words("object open")
            yield Kind(GROUP, version, name, fields, defaulter=bool(entry.get("defaulter")))


def references(text: str) -> Iterator[str]:
    """Names of shapes in words."""
    for word, arguments in split_words(text):
        if arguments and word in ("list", "map"):
            yield from references(arguments)
        elif arguments is None and "." in word:
            yield word
