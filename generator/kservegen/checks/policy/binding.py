"""An environment's `policies` in, policies ready to check objects out, with what is wrong in the bindings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final, TypeAlias

from msgspec import Struct, field

from kservegen.catalog.sections import KSERVE_NAMESPACE
from kservegen.checks.policy.compile import CompiledPolicy, compile_policy, expression_texts
from kservegen.checks.policy.constraints import read_constraints, read_selector
from kservegen.checks.policy.model import Constraints, LocateText, Policy, SelectorRequirement
from kservegen.checks.policy.params import ParamRef, param_object, read_keys
from kservegen.core.diagnostics import Diagnostic, Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.manual import by_manual
from kservegen.core.names import subdomain_error
from kservegen.core.suggest import did_you_mean

BREAK_GLASS: Final = "policies.kservegen.io/break-glass"

_SEVERITIES: Final = {"Deny": Severity.ERROR, "Warn": Severity.WARNING, "Audit": Severity.INFO}
_WORDS: Final = ("actions", "policyName", "params", "paramRef", "matchResources")

PolicyCompilation: TypeAlias = tuple[CompiledPolicy | None, tuple[Diagnostic, ...]]


class Binding(Struct, frozen=True, kw_only=True, dict=True):
    """A binding as an environment writes it, read and found sound.

    `params` is the object that is rendered for it, `param_ref` what it refers to: that object, or others.
    """

    name: str
    policy: Policy
    actions: tuple[str, ...]
    constraints: Constraints
    match_resources: JsonObject
    param_ref: ParamRef | None = None
    params: JsonObject | None = None

    @cached_property
    def severity(self) -> Severity:
        """What a violation weighs: its heaviest action."""
        return min((_SEVERITIES[action] for action in self.actions), key=lambda severity: severity.rank)


class Bound(Struct, frozen=True, kw_only=True):
    """A policy in force. `pool` holds the objects that parameters are chosen from."""

    compiled: CompiledPolicy
    binding: Binding
    pool: tuple[JsonObject, ...] = ()

    @property
    def name(self) -> str:
        """The policy's name."""
        return self.compiled.policy.name

    @property
    def severity(self) -> Severity:
        """What a violation weighs."""
        return self.binding.severity


class Bindings(Struct, frozen=True, kw_only=True):
    """What an environment binds: everything that is rendered, what of it can be evaluated here, and what is wrong."""

    bindings: tuple[Binding, ...] = ()
    bound: tuple[Bound, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def bind_policies(
    policies: Iterable[Policy],
    words: Mapping[str, JsonValue],
    *,
    locate: LocateText,
    compiled: dict[str, PolicyCompilation] | None = None,
) -> Bindings:
    """Read and compile what is bound; `words` are the environment's `policies`, `locate` places paths below them.

    `compiled` keeps what was compiled, by name, for the next environment with the same policies.
    """
    known = {policy.name: policy for policy in policies}
    reader = _Reader(known, words, locate)
    bindings = tuple(filter(None, (reader.binding(*item) for item in mapping(words.get("bindings")).items())))
    pool = tuple(binding.params for binding in bindings if binding.params is not None)
    for binding in bindings:
        reader.check_reference(binding, pool)
    bound: list[Bound] = []
    compiled = {} if compiled is None else compiled
    for policy in {binding.policy.name: binding.policy for binding in bindings}.values():
        if policy.name not in compiled:
            compiled[policy.name] = compile_policy(policy)
        reader.diagnostics.extend(compiled[policy.name][1])
    for binding in bindings:
        program, _ = compiled[binding.policy.name]
        if program is not None:
            bound.append(Bound(compiled=program, binding=binding, pool=pool))
    return Bindings(bindings=bindings, bound=tuple(bound), diagnostics=tuple(reader.diagnostics))


class _Reader(Struct, frozen=True):
    known: Mapping[str, Policy]
    words: Mapping[str, JsonValue]
    locate: LocateText
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def binding(self, name: str, value: JsonValue) -> Binding | None:
        if value is None:
            return None
        before = len(self.diagnostics)
        binding = mapping(value)
        at: Path = ("bindings", name)
        policy = self._policy(name, binding)
        if policy is None:
            return None
        if reason := subdomain_error(name):
            self.report(at, f"the name of the binding cannot be used: {reason}", seen=name)
        for word in sorted(binding.keys() - set(_WORDS)):
            self.report((*at, word), f"a binding has no word {word}", allowed=", ".join(_WORDS))
        actions = self._actions(name, binding)
        constraints, resources = self._match(binding, at)
        reference, params = self._params(name, binding, policy)
        if len(self.diagnostics) > before:
            return None
        return Binding(
            name=name,
            policy=policy,
            actions=actions,
            constraints=constraints,
            match_resources=resources,
            param_ref=reference,
            params=params,
        )

    def report(self, path: Path, message: str, *, seen: str = "", allowed: str = "", hint: str = "") -> None:
        self.diagnostics.append(
            by_manual(
                "policy/binding",
                message,
                self.locate(path),
                path=format_path(("policies", *path)),
                hint=hint,
                seen=seen,
                allowed=allowed,
            )
        )

    def _policy(self, name: str, binding: JsonObject) -> Policy | None:
        wanted = text(binding.get("policyName")) or name
        policy = self.known.get(wanted)
        if policy is None:
            path: Path = ("bindings", name, "policyName") if "policyName" in binding else ("bindings", name)
            allowed, hint = ", ".join(sorted(self.known)), did_you_mean(wanted, self.known, cutoff=0.7)
            self.report(path, f"no policy is called {wanted}", allowed=allowed, hint=hint)
        return policy

    def _actions(self, name: str, binding: JsonObject) -> tuple[str, ...]:
        actions = sequence(binding.get("actions"))
        at: Path = ("bindings", name, "actions")
        if not actions or not all(text(action) in _SEVERITIES for action in actions):
            self.report(at, f"policy {name} needs an action", allowed=", ".join(_SEVERITIES))
            return ()
        if "Deny" in actions and "Warn" in actions:
            self.report(at, f"policy {name} cannot both Deny and Warn: the warning would be said twice")
        return tuple(str(action) for action in actions)

    def _match(self, binding: JsonObject, at: Path) -> tuple[Constraints, JsonObject]:
        """Read matchResources, and add the way out: a namespace with the break-glass label is left alone."""
        resources = mapping(binding.get("matchResources"))
        label = self.words.get("breakGlassLabel", BREAK_GLASS)
        if isinstance(label, str) and label:
            selector = mapping(resources.get("namespaceSelector"))
            exempt: JsonObject = {"key": label, "operator": "DoesNotExist"}
            expressions = [*sequence(selector.get("matchExpressions")), exempt]
            resources = {**resources, "namespaceSelector": {**selector, "matchExpressions": expressions}}
        return read_constraints(resources, (*at, "matchResources"), self.report, binding=True), resources

    def _params(self, name: str, binding: JsonObject, policy: Policy) -> tuple[ParamRef | None, JsonObject | None]:
        at: Path = ("bindings", name)
        params, written = mapping(binding.get("params")), mapping(binding.get("paramRef"))
        if policy.param_kind is None:
            for word in ("params", "paramRef"):
                if binding.get(word):
                    self.report((*at, word), f"policy {name} takes no parameters: it has no paramKind")
            return None, None
        self._check_keys(name, params, policy)
        selector = self._selector(written, (*at, "paramRef"))
        namespaced = policy.param_kind.is_config_map and not written
        reference = ParamRef(
            kind=policy.param_kind,
            name=text(written.get("name")) or ("" if "selector" in written else f"policy-{name}"),
            namespace=text(written.get("namespace"))
            or (text(self.words.get("namespace")) or KSERVE_NAMESPACE if namespaced else ""),
            selector=selector,
            denies_absence=written.get("parameterNotFoundAction", "Deny") == "Deny",
        )
        if (written and not params) or "selector" in written:
            return reference, None
        try:
            return reference, param_object(policy.param_kind, reference.name, reference.namespace, params)
        except ValueError as error:
            self.report((*at, "params"), f"policy {name}: {error}")
            return None, None

    def _selector(self, written: JsonObject, at: Path) -> tuple[SelectorRequirement, ...]:
        if "selector" in written and "name" in written:
            self.report(at, "name and selector are mutually exclusive")
        return read_selector(written.get("selector"), (*at, "selector"), self.report)

    def _check_keys(self, name: str, params: JsonObject, policy: Policy) -> None:
        if policy.param_kind is None or not policy.param_kind.is_config_map:
            return
        keys = read_keys(expression_texts(policy).values())
        for key in params:
            if keys and key not in keys:
                path: Path = ("bindings", name, "params", key)
                message = f"policy {name} reads no parameter {key}"
                self.report(path, message, allowed=", ".join(sorted(keys)), hint=did_you_mean(key, keys, cutoff=0.7))

    def check_reference(self, binding: Binding, pool: tuple[JsonObject, ...]) -> None:
        """Report a reference to what no binding renders: what the cluster holds beside that is not known."""
        reference = binding.param_ref
        if reference is None or not (reference.namespace or binding.params is None):
            return
        namespaces = [reference.namespace] if reference.namespace else [_namespace(doc) for doc in pool]
        if any(reference.choose(pool, namespace) for namespace in namespaces or [""]):
            return
        wanted = reference.name or "by that selector"
        message = f"no params found: {reference.kind.kind} {wanted} is rendered by no binding of this environment"
        self.report(("bindings", binding.name, "paramRef"), message, hint="Give the binding params of its own.")


def _namespace(doc: JsonObject) -> str:
    return text(mapping(doc.get("metadata")).get("namespace"))
