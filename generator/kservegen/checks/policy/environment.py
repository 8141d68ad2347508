"""The policies of one environment: bound once, and rendered for the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.checks.policy.binding import BREAK_GLASS, Bindings, bind_policies
from kservegen.checks.policy.files import PolicyFiles
from kservegen.checks.policy.load import ANNOTATION
from kservegen.checks.policy.model import Policy
from kservegen.checks.policy.objects import acts, policy_objects, with_waivers
from kservegen.checks.waivers.model import read_waivers
from kservegen.core.diagnostics import Diagnostic
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.manual import by_manual
from kservegen.core.resource import Resource


def bind_environment(environment: ResolvedEnvironment, files: PolicyFiles) -> Bindings:
    """Bind what the environment asks for, with everything that is wrong in the files and in the bindings."""
    bindings = environment.mapping("policies", "bindings")
    policies = files.among(text(mapping(words).get("policyName")) or name for name, words in bindings.items())
    found = bind_policies(
        policies,
        _with_licences(environment, policies),
        locate=lambda path: environment.locate(("policies", *path)),
        compiled=files.compiled,
    )
    own = (*found.diagnostics, *_broken_glass(environment), *_out_of_reach(environment, found))
    here = (replace(diagnostic, environments=(environment.name,)) for diagnostic in own)
    return replace(found, diagnostics=(*files.diagnostics, *here))


def _with_licences(environment: ResolvedEnvironment, policies: Iterable[Policy]) -> JsonObject:
    """Return the environment's `policies` with a namespace for parameters, and the licences of its lock.

    Those go into the parameter that a policy asks for them. No object has a licence, so both the engine here and the
    cluster read them there. What a binding states itself, or takes from elsewhere, stays.
    """
    words: JsonObject = {"namespace": environment.kserve_namespace, **environment.mapping("policies")}
    wanting = {policy.name: name for policy in policies if (name := _lock_parameter(policy))}
    bindings = mapping(words.get("bindings"))
    licences = _licences(environment)
    filled: JsonObject = {}
    for name, value in bindings.items() if licences else ():
        binding, parameter = mapping(value), wanting.get(text(mapping(value).get("policyName")) or name)
        params = mapping(binding.get("params"))
        if parameter and binding and parameter not in params and (params or not binding.get("paramRef")):
            filled[name] = {**binding, "params": {**params, parameter: licences}}
    return {**words, "bindings": {**bindings, **filled}} if filled else words


def _lock_parameter(policy: Policy) -> str:
    return text(mapping(mapping(policy.source.doc.get("metadata")).get("annotations")).get(f"{ANNOTATION}lock"))


def _licences(environment: ResolvedEnvironment) -> str:
    """Write a line for each address of the lock whose licence is known; one with a blank could not be read back."""
    known = ((uri, text(mapping(entry).get("license"))) for uri, entry in sorted(environment.locked.items()))
    return "\n".join(
        f"{uri} {' '.join(licence.split())}" for uri, licence in known if licence.split() and not uri.split()[1:]
    )


def rendered(environment: ResolvedEnvironment, bindings: Bindings) -> tuple[Resource, ...]:
    """Return the objects for the cluster; by default where a GitOps engine syncs the environment."""
    wanted = environment.at("policies", "render")
    synced = environment.text("gitops", "engine", default="none") != "none"
    if not (synced if wanted is None else wanted):
        return ()
    namespace = environment.text("policies", "namespace", default=environment.kserve_namespace)
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
