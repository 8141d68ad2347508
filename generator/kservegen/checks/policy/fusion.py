"""Policies with their parameters in, one program out that tells whether an object passes all of them.

What several of them define alike is computed once; what follows from parameters alone, once for all objects. The
program is no other judge: it is made of the policies' own expressions, run by the same interpreter, and says no more
than that every one of them comes to true. Whatever else it comes to, each policy is asked by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from kservegen.checks.policy.compile import VARIABLES, CompiledPolicy, whole_text
from kservegen.checks.policy.evaluate import CREATION
from kservegen.core.jsontypes import JsonObject
from kservegen.formats.cel.engine import CelEngine, Program, engine
from kservegen.formats.cel.outcome import CompileError
from kservegen.formats.cel.rewrite import join_quantities
from kservegen.formats.cel.source import compose, variable_names

_PARAMETERS: Final = "parameters"

Fused: TypeAlias = tuple[CompiledPolicy, JsonObject | None]


class Fusion(Struct, frozen=True):
    """Policies in one program, which finds the parameters of each by its place, and behind these what follows."""

    program: Program
    engine: CelEngine
    parameters: list[object]

    def passes(self, shown: JsonObject) -> bool:
        """Whether an object that is created, cut to what they read, passes every policy for certain."""
        values = {"object": shown, "oldObject": None, "request": CREATION, "namespaceObject": None}
        scope = self.engine.scope({**values, _PARAMETERS: self.parameters}, on_wire=False)
        return self.program.evaluate(scope) is True


def fuse(members: Sequence[Fused]) -> Fusion | None:
    """Compile policies in one; None where they are too deep together."""
    tally = Counter(variable.text for policy, _ in members for variable in policy.policy.variables)
    alike = [text for text, number in tally.items() if number > 1 and _is_free(text)]
    shared = {text: f"shared_{index}" for index, text in enumerate(alike)}
    fused = engine((*VARIABLES, _PARAMETERS))
    parameters: list[object] = [params for _, params in members]
    wholes = []
    for index, (policy, _) in enumerate(members):
        names = {each.name: shared.get(each.text, each.text) for each in policy.policy.variables}
        for name, value in _follow(policy, index, fused, parameters).items():
            names[name] = f"{_PARAMETERS}[{len(parameters)}]"
            parameters.append(value)
        wholes.append(compose(whole_text(policy.policy), names, _aliases(policy, index)).text)
    together = compose(" && ".join(wholes), {}, {name: text for text, name in shared.items()})
    program = fused.link(replace(together, text=join_quantities(together.text)), is_sound=True)
    return None if isinstance(program, CompileError) else Fusion(program, fused, parameters)


def _aliases(policy: CompiledPolicy, index: int) -> dict[str, str]:
    return {"params": f"{_PARAMETERS}[{index}]"} if policy.policy.takes_params else {}


def _follow(policy: CompiledPolicy, index: int, fused: CelEngine, parameters: list[object]) -> dict[str, object]:
    """Compute the variables of a policy that are made of its parameters alone; none where one of them has no value."""
    found = {each.name: each.text for each in policy.policy.variables if _is_of_params(each.text)}
    if not found:
        return {}
    listed = ", ".join(f"dyn(\n{text}\n)" for text in found.values())
    program = fused.link(compose(f"[{listed}]", {}, _aliases(policy, index)), is_sound=True)
    scope = fused.scope({_PARAMETERS: parameters}, on_wire=False)
    values = None if isinstance(program, CompileError) else program.evaluate(scope)
    if not isinstance(values, list):
        return {}
    return {name: value for name, value in zip(found, values, strict=True) if _is_text(value)}


def _is_free(text: str) -> bool:
    """Whether a definition means the same in every policy: it is made of the request alone."""
    return not _roots(text) & {"variables", "params"}


def _is_of_params(text: str) -> bool:
    """Whether a definition is made of parameters alone, whatever the request."""
    return "params" in (roots := _roots(text)) and not roots & {"variables", *VARIABLES}


def _roots(text: str) -> set[str]:
    return {name.partition(".")[0] for name in variable_names(text)}


def _is_text(value: object) -> bool:
    """Whether a value is a text or lists texts: these come back from Python as what they were."""
    return all(isinstance(each, str) for each in (value if isinstance(value, list) else [value]))
