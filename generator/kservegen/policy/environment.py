"""The policies of one environment: bound once, and rendered for the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kservegen.build.resource import Resource
from kservegen.diagnostics import Diagnostic
from kservegen.document import mapping
from kservegen.jsontypes import format_path
from kservegen.policy.binding import BREAK_GLASS, Bindings, bind
from kservegen.policy.files import PolicyFiles
from kservegen.policy.manual import BROKEN_GLASS
from kservegen.policy.objects import policy_objects
from kservegen.resolve import ResolvedEnvironment


def bind_environment(environment: ResolvedEnvironment, files: PolicyFiles) -> Bindings:
    """Bind what the environment asks for, with everything that is wrong in the files and in the bindings."""
    found = bind(
        files.policies,
        environment.mapping("policies"),
        locate=lambda path: environment.locate(("policies", *path)),
        compiled=files.compiled,
    )
    own = (*found.diagnostics, *_broken_glass(environment))
    here = (replace(diagnostic, environments=(environment.name,)) for diagnostic in own)
    return replace(found, diagnostics=(*files.diagnostics, *here))


def rendered(environment: ResolvedEnvironment, bindings: Bindings) -> tuple[Resource, ...]:
    """Return the objects for the cluster; by default where a GitOps engine syncs the environment."""
    wanted = environment.at("policies", "render")
    synced = environment.text("gitops", "engine", default="none") != "none"
    return policy_objects(bindings.bindings) if (synced if wanted is None else wanted) else ()


def _broken_glass(environment: ResolvedEnvironment) -> Iterator[Diagnostic]:
    """Tell of namespaces that no policy guards for the time being."""
    label = environment.at("policies", "breakGlassLabel")
    name = label if isinstance(label, str) else BREAK_GLASS
    for namespace, value in environment.mapping("namespaces").items():
        if name in mapping(mapping(value).get("labels")):
            path = ("namespaces", namespace, "labels", name)
            yield Diagnostic(
                rule=BROKEN_GLASS.id,
                severity=BROKEN_GLASS.severity,
                message=f"no policy guards namespace {namespace}: it carries the break-glass label",
                location=environment.locate(path),
                path=format_path(path),
                hint=BROKEN_GLASS.fix,
                seen=name,
            )
