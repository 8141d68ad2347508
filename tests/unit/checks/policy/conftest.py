"""What the tests of policies share: the repository's own policies, and how a test states a policy or an object."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kservegen.checks.policy.binding import Bound, bind_policies
from kservegen.checks.policy.load import load
from kservegen.checks.policy.model import Policy, PolicySource
from kservegen.core.diagnostics import Diagnostic, Location
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.jsontypes import Path as DocumentPath
from kservegen.core.resource import Resource, ResourceId

POLICIES = Path(__file__).parents[4] / "policies"


def resource(doc: JsonObject) -> Resource:
    metadata = doc["metadata"]
    assert isinstance(metadata, dict)
    return Resource(
        id=ResourceId(str(doc["kind"]), str(metadata.get("namespace", "")), str(metadata["name"])),
        api_version=str(doc["apiVersion"]),
        doc=doc,
        file="x.yaml",
    )


def place(path: DocumentPath) -> Location:
    """Stand in for a table of lines: the file's name tells the path that was asked for."""
    return Location(format_path(path))


def read(text: str) -> tuple[tuple[Policy, ...], tuple[Diagnostic, ...]]:
    return load([PolicySource(doc=yaml.safe_load(text), locate=place)])


def bound(text: str, *, actions: tuple[str, ...] = ("Deny",), params: JsonObject | None = None) -> Bound:
    policies, problems = read(text)
    assert not problems, problems
    words: JsonObject = {"bindings": {policies[0].name: {"actions": list(actions), "params": params}}}
    found = bind_policies(policies, words, locate=place)
    assert not found.diagnostics, found.diagnostics
    return found.bound[0]


@pytest.fixture(scope="session")
def shipped() -> dict[str, str]:
    """Read the text of every policy of the repository, by its file's name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(POLICIES.glob("*.yaml"))}
