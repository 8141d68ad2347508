"""The `budgets` of an environment in; what each limits, and whom, out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from kservegen.checks.budget.ledger import ACCELERATORS, Line
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.quantity import parse_quantity

# The words of a budget that limit something -> the resource that they limit.
LIMITED = {"limit": ACCELERATORS, "cpu": "cpu", "memory": "memory", "ephemeral-storage": "ephemeral-storage"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Budget:
    """Limits by word, and the lines that they are for: those that match every filter that is not empty."""

    name: str
    accelerator: str
    owner: str
    namespace: str
    limits: Mapping[str, Fraction]

    def chooses(self, line: Line) -> bool:
        """Whether a line counts against this budget."""
        return (
            (not self.accelerator or self.accelerator in line.types)
            and (not self.owner or self.owner == line.owner)
            and (not self.namespace or self.namespace == line.subject.namespace)
        )

    def chosen(self, ledger: Iterable[Line]) -> tuple[Line, ...]:
        """Return the lines that count against this budget."""
        return tuple(line for line in ledger if self.chooses(line))

    @property
    def scope(self) -> str:
        """Whom it is for, in words."""
        said = [self.accelerator, f"owner {self.owner}" * bool(self.owner), self.namespace]
        return ", ".join(part for part in said if part) or "the environment"


def read_budgets(words: JsonObject) -> Iterator[Budget]:
    """Read the budgets of an environment, in the order in which they are written."""
    for name, value in words.items():
        if isinstance(value, dict):
            yield Budget(
                name=name,
                accelerator=text(value.get("accelerator")),
                owner=text(value.get("owner")),
                namespace=text(value.get("namespace")),
                limits=dict(_limits(mapping(value))),
            )


def _limits(words: JsonObject) -> Iterator[tuple[str, Fraction]]:
    for word in LIMITED:
        value = words.get(word)
        quantity = parse_quantity(value) if isinstance(value, (str, int, float)) else None
        if quantity is not None:
            yield word, max(quantity.value, Fraction(0))  # less than nothing is nothing: no model is the largest there
