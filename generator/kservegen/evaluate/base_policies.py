"""An environment of a change and its base in; violations of policies that the change itself unbinds or loosens out.

Who may loosen a policy and break it in one change has none. So objects are held against what the base binds, too: its
bindings with their parameters, its policy files, the labels that its namespaces have, those of Pod Security among them.
What the change binds anew counts as always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from kservegen.checks.policy.binding import BREAK_GLASS
from kservegen.checks.policy.checker import PolicyChecker, PolicyPasses
from kservegen.checks.policy.environment import bind_environment
from kservegen.checks.policy.files import PolicyFiles
from kservegen.checks.policy.made import MadePolicies
from kservegen.checks.policy.model import Policy
from kservegen.checks.rules.base import Context
from kservegen.checks.runner import Checker, ObjectFinding
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource, ResourceId
from kservegen.evaluate.base import BaseRevision
from kservegen.kserve.defaulting import Defaulted
from kservegen.kubernetes.pod_security import LEVEL_LABEL
from kservegen.render.objects.environment import BuiltEnvironment

_POD_SECURITY: Final = "kubernetes/pod-security"
_LABELS: Final = "The base labels the namespace so; another level counts from the change after this one on."
_HINT: Final = "The base binds this policy so; what loosens it counts from the change after this one on."


def violations_at_base(
    built: BuiltEnvironment,
    objects: Iterable[Defaulted],
    base: BaseRevision,
    files: Callable[[], PolicyFiles],
    found: Sequence[ObjectFinding],
    context: Context,
) -> Iterator[ObjectFinding]:
    """Yield the errors of policies as the base binds them, beyond those `found` as the change does.

    `files` are the policies of the work tree. Nothing is evaluated where policies and namespaces are as they were.
    """
    environment = built.environment
    words = base.words_of(environment.name, environment.source.bases)
    same_words = all(environment.mapping(word) == mapping(words.get(word)) for word in ("policies", "namespaces"))
    if not mapping(mapping(words.get("policies")).get("bindings")):
        return
    if same_words and _judge_alike(base.policies.own, files().own):
        return
    then = replace(environment, value={**environment.value, "policies": words["policies"]})
    bindings = bind_environment(then, base.policies)
    namespaces = _namespaces(built, words)
    checker = PolicyChecker(bindings.bound, namespaces, PolicyPasses())
    of_made = MadePolicies(bindings.bound, namespaces)
    known = {(finding.rule, resource.id) for resource, finding in found if finding.severity is Severity.ERROR}
    for item in objects:
        for finding in (*checker.check(item), *of_made.violations(item.resource, context)):
            if finding.severity is Severity.ERROR and (finding.rule, item.resource.id) not in known:
                yield item.resource, replace(finding, hint=f"{finding.hint} {_HINT}".lstrip())


def _judge_alike(before: Sequence[Policy], now: Sequence[Policy]) -> bool:
    """Whether policies are the same ones, wherever they were read."""
    pairs = zip(before, now, strict=False)
    return len(before) == len(now) and all(replace(old, source=new.source) == new for old, new in pairs)


def pods_forbidden_at_base(
    objects: Sequence[Defaulted], context: Context, words: JsonObject, checker: Checker
) -> Iterator[ObjectFinding]:
    """Yield what Pod Security forbids by the labels that namespaces have at the base; `words` are the base's."""
    names = mapping(words.get("namespaces"))
    before = {ResourceId("Namespace", "", name): _levels(mapping(value)) for name, value in names.items()}
    now = {key: resource.doc for key in before if (resource := context.resources.get(key)) is not None}
    if all(_levels(mapping(now.get(key, {}).get("metadata"))) == level for key, level in before.items()):
        return
    then = {
        key: Resource(id=key, api_version="v1", doc={"metadata": {"name": key.name, "labels": labels}}, file="")
        for key, labels in before.items()
    }
    around = replace(context, resources={**context.resources, **then}, old={})
    for found in checker.made(objects, [()] * len(objects), around):
        for resource, finding in found:
            if finding.rule == _POD_SECURITY:
                yield resource, replace(finding, hint=f"{finding.hint} {_LABELS}".lstrip())


def _levels(metadata: JsonObject) -> JsonObject:
    """Return the labels of Pod Security."""
    return {name: value for name, value in mapping(metadata.get("labels")).items() if name.startswith(LEVEL_LABEL)}


def _namespaces(built: BuiltEnvironment, words: JsonObject) -> dict[str, JsonObject]:
    """Return the namespaces as policies select them: with the base's labels, and no new one out of their reach."""
    before = mapping(words.get("namespaces"))
    found: dict[str, JsonObject] = {}
    for resource in built.own:
        if resource.id.kind == "Namespace":
            name, metadata = resource.id.name, mapping(resource.doc.get("metadata"))
            labels = mapping(mapping(before.get(name)).get("labels") if name in before else metadata.get("labels"))
            if name not in before:
                labels = {key: value for key, value in labels.items() if key != _break_glass(words)}
            found[name] = {**resource.doc, "metadata": {**metadata, "labels": labels}}
    return found


def _break_glass(words: JsonObject) -> str:
    label = mapping(words.get("policies")).get("breakGlassLabel")
    return label if isinstance(label, str) else BREAK_GLASS
