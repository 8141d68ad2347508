"""A group of nodes keeps its models where KServe's agent does not write them.

The agent of the charts writes to /models of its node, which no value changes. A volume at another path is empty: pods
start without the model.

Fix: Use the path /models.
Severity: warning
Bad:
    persistentVolumeSpec: {local: {path: /data/models}}
Good:
    persistentVolumeSpec: {local: {path: /models}}
Upstream: charts/kserve-localmodel-resources, DaemonSet kserve-localmodelnode-agent
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, text

_AGENT: Final = "/models"


@rule(Stage.RUN, "LocalModelNodeGroup")
def check(resource: Resource, _context: Context) -> Problems:
    volume = mapping(mapping(resource.doc.get("spec")).get("persistentVolumeSpec"))
    for kind in ("local", "hostPath"):
        path = text(mapping(volume.get(kind)).get("path"))
        if path and path.rstrip("/") != _AGENT:
            at = ("spec", "persistentVolumeSpec", kind, "path")
            yield Problem(at, f"KServe's agent writes models to {_AGENT}, not to {path}", seen=path, allowed=_AGENT)
