"""A policy as its file states it, in plain words: the input of the compiler and of the matcher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from kservegen.diagnostics import Location, RuleMeta
from kservegen.jsontypes import JsonObject, Path

Locate: TypeAlias = Callable[[Path], Location]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One document of a policy file, and where its fields stand."""

    doc: JsonObject
    locate: Locate


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A CEL text and its place in the policy; `name` is a variable's or a match condition's."""

    text: str
    path: Path
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What has to be true. `places` are the candidates for the object's field that a finding points at."""

    check: Expression
    message: str = ""
    message_expression: Expression | None = None
    places: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRule:
    """A row of matchConstraints; `*` stands for all."""

    groups: tuple[str, ...]
    versions: tuple[str, ...]
    operations: tuple[str, ...]
    resources: tuple[str, ...]
    names: tuple[str, ...] = ()
    scope: str = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One demand of a label selector, in the words of matchExpressions."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Which objects a policy looks at."""

    rules: tuple[ResourceRule, ...]
    excluded: tuple[ResourceRule, ...] = ()
    namespaces: tuple[Requirement, ...] = ()
    objects: tuple[Requirement, ...] = ()
    equivalent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A ValidatingAdmissionPolicy. `takes_params`: it has a paramKind, ConfigMap."""

    name: str
    meta: RuleMeta
    constraints: Constraints
    validations: tuple[Validation, ...]
    conditions: tuple[Expression, ...] = ()
    variables: tuple[Expression, ...] = ()
    takes_params: bool = False
    ignores_errors: bool = False
    locate: Locate = field(compare=False)
