"""Health checks that an Argo CD lacks, as a part of its ConfigMap `argocd-cm`, in Lua.

`argoproj.io/Application`: Argo CD has none since 1.8, and without one the waves of a root Application wait for nothing.
`InferenceService`: Argo CD up to 3.2.0 shows each healthy one as progressing, for `Stopped` is False.
`LLMInferenceService`: checked by Argo CD itself only in releases after 3.5.

The ConfigMap holds these keys alone: applied on the server's side, it leaves all others to who set them.
"""

from __future__ import annotations

from typing import Final

from kservegen.core.jsontypes import JsonObject
from kservegen.render.gitops.argocd.settings import ArgoSettings, ArgoVersion

_KNOWS_STOPPED: Final = ArgoVersion(3, 3)
_KNOWS_LLM: Final = ArgoVersion(3, 6)

# An Application is healthy once a sync has got through: one that was just made has nothing yet that could be ill.
APPLICATION: Final = """\
local health = { status = "Progressing", message = "not judged yet" }
local status = obj.status or {}
local phase = (status.operationState or {}).phase
local synced = (status.sync or {}).status == "Synced"
local seen = status.health or {}

if seen.status == nil or seen.status == "Missing" then
  health.message = "waiting for its resources"
elseif not synced and (phase == "Failed" or phase == "Error") then
  health.status = "Degraded"
  health.message = (status.operationState or {}).message or "the sync failed"
elseif seen.status == "Healthy" and not synced and phase ~= "Succeeded" then
  health.message = "waiting for its first sync"
else
  health.status = seen.status
  health.message = seen.message or ""
end
return health
"""

# What both services' scripts say of a condition that is not met, and their verdict by the condition Ready.
_TELL: Final = """\
    local text = condition.type .. ": " .. (condition.reason or condition.status or "Unknown")
    if condition.message ~= nil and condition.message ~= "" then
      text = text .. ", " .. condition.message
    end
    table.insert(waiting, text)
  end
end
"""
_VERDICT: Final = """\
elseif ready == "True" then
  health.status = "Healthy"
  health.message = "ready"
elseif #waiting > 0 then
  health.message = table.concat(waiting, "; ")
end
return health
"""

# By the condition Ready, which stands over all others; Stopped is False on every service that is meant to run.
INFERENCE_SERVICE_HEALTH: Final = (
    """\
local health = { status = "Progressing", message = "waiting for KServe" }
local status = obj.status or {}
local model = status.modelStatus or {}
local ready = nil
local waiting = {}

for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Stopped" then
    if condition.status == "True" then
      return { status = "Suspended", message = "stopped" }
    end
  elseif condition.type == "Ready" then
    ready = condition.status
  end
  if condition.type ~= "Stopped" and condition.status ~= "True" then
"""
    + _TELL
    + """
if obj.metadata ~= nil and obj.metadata.deletionTimestamp ~= nil then
  health.message = "being deleted"
elseif model.transitionStatus == "InvalidSpec" or model.transitionStatus == "BlockedByFailedLoad" then
  health.status = "Degraded"
  health.message = model.transitionStatus
  if (model.lastFailureInfo or {}).message ~= nil then
    health.message = health.message .. ": " .. model.lastFailureInfo.message
  end
elseif ready == "True" and model.transitionStatus == "InProgress" then
  health.message = "the new revision is loading"
"""
    + _VERDICT
)

# What cannot be composed stays so until somebody changes it; a workload or route that is not ready may become so.
LLM_INFERENCE_SERVICE_HEALTH: Final = (
    """\
local health = { status = "Progressing", message = "waiting for KServe" }
local status = obj.status or {}
local metadata = obj.metadata or {}
local ready = nil
local composed = nil
local waiting = {}

for _, condition in ipairs(status.conditions or {}) do
  if condition.status ~= "True" and condition.reason == "Stopped" then
    return { status = "Suspended", message = "stopped" }
  end
  if condition.type == "Ready" then
    ready = condition.status
  elseif condition.type == "PresetsCombined" then
    composed = condition
  end
  if condition.type ~= "Ready" and condition.status ~= "True" then
"""
    + _TELL
    + """
if metadata.deletionTimestamp ~= nil then
  health.message = "being deleted"
elseif status.observedGeneration ~= nil and metadata.generation ~= nil
    and status.observedGeneration < metadata.generation then
  health.message = "KServe has not seen the last change yet"
elseif composed ~= nil and composed.status == "False" then
  health.status = "Degraded"
  health.message = table.concat(waiting, "; ")
"""
    + _VERDICT
)


def health_checks(version: ArgoVersion) -> dict[str, str]:
    """Return, by `group_Kind`, the scripts that a release of Argo CD has to be given."""
    checks = {"argoproj.io_Application": APPLICATION}
    if version < _KNOWS_STOPPED:
        checks["serving.kserve.io_InferenceService"] = INFERENCE_SERVICE_HEALTH
    if version < _KNOWS_LLM:
        checks["serving.kserve.io_LLMInferenceService"] = LLM_INFERENCE_SERVICE_HEALTH
    return checks


def build_health_checks(settings: ArgoSettings) -> JsonObject:
    """Build the part of `argocd-cm`. It depends on the release alone, so environments on one Argo CD agree on it."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "argocd-cm",
            "namespace": settings.namespace,
            "labels": {"app.kubernetes.io/part-of": "argocd"},
        },
        "data": {
            f"resource.customizations.health.{name}": script for name, script in health_checks(settings.version).items()
        },
    }
