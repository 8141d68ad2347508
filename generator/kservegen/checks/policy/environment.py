"""The policies of one environment: bound once, and rendered for the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.policy.binding import BREAK_GLASS, NAMESPACE, Bindings, bind_policies
from kservegen.checks.policy.files import PolicyFiles
from kservegen.checks.policy.objects import acts, policy_objects, with_waivers
from kservegen.checks.waivers.model import read_waivers
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.document import mapping
from kservegen.core.jsontypes import format_path
from kservegen.core.manual import by_manual
from kservegen.core.resource import Resource


def bind_environment(environment: ResolvedEnvironment, files: PolicyFiles) -> Bindings:
    """Bind what the environment asks for, with everything that is wrong in the files and in the bindings."""
    found = bind_policies(
        files.policies,
        environment.mapping("policies"),
        locate=lambda path: environment.locate(("policies", *path)),
        compiled=files.compiled,
    )
    own = (*found.diagnostics, *_broken_glass(environment), *_out_of_reach(environment, found))
    here = (replace(diagnostic, environments=(environment.name,)) for diagnostic in own)
    return replace(found, diagnostics=(*files.diagnostics, *here))


def rendered(environment: ResolvedEnvironment, bindings: Bindings) -> tuple[Resource, ...]:
    """Return the objects for the cluster; by default where a GitOps engine syncs the environment."""
    wanted = environment.at("policies", "render")
    synced = environment.text("gitops", "engine", default="none") != "none"
    if not (synced if wanted is None else wanted):
        return ()
    namespace = environment.text("policies", "namespace", default=NAMESPACE)
    return policy_objects(with_waivers(bindings.bindings, _waived(environment), namespace))


def _waived(environment: ResolvedEnvironment) -> dict[str, set[str]]:
    """Name the objects that the environment's waivers are for, by policy, whatever the day."""
    found: dict[str, set[str]] = {}
    for waiver in read_waivers(environment.mapping("waivers"), environment.entries):
        objects = {f"{e.info.kind}/{e.namespace}/{e.name}" for e in environment.entries if e.key in waiver.keys}
        for area, _, policy in (rule.partition("/") for rule in waiver.rule_ids):
            if area == "policy" and objects:
                found.setdefault(policy, set()).update(objects)
    return found


def _out_of_reach(environment: ResolvedEnvironment, bindings: Bindings) -> Iterator[Diagnostic]:
    """Tell of waivers that hold here and not in the cluster."""
    waived = _waived(environment)
    for binding in bindings.bindings:
        if binding.policy.name in waived and not acts(binding):
            path = ("policies", "bindings", binding.name)
            yield by_manual(
                "policy/waiver-out-of-reach",
                f"the cluster will refuse what is waived of {binding.policy.name}",
                environment.locate(path),
                path=format_path(path),
            )


def _broken_glass(environment: ResolvedEnvironment) -> Iterator[Diagnostic]:
    """Tell of namespaces that no policy guards for the time being."""
    label = environment.at("policies", "breakGlassLabel")
    name = label if isinstance(label, str) else BREAK_GLASS
    for namespace, value in environment.mapping("namespaces").items():
        if name in mapping(mapping(value).get("labels")):
            path = ("namespaces", namespace, "labels", name)
            yield by_manual(
                "policy/break-glass",
                f"no policy guards namespace {namespace}: it carries the break-glass label",
                environment.locate(path),
                path=format_path(path),
                seen=name,
            )
