"""The versions of kservegen that a repository is for: the text of `requires` in, whether this one is among them out."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import Final

from kservegen.catalog.model import CatalogDocument
from kservegen.core.errors import GeneratorError
from kservegen.core.patterns import lazy_pattern

_BOUND: Final = r"(?:>=|<=|==|!=|<|>) *[0-9]+(?:[.][0-9]+){0,2}"
# What the schema of environments lets through.
REQUIREMENT: Final = f"^kservegen *{_BOUND}(?: *, *{_BOUND})*$"
_PART: Final = lazy_pattern("(>=|<=|==|!=|<|>) *([0-9.]+)")
_COMPARE: Final[dict[str, Callable[[int, int], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


def is_met(requirement: str, version: str) -> bool:
    """Whether a version fulfils all bounds; missing parts count as 0, what follows the numbers does not count."""
    return all(_COMPARE[sign](_order(version, bound), 0) for sign, bound in _PART.findall(requirement))


def _order(version: str, bound: str) -> int:
    """Return -1, 0 or 1 where a version is older than a bound, equal or newer."""
    for own, other in zip_longest(_numbers(version), _numbers(bound), fillvalue=0):
        if own != other:
            return -1 if own < other else 1
    return 0


def _numbers(version: str) -> list[int]:
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    return [int(part[:9]) for part in found[0].split(".")] if found else []


def check_requirements(documents: Iterable[CatalogDocument], version: str) -> None:
    """Refuse a repository that is for other versions, before its words are judged by this one's.

    Raises GeneratorError; what is no requirement is a finding of the schema.
    """
    for document in documents:
        said = document.value.get("requires")
        if isinstance(said, str) and re.fullmatch(REQUIREMENT, said) and not is_met(said, version):
            raise GeneratorError(
                f"this repository requires {said}, and this is kservegen {version}",
                subject=str(document.source.value(("requires",))),
                hint="Install one that fits; or see what this one would change: kservegen render --explain-drift.",
            )


def version_line(version: str) -> str:
    """Return the requirement that a new repository states: the version line that made it, 0.2 for 0.2.3."""
    major, minor, *_ = (*_numbers(version), 0, 0)
    return f"kservegen >= {major}.{minor}, < {f'0.{minor + 1}' if major == 0 else major + 1}"
