"""A component with a model of its own is sent to the cache of the predictor's.

KServe writes a predictor's cache on every component of the service. A transformer, an explainer or a canary with a URI
of its own gets the predictor's volume, and a folder in it that nobody made: its pod starts and finds no model.

Fix: Cache no model of a service whose components read different ones (annotation disable-localmodel), or serve them as
services of their own.
Bad:
    predictor: {model: {storageUri: s3://models/cached}}
    transformer: {containers: [{name: kserve-container, env: [{name: STORAGE_URI, value: s3://models/words}]}]}
Good:
    predictor: {model: {storageUri: s3://models/cached}}
    transformer: {containers: [{name: kserve-container}]}
Upstream: kserve derive-isvc-2, part 8; pkg/webhook/admission/pod/storage_initializer_injector.go
"""

from kservegen.checks.rules._made import pods_made
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Scope, Stage, rule
from kservegen.core.document import mapping, text
from kservegen.kserve.controllers.components import SOURCE_URI
from kservegen.kserve.controllers.local_models import LOCAL_MODEL_LABEL


@rule(Stage.RUN, "InferenceService", scope=Scope.MADE)
def check(resource: Resource, context: Context) -> Problems:
    for view, pod in pods_made(resource, context):
        notes = mapping(mapping(mapping(pod.pod).get("metadata")).get("annotations"))
        own, cached = text(notes.get(SOURCE_URI)), text(notes.get(f"{LOCAL_MODEL_LABEL}-sourceuri")).removesuffix("/")
        if not own or not cached or own == cached or own.startswith(f"{cached}/"):
            continue
        place = view.where(pod.origins, ("metadata", "annotations", SOURCE_URI))
        message = f"{pod.of} reads {own}, and KServe sends it to the cache of {cached}: it finds no model there"
        yield Problem(place.path, message, seen=own)
