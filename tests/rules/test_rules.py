"""Every rule against its own manifests: `pass-*.yaml` has nothing of it, `fail-*.yaml` exactly what its comments say.

The first document of a file is the object that is checked, the others are its environment; rules see them defaulted, as
the API server stores them, and their paths come home to what stands in the file. Comments ahead of it:
`# expect: <rule> <document path>` and `# context: mode=… prerequisites=a,b`. A document that starts with the comment
`# old:` is what the cluster has of an object that another document updates. Every case runs on every release; what is
expected where a release has a capability is `# expect(canary): …`, on one release alone `# expect(v0.19.0): …`. What
people read of the findings, on any release, is the case's snapshot.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml
from msgspec.structs import asdict, replace
from syrupy.assertion import SnapshotAssertion
from tests.support.platforms import RELEASES, reference, release
from tests.support.reports import text_of

from kservegen.checks.rules.base import Context
from kservegen.checks.rules.discover import discover
from kservegen.checks.simulation import KServeInstallation, reference_installation
from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.repository import packaged_data
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.controllers.settings import CONFIG_NAME, read_settings
from kservegen.kserve.defaulting import Defaulted, Installation, default

SCHEMAS = SchemaStore([packaged_data() / "schemas"])
HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*/*/*.yaml"))


def resource(doc: JsonObject, file: str) -> Resource:
    metadata = doc["metadata"]
    assert isinstance(metadata, dict)
    identity = ResourceId(str(doc["kind"]), str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
    return Resource(id=identity, api_version=str(doc["apiVersion"]), doc=doc, file=file)


def comments(text: str, word: str) -> list[str]:
    mark = f"# {word}: "
    return [line.removeprefix(mark) for line in text.splitlines() if line.startswith(mark)]


def context(text: str, version: str, objects: list[Defaulted], old: list[Defaulted]) -> Context:
    words = context_words(text)
    promised = words.get("prerequisites", "")
    return Context(
        environment="test",
        release=release(version),
        deployment_mode=words.get("mode", "Standard"),
        platform=reference(version),
        resources={item.resource.id: item.resource for item in objects},
        prerequisites=frozenset(promised.split(",")) if promised else frozenset(),
        installation=installed(objects, version, words.get("mode", "Standard")),
        kubernetes_version=words.get("kubernetes", ""),
        old={item.resource.id: item.resource for item in old},
    )


def installed(objects: list[Defaulted], version: str, mode: str) -> KServeInstallation:
    """Return KServe as its own configuration installs it, or with the ConfigMap that is among the objects."""
    usual = reference_installation(release(version), mode, SCHEMAS)
    config = next((item.resource.doc for item in objects if item.resource.id.name == CONFIG_NAME), None)
    if config is None:
        return usual
    return replace(usual, settings=lambda: read_settings(config, usual.settings()))


def context_words(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for line in comments(text, "context") for part in line.split())


def conditions(version: str) -> list[str]:
    """Return the words that say what is expected on a release: always, of what it can, of itself."""
    capabilities = asdict(release(version).capabilities)
    return [
        "expect",
        *(f"expect({name})" for name, value in capabilities.items() if value is True),
        f"expect({version})",
    ]


def findings(path: Path, text: str, version: str) -> list[Finding]:
    mode = context_words(text).get("mode", "Standard")
    installation = Installation(kserve_version=version, deployment_mode=mode)
    objects: list[Defaulted] = []
    old: list[Defaulted] = []
    for part in text.split("---\n"):
        item = default(resource(yaml.safe_load(part), path.name), installation)
        (old if part.startswith("# old:") else objects).append(item)
    checked = objects[0]
    found = discover().run([checked.resource], context(text, version, objects, old))
    return [replace(finding, path=resource.words(finding.path)) for resource, finding in found]


@pytest.mark.parametrize("path", CASES, ids=lambda p: "/".join(p.relative_to(HERE).with_suffix("").parts))
def test_the_rule_says_what_its_manifest_expects(path: Path, snapshot: SnapshotAssertion) -> None:
    rule = "/".join(path.parts[-3:-1])
    text = path.read_text(encoding="utf-8")
    texts: dict[str, None] = {}
    for version in RELEASES.versions:
        found = findings(path, text, version)
        assert [f.message for f in found if f.rule.startswith("internal/")] == [], version
        said = Counter(f"{f.rule} {format_path(f.path)}".strip() for f in found if f.rule == rule)
        expected = Counter(line.strip() for word in conditions(version) for line in comments(text, word))
        assert said == expected, version
        assert [f.message for f in found if not f.message or f.message.endswith(".")] == []
        assert [f.hint for f in found if not f.hint.endswith((".", "?"))] == []
        texts.update((text_of(f), None) for f in found if f.rule == rule)
    assert path.name.startswith("fail-" if texts else "pass-")
    if texts:
        assert "\n".join(texts) == snapshot


def test_annotations_beyond_the_limit_are_told_once() -> None:
    doc: JsonObject = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "annotations": {"a": "x" * 200_000, "b": "x" * 100_000}},
    }
    large = resource(doc, "a.yaml")
    around = context("", "v0.19.0", [Defaulted(written=large, resource=large)], [])
    found = [finding for _, finding in discover().run([large], around)]
    assert [(f.rule, f.path) for f in found] == [("kubernetes/annotation", ("metadata", "annotations"))]
    assert "300002 bytes" in found[0].message
