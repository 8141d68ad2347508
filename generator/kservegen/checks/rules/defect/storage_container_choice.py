"""Two storage containers download the same URI, and which of them does is left to chance.

KServe takes the first ClusterStorageContainer that matches, of a list whose order is another one each time: one pod is
made with the image, resources and credentials of the one, the next with those of the other.

Fix: Narrow the prefixes, disable one of the two, or name one in storageContainerName where the release has it.
Severity: warning
Bad:
    kind: ClusterStorageContainer  # beside KServe's own, which takes s3://, too
    spec: {supportedUriFormats: [{prefix: 's3://'}], container: {name: storage-initializer, image: x}}
Good:
    kind: ClusterStorageContainer
    spec: {supportedUriFormats: [{prefix: 'models://'}], container: {name: storage-initializer, image: x}}
Upstream: kserve derive-isvc-2, part 11; pkg/utils/storage.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import components_of, of_kind
from kservegen.core.document import mapping, text
from kservegen.kserve.controllers.control_plane import STORAGE_KIND, shipped_objects
from kservegen.kserve.storage_uris import handles


@rule(Stage.RUN, "InferenceService", scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    listed = of_kind(context, STORAGE_KIND)
    if not listed:
        return
    own = {each.id.name: each.doc for each in listed}
    if context.platform.storage_container:
        came = (doc for doc in shipped_objects(context.release.version).documents if doc["kind"] == STORAGE_KIND)
        own = {**{text(mapping(doc["metadata"]).get("name")): doc for doc in came}, **own}
    for path, _, component in components_of(resource):
        uri = text(mapping(component.get("model")).get("storageUri"))
        matching = sorted(name for name, doc in own.items() if uri and handles(doc, uri))
        if len(matching) > 1 and not component.get("storageContainerName"):
            message = f"{' and '.join(matching)} both download {uri}, and KServe takes either"
            yield Problem((*path, "model", "storageUri"), message, seen=uri)
