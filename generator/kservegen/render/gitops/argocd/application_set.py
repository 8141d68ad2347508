"""The same Applications, kept by an ApplicationSet: names and contents are those of the other form.

Waves do not order what an ApplicationSet makes: all Applications start at once, and the retries carry each over the
time in which what it needs is not there yet.
"""

from __future__ import annotations

from typing import Final

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.render.gitops.argocd.applications import document
from kservegen.render.gitops.argocd.settings import ArgoSettings

# What differs between layers is data of the generator; the patch lays it over the template as it is.
_PATCH: Final = "{{ toJson .application }}"


def build_application_set(settings: ArgoSettings, applications: list[JsonObject]) -> JsonObject:
    """Build the ApplicationSet. It creates and updates, and leaves alone what it no longer lists."""
    elements: JsonArray = [_element(application) for application in applications]
    return document(
        "ApplicationSet",
        {"name": settings.environment, "namespace": settings.namespace},
        {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{"list": {"elements": elements}}],
            "syncPolicy": {"preserveResourcesOnDeletion": True, "applicationsSync": "create-update"},
            "template": {
                "metadata": {"name": "{{ .name }}"},
                # A patch cannot set the project.
                "spec": {"project": settings.project, "destination": settings.destination},
            },
            "templatePatch": _PATCH,
        },
    )


def _element(application: JsonObject) -> JsonObject:
    metadata, spec = mapping(application["metadata"]), mapping(application["spec"])
    return {
        "name": metadata["name"],
        "application": {
            "metadata": {"annotations": metadata["annotations"]},
            "spec": {key: value for key, value in spec.items() if key != "project"},
        },
    }
