"""An environment's `policies.bindings` in, policies ready to judge objects out, with what is wrong in the bindings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from kservegen.diagnostics import Diagnostic, Severity
from kservegen.document import mapping, sequence
from kservegen.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.policy.compile import Compiled, compile_policy, texts
from kservegen.policy.manual import BINDING
from kservegen.policy.model import Locate, Policy
from kservegen.policy.params import config_map, read_keys

_SEVERITIES: Final = {"Deny": Severity.ERROR, "Warn": Severity.WARNING, "Audit": Severity.INFO}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A policy in force: what a violation weighs, and the ConfigMap that it sees (None without paramKind)."""

    compiled: Compiled
    severity: Severity
    params: JsonObject | None

    @property
    def name(self) -> str:
        """The policy's name."""
        return self.compiled.policy.name


def bind(
    policies: Iterable[Policy], bindings: Mapping[str, JsonValue], *, locate: Locate
) -> tuple[tuple[Bound, ...], tuple[Diagnostic, ...]]:
    """Compile the policies that are bound; `locate` places paths below `policies.bindings` of the environment."""
    known = {policy.name: policy for policy in policies}
    bound: list[Bound] = []
    diagnostics: list[Diagnostic] = []
    for name, value in bindings.items():
        if value is None:
            continue
        policy = known.get(name)
        problems = list(_problems(name, mapping(value), policy, known))
        diagnostics += [_diagnostic(problem, locate) for problem in problems]
        if policy is None or problems:
            continue
        compiled, broken = compile_policy(policy)
        diagnostics += broken
        if compiled is not None:
            bound.append(_bound(compiled, mapping(value)))
    return tuple(bound), tuple(diagnostics)


@dataclass(frozen=True, slots=True)
class _Problem:
    path: Path
    message: str
    allowed: str = ""
    hint: str = ""


def _problems(name: str, binding: JsonObject, policy: Policy | None, known: Mapping[str, Policy]) -> Iterator[_Problem]:
    if policy is None:
        yield _Problem((name,), f"no policy is called {name}", ", ".join(sorted(known)), _guess(name, known))
        return
    actions = sequence(binding.get("actions"))
    if not actions or not all(action in _SEVERITIES for action in actions):
        yield _Problem((name, "actions"), f"policy {name} needs an action", ", ".join(_SEVERITIES))
    elif "Deny" in actions and "Warn" in actions:
        yield _Problem((name, "actions"), f"policy {name} cannot both Deny and Warn: the warning would be said twice")
    params = mapping(binding.get("params"))
    if params:
        yield from _param_problems(name, params, policy)


def _param_problems(name: str, params: JsonObject, policy: Policy) -> Iterator[_Problem]:
    path: Path = (name, "params")
    if not policy.takes_params:
        yield _Problem(path, f"policy {name} takes no parameters: it has no paramKind")
        return
    keys = read_keys(texts(policy).values())
    for key in params:
        if keys and key not in keys:
            allowed = ", ".join(sorted(keys))
            yield _Problem((*path, key), f"policy {name} reads no parameter {key}", allowed, _guess(key, keys))
    try:
        config_map(name, params)
    except ValueError as error:
        yield _Problem(path, f"policy {name}: {error}")


def _guess(name: str, known: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415 - only a mistake pays for it

    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f"Did you mean {near[0]}?" if near else BINDING.fix


def _diagnostic(problem: _Problem, locate: Locate) -> Diagnostic:
    return Diagnostic(
        rule=BINDING.id,
        severity=BINDING.severity,
        message=problem.message,
        location=locate(problem.path),
        path=format_path(("policies", "bindings", *problem.path)),
        hint=problem.hint or BINDING.fix,
        allowed=problem.allowed,
    )


def _bound(compiled: Compiled, binding: JsonObject) -> Bound:
    policy = compiled.policy
    severities = [_SEVERITIES[str(action)] for action in sequence(binding.get("actions"))]
    return Bound(
        compiled=compiled,
        severity=min(severities, key=lambda severity: severity.rank),
        params=config_map(policy.name, mapping(binding.get("params"))) if policy.takes_params else None,
    )
