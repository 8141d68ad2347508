"""What Argo CD and Flux say of what they sync."""

from __future__ import annotations

from typing import Any

import pytest

from kservegen.commands.rollout.places import engine_view
from kservegen.core.resource import Resource, ResourceId

# name -> (kind, status, sync, health, revision, messages)
SAID: dict[str, tuple[str, Any, tuple[str, str, str, tuple[str, ...]]]] = {
    "Argo CD, all well": (
        "Application",
        {
            "sync": {"status": "Synced", "revision": "a" * 40},
            "health": {"status": "Healthy"},
            "operationState": {"phase": "Succeeded", "message": "successfully synced"},
        },
        ("Synced", "Healthy", "a" * 40, ()),
    ),
    "Argo CD, a sync that failed": (
        "Application",
        {
            "sync": {"status": "OutOfSync"},
            "operationState": {"phase": "Error", "message": "no such project"},
            "conditions": [{"type": "SyncError", "message": "no such project"}, {"type": "X", "message": "more"}],
        },
        ("OutOfSync", "", "", ("no such project", "more")),
    ),
    "Flux, all well": (
        "Kustomization",
        {
            "lastAppliedRevision": f"main@sha1:{'b' * 40}",
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": "Applied"}
            ],
        },
        ("ReconciliationSucceeded", "", "b" * 40, ()),
    ),
    "Flux, waits for another": (
        "Kustomization",
        {
            "conditions": [
                {"type": "Ready", "status": "False", "reason": "DependencyNotReady", "message": "dependency x"}
            ]
        },
        ("DependencyNotReady", "", "", ("dependency x",)),
    ),
    "nothing yet": ("Kustomization", None, ("", "", "", ())),
    "odd": ("Application", {"sync": 3, "conditions": [None, 4]}, ("", "", "", ())),
}


@pytest.mark.parametrize("name", SAID)
def test_words_of_engines(name: str) -> None:
    kind, status, (sync, health, revision, messages) = SAID[name]
    syncer = Resource(id=ResourceId(kind, "argocd", "prod-models-ns"), api_version="x/v1", doc={}, file="")
    found = engine_view({"status": status}, syncer)
    assert (found.sync, found.health, found.revision, found.messages) == (sync, health, revision, messages)
    assert (found.kind, found.namespace, found.name) == (kind, "argocd", "prod-models-ns")
