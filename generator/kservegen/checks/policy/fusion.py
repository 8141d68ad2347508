"""Policies with their parameters in, one program out that tells whether an object passes all of them.

What several of them define alike is computed once. The program is no other judge: it is made of the policies' own
expressions, run by the same interpreter, and says no more than that every one of them comes to true. Whatever else it
comes to, each policy is asked by itself.
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
    """Policies in one program, which finds the parameters of each by its place."""

    program: Program
    engine: CelEngine
    parameters: list[JsonObject | None]

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
    wholes = [_bound(policy, index, shared) for index, (policy, _) in enumerate(members)]
    fused = engine((*VARIABLES, _PARAMETERS))
    together = compose(" && ".join(wholes), {}, {name: text for text, name in shared.items()})
    program = fused.link(replace(together, text=join_quantities(together.text)))
    return None if isinstance(program, CompileError) else Fusion(program, fused, [params for _, params in members])


def _bound(policy: CompiledPolicy, index: int, shared: dict[str, str]) -> str:
    """Write a policy as an expression of its own, with its parameters and with what it shares under other names."""
    variables = {each.name: shared.get(each.text, each.text) for each in policy.policy.variables}
    aliases = {"params": f"{_PARAMETERS}[{index}]"} if policy.policy.takes_params else {}
    return compose(whole_text(policy.policy), variables, aliases).text


def _is_free(text: str) -> bool:
    """Whether a definition means the same in every policy: it is made of the request alone."""
    return not any(name.partition(".")[0] in {"variables", "params"} for name in variable_names(text))
