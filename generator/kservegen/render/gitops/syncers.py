"""Which object of the engine syncs what: sync objects in, one for each folder and each chart out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource


def syncers(sync: Iterable[Resource], folder: str) -> dict[str, Resource]:
    """Index the objects by what they sync: folders relative to the environment's own (`folder`), charts by name.

    The root, which syncs the others, stands under their folder.
    """
    found: dict[str, Resource] = {}
    objects = tuple(with_applications(sync))
    fetchers = (item for item in objects if item.kind == "OCIRepository")
    fetched = {item.id.name: _artefact(item.spec, "url") for item in fetchers}
    for resource in objects:
        for source in _sources(resource.spec, fetched):
            path = text(source.get("path")).removeprefix("./").strip("/")
            chart = text(source.get("chart")) or _artefact(source)
            if chart:
                found.setdefault(chart, resource)
            elif path.startswith(f"{folder}/"):
                found.setdefault(path.removeprefix(f"{folder}/"), resource)
    return found


def with_applications(sync: Iterable[Resource]) -> Iterator[Resource]:
    """Yield the objects, and behind an ApplicationSet the Applications that it makes."""
    for resource in sync:
        yield resource
        if resource.kind == "ApplicationSet":
            for generator in map(mapping, sequence(resource.spec.get("generators"))):
                for element in map(mapping, sequence(mapping(generator.get("list")).get("elements"))):
                    yield _made(resource, element)


def _made(by: Resource, element: JsonObject) -> Resource:
    name, application = text(element.get("name")), mapping(element.get("application"))
    spec: JsonObject = {"project": element.get("project"), **mapping(application.get("spec"))}
    return Resource(
        id=by.id._replace(kind="Application", name=name),
        api_version=by.api_version,
        doc={"apiVersion": by.api_version, "kind": "Application", **application, "spec": spec},
        file=by.file,
        subject=name,
        origins=by.origins,
    )


def _artefact(source: JsonObject, word: str = "repoURL") -> str:
    """Return the name of the chart that an address like `oci://host/charts/name` ends with."""
    address = text(source.get(word))
    return address.rpartition("/")[2] if address.startswith("oci://") else ""


def _sources(spec: JsonObject, fetched: Mapping[str, str]) -> Iterator[JsonObject]:
    """Yield what an object takes its manifests from: an Application's sources, a Kustomization, a HelmRelease.

    `fetched` are charts by the object that fetches them.
    """
    yield mapping(spec.get("source"))
    yield from map(mapping, sequence(spec.get("sources")))
    if "sourceRef" in spec:
        yield spec
    if "chartRef" in spec:
        yield {"chart": fetched.get(text(mapping(spec.get("chartRef")).get("name")), "")}


def kubectl_name(resource: Resource) -> str:
    """Name an object as kubectl takes it whatever else is called like its kind: `applications.argoproj.io/prod`."""
    group = resource.group
    return f"{resource.kind.lower()}s{'.' if group else ''}{group}/{resource.id.name}"
