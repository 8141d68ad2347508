"""What KServe's defaulter makes of an LLMInferenceService.

Source: pkg/apis/serving/v1alpha2/llm_inference_service_defaults.go. Labels of local model caches follow from the caches
of a cluster and are left to it.
"""

from __future__ import annotations

from typing import Final

from kservegen.core.document import mapping, text
from kservegen.kserve.defaulting.draft import CopyOnWrite

# Pod specs whose list of containers becomes an empty one where it is left out: the schema demands one.
_PODS: Final = (
    ("spec", "template"),
    ("spec", "worker"),
    ("spec", "prefill", "template"),
    ("spec", "prefill", "worker"),
    ("spec", "router", "scheduler", "template"),
)


def default_llm_service(draft: CopyOnWrite) -> None:
    """Default the LLMInferenceService: the model is called as the service is, pods have a list of containers."""
    spec = mapping(draft.doc.get("spec"))
    name = mapping(draft.doc.get("metadata")).get("name")
    model = spec.get("model")
    if isinstance(model, dict) and not model.get("name") and text(name):
        draft.edit("spec", "model")["name"] = name
    for path in _PODS:
        pod: object = spec
        for key in path[1:]:
            pod = pod.get(key) if isinstance(pod, dict) else None
        if isinstance(pod, dict) and pod.get("containers") is None:
            draft.edit(*path)["containers"] = []
