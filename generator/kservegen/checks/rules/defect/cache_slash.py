"""A cache whose source ends in a slash sends models to a folder that is not there.

KServe compares without the slash and cuts with it: a service whose URI has none gets a path in the cache that starts
with its whole URI. Its pods start and find no model.

Fix: Leave the slash out of sourceModelUri.
Severity: warning
Bad:
    spec: {sourceModelUri: s3://models/iris/}
Good:
    spec: {sourceModelUri: s3://models/iris}
Upstream: kserve derive-isvc-2, part 8; pkg/webhook/admission/pod/storage_initializer_injector.go
"""

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, text


@rule(Stage.RUN, "LocalModelCache", "LocalModelNamespaceCache")
def check(resource: Resource, _context: Context) -> Problems:
    uri = text(mapping(resource.doc.get("spec")).get("sourceModelUri"))
    if uri.endswith("/"):
        message = "services whose URI has no slash at its end are sent to a folder that is not there"
        yield Problem(("spec", "sourceModelUri"), message, seen=uri)
