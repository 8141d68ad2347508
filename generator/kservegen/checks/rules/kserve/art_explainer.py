"""The storage of an ART explainer is of a kind that the webhook refuses.

Beside storage, an explainer's storageUri must be s3, hdfs or webhdfs, and without a storageUri so must the type in
storage.parameters. A predictor's storage is not checked.

Fix: Leave storage out, or point at s3, hdfs or webhdfs.
Bad:
    explainer: {art: {storageUri: gs://b/m, storage: {key: k}}}
Good:
    explainer: {art: {storageUri: s3://b/m, storage: {key: k}}}
Upstream: ISVC-35; ISVC-36; pkg/apis/serving/v1beta1/explainer.go
"""

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._storage_spec import storage_problems
from kservegen.core.document import mapping


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    explainer = mapping(mapping(resource.doc.get("spec")).get("explainer"))
    if "art" in explainer:
        yield from storage_problems(("spec", "explainer", "art"), mapping(explainer.get("art")))
