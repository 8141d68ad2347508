"""Layers in, every object that Argo CD needs for them out.

`sync/` itself is applied by a person, once and when it changes: the root Application with its project, and the
health checks that the installation of Argo CD lacks. `sync/applications/` is what the root keeps in step.
"""

from __future__ import annotations

from typing import Final

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.core.resource import Origin, Resource, ResourceId
from kservegen.render.gitops.argocd.applications import APPLICATIONS_FOLDER, build_application, build_root, document
from kservegen.render.gitops.argocd.health import build_health_checks
from kservegen.render.gitops.argocd.project import (
    build_companions_projects,
    build_models_projects,
    build_platform_project,
    build_root_project,
)
from kservegen.render.gitops.argocd.settings import ArgoSettings
from kservegen.render.gitops.layers import SyncLayer
from kservegen.render.objects.settings import promises_of

_ROOT_FOLDER: Final = "sync"
_ORIGINS: Final = (
    Origin((), ("gitops",)),
    Origin(("spec", "destination"), ("cluster",)),
    Origin(("spec", "destinations"), ("cluster",)),
)
# What differs between layers is data of the generator; the patch lays it over the template as it is.
_PATCH: Final = "{{ toJson .application }}"


def write_argocd(environment: ResolvedEnvironment, layers: tuple[SyncLayer, ...]) -> list[Resource]:
    """Build the root Application, the health checks, the projects, and an Application for each layer."""
    settings = ArgoSettings.of(environment)
    by_hand = [build_root(settings, promises_of(environment)), build_health_checks(settings)]
    applications = [build_application(settings, layer) for layer in layers]
    synced = [_application_set(settings, applications)] if settings.as_set else applications
    if settings.owns_projects:
        teams = {name: environment.source.team_of(name) for name in environment.mapping("namespaces")}
        by_hand = [*by_hand, build_root_project(settings)]
        projects = [*build_models_projects(settings, layers, teams), build_platform_project(settings, layers)]
        projects += build_companions_projects(settings, layers, teams)
        synced = [*projects, *synced]
    return [_resource(doc, _ROOT_FOLDER) for doc in by_hand] + [_resource(doc, APPLICATIONS_FOLDER) for doc in synced]


def _resource(doc: JsonObject, folder: str) -> Resource:
    metadata = mapping(doc["metadata"])
    kind, name = str(doc["kind"]), str(metadata["name"])
    return Resource(
        id=ResourceId(kind, str(metadata["namespace"]), name),
        api_version=str(doc["apiVersion"]),
        doc=doc,
        file=f"{folder}/{kind.lower()}-{name}.yaml",
        subject=name,
        origins=_ORIGINS,
    )


def _application_set(settings: ArgoSettings, applications: list[JsonObject]) -> JsonObject:
    """Build an ApplicationSet that keeps the same Applications, names and contents those of the other form.

    It creates and updates, and leaves alone what it no longer lists. Waves do not order what it makes: all Applications
    start at once, and the retries carry each over the time in which what it needs is not there yet.
    """
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
                "spec": {"project": "{{ .project }}", "destination": settings.destination},
            },
            "templatePatch": _PATCH,
        },
    )


def _element(application: JsonObject) -> JsonObject:
    metadata, spec = mapping(application["metadata"]), mapping(application["spec"])
    return {
        "name": metadata["name"],
        "project": spec["project"],
        "application": {
            "metadata": {"annotations": metadata["annotations"]},
            "spec": {key: value for key, value in spec.items() if key != "project"},
        },
    }
