"""An object in; findings out where a container has an environment variable without a name or with two values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.build.resource import Resource
from kservegen.diagnostics import Finding, RuleMeta
from kservegen.rules.base import Context, Rule
from kservegen.rules.stage import Stage
from kservegen.rules.view import containers_of

STAGE: Final = Stage.DEPLOYMENT

META: Final = RuleMeta(
    id="kubernetes/env-name",
    title="An environment variable has no name, an impossible one, or two sources of its value",
    why="The Deployment that the controller makes of the object is refused. Digits in front and spaces are fine, "
    "an equals sign is not.",
    fix="Give the variable a name, and either value or valueFrom.",
    bad='env: [{name: "", value: x}]',
    good="env: [{name: HF_HOME, value: /cache}]",
    upstream=("kserve rules, section 12", "k8s.io/kubernetes pkg/apis/core/validation/validation.go"),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    for at in containers_of(resource):
        variables = at.container.get("env")
        if not isinstance(variables, list):
            continue
        for index, variable in enumerate(variables):
            if not isinstance(variable, dict):
                continue
            path = (*at.path, "env", index)
            name = variable.get("name")
            if not name:
                yield Finding(rule=META.id, path=path, message="an environment variable has no name", hint=META.fix)
            elif isinstance(name, str) and not _is_printable(name):
                message = f"{name!r} cannot name an environment variable"
                allowed = "printable ASCII characters except '='"
                yield Finding(
                    rule=META.id, path=(*path, "name"), message=message, hint=META.fix, seen=name, allowed=allowed
                )
            if variable.get("value") and variable.get("valueFrom"):
                message = f"{name!s} has both value and valueFrom"
                yield Finding(rule=META.id, path=(*path, "valueFrom"), message=message, hint=META.fix, at_key=True)


def _is_printable(name: str) -> bool:
    return name.isascii() and name.isprintable() and "=" not in name


RULE: Final = Rule(meta=META, check=check)
