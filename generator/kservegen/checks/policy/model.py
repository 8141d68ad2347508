"""A policy as its file states it, in plain words: the input of the compiler and of the matcher."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from kservegen.core.diagnostics import Location, RuleMeta
from kservegen.core.jsontypes import JsonObject, Path

LocateText: TypeAlias = Callable[[Path], Location]


class PolicySource(Struct, frozen=True, kw_only=True):
    """One document of a policy file, where its fields stand, and the text of the whole file."""

    doc: JsonObject
    locate: LocateText
    raw: str = ""


class Expression(Struct, frozen=True, kw_only=True):
    """A CEL text and its place in the policy; `name` is a variable's or a match condition's."""

    text: str
    path: Path
    name: str = ""


class Validation(Struct, frozen=True, kw_only=True):
    """What has to be true. `places` are the candidates for the object's field that a finding points at."""

    check: Expression
    message: str = ""
    message_expression: Expression | None = None
    reason: str = "Invalid"
    places: tuple[Path, ...] = ()


class ResourceRule(Struct, frozen=True, kw_only=True):
    """A row of matchConstraints; `*` stands for all."""

    groups: tuple[str, ...]
    versions: tuple[str, ...]
    operations: tuple[str, ...]
    resources: tuple[str, ...]
    names: tuple[str, ...] = ()
    scope: str = "*"


class SelectorRequirement(Struct, frozen=True, kw_only=True):
    """One demand of a label selector, in the words of matchExpressions."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class Constraints(Struct, frozen=True, kw_only=True):
    """Which objects a policy looks at, or a binding among them. Without `rules` a binding takes all of its policy's."""

    rules: tuple[ResourceRule, ...] = ()
    excluded: tuple[ResourceRule, ...] = ()
    namespaces: tuple[SelectorRequirement, ...] = ()
    objects: tuple[SelectorRequirement, ...] = ()
    equivalent: bool = True


class ParamKind(Struct, frozen=True, kw_only=True):
    """The kind of a policy's parameters; a ConfigMap holds them in `data`, another kind in fields of its own."""

    api_version: str
    kind: str

    @property
    def is_config_map(self) -> bool:
        """Whether parameters are written as the environment's words allow: texts, numbers, lists of them."""
        return (self.api_version, self.kind) == ("v1", "ConfigMap")


class Policy(Struct, frozen=True, kw_only=True):
    """A ValidatingAdmissionPolicy. `audits` are the values of its auditAnnotations, compiled and never evaluated.

    One that `compiles` is known to: each of its expressions has been compiled before, and has the type that is wanted.
    """

    name: str
    meta: RuleMeta
    constraints: Constraints
    validations: tuple[Validation, ...]
    conditions: tuple[Expression, ...] = ()
    variables: tuple[Expression, ...] = ()
    audits: tuple[Expression, ...] = ()
    param_kind: ParamKind | None = None
    ignores_errors: bool = False
    compiles: bool = False
    source: PolicySource

    @property
    def takes_params(self) -> bool:
        """Whether `params` is a name in its expressions."""
        return self.param_kind is not None
