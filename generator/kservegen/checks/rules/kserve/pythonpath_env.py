"""A service or runtime in; findings out where a container sets PYTHONPATH."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.kserve._env import variable
from kservegen.checks.rules.kserve._multi_node import KINDS, RUNTIMES, is_disabled
from kservegen.checks.rules.stage import Stage
from kservegen.checks.rules.view import containers_of
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import text
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/pythonpath-env",
    title="A container sets PYTHONPATH",
    why="Whoever sets it decides which code the model server imports, so KServe's webhook refuses it in every "
    "container of an InferenceService, and in the serving and worker containers of a runtime.",
    fix="Install the packages in the image, or set PYTHONPATH in the image itself.",
    bad="predictor: {model: {modelFormat: {name: sklearn}, env: [{name: PYTHONPATH, value: /x}]}}",
    good="predictor: {model: {modelFormat: {name: sklearn}, env: [{name: PYTHONUNBUFFERED, value: '1'}]}}",
    upstream=(
        "ISVC-03",
        "ISVC-04",
        "ISVC-05",
        "ISVC-06",
        "ISVC-07",
        "SR-11",
        "SR-12",
        "pkg/validation/env_policy.go",
    ),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    if is_disabled(resource):
        return
    for at in containers_of(resource):
        index = variable(at.container, "PYTHONPATH")
        # A runtime's init containers are not looked at.
        if index is not None and not (at.init and resource.kind in RUNTIMES):
            name = text(at.container.get("name"))
            yield Finding(
                rule=META.id,
                path=(*at.path, "env", index),
                message=f'setting PYTHONPATH in container "{name}" is not allowed for security reasons',
                hint=META.fix,
                seen="PYTHONPATH",
            )


RULE: Final = Rule(meta=META, check=check, kinds=KINDS)
