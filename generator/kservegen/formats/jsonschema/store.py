"""Folders of compiled schemas in, the schema of a kind out: pinned versions, no fallback, no way out of the folders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

from kservegen.core.confined import leads_out
from kservegen.core.diagnostics import Diagnostic, Finding, Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.jsontypes import JsonObject
from kservegen.core.patterns import lazy_pattern
from kservegen.formats.jsonschema.cel_rules import KEYWORD
from kservegen.formats.jsonschema.shape import QuantityShape, Shape
from kservegen.formats.jsonschema.suggestions import close
from kservegen.formats.jsonschema.validate import Validator
from kservegen.formats.yaml.files import read_bytes

SCHEMA_NOT_FOUND: Final = "schema/not-found"
# At the root of a schema: `Cluster` where objects of the kind belong to no namespace, as a CRD's `spec.scope` says.
SCOPE: Final = "x-kservegen-scope"
KSERVE_GROUP = "serving.kserve.io"
KUBERNETES_VERSION = "v1.34"
ARGOCD_VERSION = "v3.2"
FLUX_VERSION = "v2.9"

# Folders of the groups that are not KServe's: the release of each that the schemas were compiled from.
OTHER_FOLDERS = (f"kubernetes/{KUBERNETES_VERSION}", f"argocd/{ARGOCD_VERSION}", f"flux/{FLUX_VERSION}", "crds")
_FOLDERS = {
    "argoproj.io": f"argocd/{ARGOCD_VERSION}",
    "helm.toolkit.fluxcd.io": f"flux/{FLUX_VERSION}",
    "kustomize.toolkit.fluxcd.io": f"flux/{FLUX_VERSION}",
    "source.toolkit.fluxcd.io": f"flux/{FLUX_VERSION}",
}
# Kubernetes' own API groups: those without a dot, and these. All other groups are somebody's CRDs.
_KUBERNETES_GROUPS: Final = frozenset(
    """
    admissionregistration.k8s.io apiextensions.k8s.io apiregistration.k8s.io authentication.k8s.io
    authorization.k8s.io certificates.k8s.io coordination.k8s.io discovery.k8s.io events.k8s.io
    flowcontrol.apiserver.k8s.io internal.apiserver.k8s.io networking.k8s.io node.k8s.io rbac.authorization.k8s.io
    resource.k8s.io scheduling.k8s.io storage.k8s.io storagemigration.k8s.io
    """.split()
)
KSERVE_VERSION = lazy_pattern(r"v[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(-[0-9A-Za-z.-]+)?\Z")
_NAME = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_API_VERSION = lazy_pattern(rf"(?:(?P<group>{_NAME}(\.{_NAME})*)/)?(?P<version>v[a-z0-9]+)\Z")
_KIND = lazy_pattern(r"[A-Za-z][A-Za-z0-9]*\Z")
_KSERVE_KIND = lazy_pattern(r"(?P<kind>[a-z0-9]+)_(?P<version>v[a-z0-9]+)\.json\Z")


class UnknownSchemaError(GeneratorError):
    """A version, or a kind in a version, that no folder has a schema of; `known` lists what there is."""

    def __init__(self, message: str, *, subject: str, known: Sequence[str]) -> None:
        self.known = tuple(known)
        near = close(subject, self.known)
        listed = f"Known: {', '.join(self.known) or 'none'}."
        super().__init__(message, subject=subject, hint=f"Did you mean {near}? {listed}" if near else listed)


# A file's name has 255 bytes; no kind is called anywhere near that.
_LONGEST: Final = 240


@lru_cache(maxsize=1024)
def schema_path(api_version: str, kind: str, *, kserve_version: str) -> PurePosixPath | None:
    """Say where below a schemas folder the schema of a kind lies; None for words that can name no kind."""
    parts = _API_VERSION.match(api_version)
    if (
        parts is None
        or len(api_version) + len(kind) > _LONGEST
        or not _KIND.match(kind)
        or not KSERVE_VERSION.match(kserve_version)
    ):
        return None
    name = f"{kind.lower()}_{parts['version']}.json"
    group = parts["group"] or ""
    if group == KSERVE_GROUP:
        return PurePosixPath("kserve", kserve_version, group, name)
    folder = _FOLDERS.get(group) or (f"kubernetes/{KUBERNETES_VERSION}" if is_kubernetes_group(group) else "crds")
    return PurePosixPath(folder, group, name) if group else PurePosixPath(folder, name)


def is_kubernetes_group(group: str) -> bool:
    """Whether an API group is Kubernetes' own."""
    return "." not in group or group in _KUBERNETES_GROUPS


class SchemaStore:
    """Finds schemas in several folders, the first that has one wins; reads each once."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(roots)
        self._schemas: dict[PurePosixPath, JsonObject] = {}
        self._ruled: set[PurePosixPath] = set()
        self._shapes: dict[PurePosixPath, Shape] = {}
        self._validators: dict[PurePosixPath, Validator] = {}

    def versions(self) -> tuple[str, ...]:
        """List the KServe versions that there are schemas of, oldest first."""
        names = {
            path.name for root in self.roots for path in (root / "kserve").glob("v*") if KSERVE_VERSION.match(path.name)
        }
        return tuple(sorted(names, key=version_order))

    def kinds(self, kserve_version: str) -> tuple[str, ...]:
        """List KServe's kinds of a version as `apiVersion/kind` words, the kind in lower case."""
        return tuple(sorted(self._kserve_kinds(kserve_version)))

    def has(self, api_version: str, kind: str, *, kserve_version: str) -> bool:
        """Tell whether there is a schema of a kind."""
        path = schema_path(api_version, kind, kserve_version=kserve_version)
        return path is not None and (path in self._schemas or any((root / path).is_file() for root in self.roots))

    def api_versions(self, group: str, kind: str, *, kserve_version: str) -> tuple[str, ...]:
        """List the `apiVersion`s of a group in which there is a schema of a kind, in the order of their names."""
        place = schema_path(f"{group}/v1" if group else "v1", kind, kserve_version=kserve_version)
        if place is None:
            return ()
        parts = (
            _KSERVE_KIND.match(path.name)
            for root in self.roots
            for path in (root / place.parent).glob(f"{kind.lower()}_v*.json")
        )
        versions = sorted({part["version"] for part in parts if part and part["kind"] == kind.lower()})
        return tuple(f"{group}/{version}" if group else version for version in versions)

    def is_cluster_scoped(self, api_version: str, kind: str, *, kserve_version: str) -> bool:
        """Whether there is a schema of a kind and says that its objects belong to no namespace."""
        if not self.has(api_version, kind, kserve_version=kserve_version):
            return False
        return self.get(api_version, kind, kserve_version=kserve_version).get(SCOPE) == "Cluster"

    def served(self, kserve_version: str) -> tuple[str, ...]:
        """List KServe's kinds of a version, spelt as people do, `apiVersion/kind`: reads all their schemas."""
        paths = (
            path for root in self.roots for path in (root / "kserve" / kserve_version / KSERVE_GROUP).glob("*.json")
        )
        return tuple(sorted({name for path in paths if (name := _spelling(self._read(path)[0]))}))

    def get(self, api_version: str, kind: str, *, kserve_version: str) -> JsonObject:
        """Return the schema of a kind; UnknownSchemaError names what there is instead."""
        return self._schemas[self._find(api_version, kind, kserve_version)]

    def shape(self, api_version: str, kind: str, *, kserve_version: str) -> Shape:
        """Return what answers questions about the schema of a kind."""
        path = self._find(api_version, kind, kserve_version)
        if path not in self._shapes:
            self._shapes[path] = Shape(self._schemas[path])
        return self._shapes[path]

    def validator(self, api_version: str, kind: str, *, kserve_version: str) -> Validator:
        """Return the validator of a kind, made once."""
        path = self._find(api_version, kind, kserve_version)
        if path not in self._validators:
            self._validators[path] = Validator(
                self._schemas[path],
                self.shape(api_version, kind, kserve_version=kserve_version),
                ruled=path in self._ruled,
            )
        return self._validators[path]

    def _find(self, api_version: str, kind: str, kserve_version: str) -> PurePosixPath:
        path = schema_path(api_version, kind, kserve_version=kserve_version)
        if path in self._schemas:
            return path
        if not KSERVE_VERSION.match(kserve_version) or kserve_version not in self.versions():
            raise UnknownSchemaError("unknown KServe version", subject=kserve_version, known=self.versions())
        file = next((root / path for root in self.roots if (root / path).is_file()), None) if path else None
        if path is None or file is None:
            known = sorted(self._known_names(kserve_version))
            raise UnknownSchemaError("no schema of this kind", subject=f"{api_version}/{kind}", known=known)
        schema, raw = self._read(file)
        self._schemas[path] = schema
        if KEYWORD.encode() in raw:
            self._ruled.add(path)
        return path

    def _kserve_kinds(self, version: str) -> Iterable[str]:
        for root in self.roots:
            for path in (root / "kserve" / version / KSERVE_GROUP).glob("*.json"):
                if parts := _KSERVE_KIND.match(path.name):
                    yield f"{KSERVE_GROUP}/{parts['version']}/{parts['kind']}"

    def near(self, wanted: str, *, kserve_version: str) -> str:
        """Return what `group/Kind` probably means, of all that there is a schema of; blank where nothing is near."""
        parts = (name.split("/") for name in self._known_names(kserve_version))
        known = {"/".join((*group, kind)) for *group, _, kind in parts}
        same = sorted(name for name in known if name.rpartition("/")[2] == wanted.rpartition("/")[2])
        return same[0] if same else close(wanted, known) or ""

    def _known_names(self, version: str) -> set[str]:
        """Read the proper spelling of each kind from the schemas themselves: only for an error's text."""
        paths = {
            path.relative_to(root): path
            for root in reversed(self.roots)
            for folder in (f"kserve/{version}", *OTHER_FOLDERS)
            if not leads_out(root / folder, root.parent)
            for path in (root / folder).glob("**/*.json")
        }
        return {name for path in paths.values() if (name := _spelling(self._read(path)[0]))}

    def _read(self, path: Path) -> tuple[JsonObject, bytes]:
        root = next(root for root in self.roots if path.is_relative_to(root))
        raw = read_bytes(path, str(path), root.parent)
        if isinstance(raw, Diagnostic):
            raise GeneratorError(f"{raw.message}: {raw.seen}", subject=str(path), hint=raw.hint)
        try:
            schema = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise GeneratorError(
                f"cannot be read: {error}", subject=str(path), hint="Restore the file, or remove it."
            ) from error
        if not isinstance(schema, dict):
            raise GeneratorError("is not a JSON Schema", subject=str(path), hint="Restore the file, or remove it.")
        return schema, raw


class Shapes:
    """The shapes of all kinds in one KServe version."""

    def __init__(self, store: SchemaStore, kserve_version: str) -> None:
        self.store = store
        self.kserve_version = kserve_version

    def quantities(self, api_version: str, kind: str) -> QuantityShape:
        """Say where an object of a kind holds resource quantities."""
        return self.store.shape(api_version, kind, kserve_version=self.kserve_version).quantities

    def api_versions(self, group: str, kind: str) -> tuple[str, ...]:
        """List the `apiVersion`s of a group in which there is a schema of a kind."""
        return self.store.api_versions(group, kind, kserve_version=self.kserve_version)

    def is_cluster_scoped(self, api_version: str, kind: str) -> bool:
        """Whether the schema of a kind says that its objects belong to no namespace."""
        return self.store.is_cluster_scoped(api_version, kind, kserve_version=self.kserve_version)

    def near(self, group: str, kind: str) -> str:
        """Return the kind that was probably meant, as `group/Kind`; blank where none is near."""
        wanted = f"{group}/{kind}" if group else kind
        return self.store.near(wanted, kserve_version=self.kserve_version)


def _spelling(schema: JsonObject) -> str:
    shape = Shape(schema)
    api_version, kind = ((shape.subschema((name,)) or {}).get("const") for name in ("apiVersion", "kind"))
    return f"{api_version}/{kind}" if api_version and kind else ""


def version_order(version: str) -> tuple[tuple[int, ...], bool, str]:
    """Sort a version as KSERVE_VERSION has it: v0.9.0 before v0.10.0, and v0.20.0-rc1 before v0.20.0."""
    numbers, _, pre = version.removeprefix("v").partition("-")
    return tuple(int(part) for part in numbers.split(".")), not pre, pre


# The group of KServe's kinds before they left Kubeflow.
_OLD_GROUP: Final = "serving.kubeflow.org"
# Versions of InferenceService whose spec was another.
_OLD_FORMS: Final = frozenset({"serving.kserve.io/v1alpha2", "serving.kubeflow.org/v1alpha2"})


def is_kserves(api_version: str) -> bool:
    """Whether a version is of KServe's own group, or of the one that its kinds had before."""
    return api_version.rpartition("/")[0] in (KSERVE_GROUP, _OLD_GROUP)


def missing_schema(store: SchemaStore, api_version: str, kind: str, *, kserve_version: str) -> Finding:
    """Say that a kind has no schema: an error where KServe's API is meant, else no more than a word of what is open."""
    if not is_kserves(api_version):
        return Finding(
            rule=SCHEMA_NOT_FOUND,
            path=("kind",),
            message=f"{kind} of {api_version} is not checked: there is no schema of it",
            severity=Severity.INFO,
            seen=f"{api_version} {kind}",
            hint="Add the schema to schemas/crds/, or leave it to another tool.",
        )
    served = store.served(kserve_version)
    same = [name for name in served if name.rpartition("/")[2] == kind]
    return Finding(
        rule=SCHEMA_NOT_FOUND,
        path=("apiVersion",) if same else ("kind",),
        message=f'no matches for kind "{kind}" in version "{api_version}": KServe {kserve_version} does not serve it',
        severity=Severity.ERROR,
        seen=f"{api_version} {kind}",
        allowed=", ".join(same or served),
        hint=_instead(api_version, same[-1]) if same else _near(kind, served),
    )


def _instead(api_version: str, served: str) -> str:
    hint = f"Write apiVersion: {served.rpartition('/')[0]}."
    if api_version in _OLD_FORMS:
        hint += " What stood under spec.default.predictor stands under spec.predictor."
    return hint


def _near(kind: str, served: tuple[str, ...]) -> str:
    near = close(kind, {name.rpartition("/")[2] for name in served})
    return f"Did you mean {near}?" if near else "Write one of the kinds that are served."
