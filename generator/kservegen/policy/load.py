"""Documents of policy files in, policies out, with a diagnostic for everything that the API server would refuse.

Expressions are not compiled here: that costs the interpreter, and only bound policies need it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from kservegen.diagnostics import Diagnostic, RuleMeta, Severity
from kservegen.document import mapping, sequence, text
from kservegen.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.kube_names import subdomain_error
from kservegen.policy.manual import INVALID, UNSUPPORTED
from kservegen.policy.model import (
    Constraints,
    Expression,
    Policy,
    Requirement,
    ResourceRule,
    Source,
    Validation,
)
from kservegen.policy.place import candidates

API_VERSION: Final = "admissionregistration.k8s.io/v1"
KIND: Final = "ValidatingAdmissionPolicy"
ANNOTATION: Final = "kservegen.io/"

_SPEC: Final = frozenset(
    "auditAnnotations failurePolicy matchConditions matchConstraints paramKind validations variables".split()
)
_REASONS: Final = ("Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge")
_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")


def load(sources: Iterable[Source]) -> tuple[tuple[Policy, ...], tuple[Diagnostic, ...]]:
    """Read policies; of two with one name the first stands, so a user's own replaces a default handed in later."""
    policies: dict[str, Policy] = {}
    diagnostics: list[Diagnostic] = []
    for source in sources:
        reader = _Reader(source)
        policy = reader.policy()
        diagnostics += reader.diagnostics
        if policy is not None:
            policies.setdefault(policy.name, policy)
    return tuple(policies.values()), tuple(diagnostics)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one document and collects what is wrong with it."""

    source: Source
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def policy(self) -> Policy | None:
        doc = self.source.doc
        if doc.get("apiVersion") != API_VERSION or doc.get("kind") != KIND:
            self._report(("kind",), f"a policy file holds {KIND} of {API_VERSION}", seen=text(doc.get("kind")))
            return None
        name = text(mapping(doc.get("metadata")).get("name"))
        if reason := subdomain_error(name):
            self._report(("metadata", "name"), f"the name of the policy cannot be used: {reason}", seen=name)
            return None
        spec = mapping(doc.get("spec"))
        for key in sorted(spec.keys() - _SPEC):
            self._report(("spec", key), f"spec has no field {key}", allowed=", ".join(sorted(_SPEC)))
        policy = Policy(
            name=name,
            meta=self._meta(name),
            constraints=self._constraints(mapping(spec.get("matchConstraints"))),
            validations=tuple(self._validations(spec)),
            conditions=tuple(self._named(spec, "matchConditions")),
            variables=tuple(self._named(spec, "variables")),
            takes_params=self._takes_params(spec.get("paramKind")),
            ignores_errors=spec.get("failurePolicy") == "Ignore",
            locate=self.source.locate,
        )
        return None if self.diagnostics else policy

    def _report(self, path: Path, message: str, *, seen: str = "", allowed: str = "", rule: RuleMeta = INVALID) -> None:
        self.diagnostics.append(
            Diagnostic(
                rule=rule.id,
                severity=rule.severity,
                message=message,
                location=self.source.locate(path),
                path=format_path(path),
                hint=rule.fix,
                seen=seen,
                allowed=allowed,
            )
        )

    def _meta(self, name: str) -> RuleMeta:
        annotations = mapping(mapping(self.source.doc.get("metadata")).get("annotations"))
        title, why, fix = (text(annotations.get(ANNOTATION + key)) for key in ("title", "why", "remediation"))
        severity = text(annotations.get(ANNOTATION + "severity")) or Severity.ERROR.value
        if severity not in set(Severity):
            path: Path = ("metadata", "annotations", ANNOTATION + "severity")
            self._report(path, "the severity is none", seen=severity, allowed=", ".join(Severity))
            severity = Severity.ERROR.value
        return RuleMeta(id=f"policy/{name}", title=title or name, why=why, fix=fix, severity=Severity(severity))

    def _takes_params(self, kind: JsonValue) -> bool:
        if kind is None:
            return False
        if mapping(kind) != {"apiVersion": "v1", "kind": "ConfigMap"}:
            message = "parameters of another kind than v1 ConfigMap are not known offline"
            self._report(("spec", "paramKind"), message, rule=UNSUPPORTED)
        return True

    def _named(self, spec: JsonObject, field_name: str) -> Iterator[Expression]:
        seen: set[str] = set()
        for index, item in enumerate(sequence(spec.get(field_name))):
            path: Path = ("spec", field_name, index)
            name = text(mapping(item).get("name"))
            if not name or name in seen:
                self._report((*path, "name"), f"each of {field_name} needs a name of its own", seen=name)
            seen.add(name)
            yield self._expression(mapping(item).get("expression"), (*path, "expression"), name=name)

    def _expression(self, value: JsonValue, path: Path, *, name: str = "") -> Expression:
        if not text(value).strip():
            self._report(path, "an expression is missing")
        return Expression(text=text(value), path=path, name=name)

    def _validations(self, spec: JsonObject) -> Iterator[Validation]:
        items = sequence(spec.get("validations"))
        if not items:
            self._report(("spec", "validations"), "a policy needs at least one validation")
        places = self._places(len(items))
        for index, value in enumerate(items):
            path: Path = ("spec", "validations", index)
            item = mapping(value)
            if item.get("reason", "Invalid") not in _REASONS:
                seen = text(item["reason"])
                self._report((*path, "reason"), "the reason is none", seen=seen, allowed=", ".join(_REASONS))
            message = item.get("messageExpression")
            where: Path = (*path, "messageExpression")
            yield Validation(
                check=self._expression(item.get("expression"), (*path, "expression")),
                message=text(item.get("message")),
                message_expression=None if message is None else self._expression(message, where),
                places=places[index],
            )

    def _places(self, count: int) -> tuple[tuple[Path, ...], ...]:
        annotations = mapping(mapping(self.source.doc.get("metadata")).get("annotations"))
        written = text(annotations.get(ANNOTATION + "path"))
        try:
            return _read_places(written, count)
        except ValueError as error:
            path: Path = ("metadata", "annotations", ANNOTATION + "path")
            self._report(path, f"the paths of the policy cannot be read: {error}", seen=written)
            return ((),) * count

    def _constraints(self, spec: JsonObject) -> Constraints:
        path: Path = ("spec", "matchConstraints")
        if not sequence(spec.get("resourceRules")):
            self._report(path, "matchConstraints needs at least one of resourceRules")
        return Constraints(
            rules=tuple(self._rules(spec, "resourceRules")),
            excluded=tuple(self._rules(spec, "excludeResourceRules")),
            namespaces=tuple(self._selector(spec, "namespaceSelector")),
            objects=tuple(self._selector(spec, "objectSelector")),
            equivalent=spec.get("matchPolicy", "Equivalent") == "Equivalent",
        )

    def _rules(self, spec: JsonObject, field_name: str) -> Iterator[ResourceRule]:
        for index, value in enumerate(sequence(spec.get(field_name))):
            item = mapping(value)
            for key in ("apiGroups", "apiVersions", "operations", "resources"):
                if not sequence(item.get(key)):
                    self._report(("spec", "matchConstraints", field_name, index), f"the rule lacks {key}")
            yield ResourceRule(
                groups=_texts(item.get("apiGroups")),
                versions=_texts(item.get("apiVersions")),
                operations=_texts(item.get("operations")),
                resources=_texts(item.get("resources")),
                names=_texts(item.get("resourceNames")),
                scope=text(item.get("scope")) or "*",
            )

    def _selector(self, spec: JsonObject, field_name: str) -> Iterator[Requirement]:
        selector = mapping(spec.get(field_name))
        for key, value in mapping(selector.get("matchLabels")).items():
            yield Requirement(key=key, operator="In", values=(text(value),))
        for index, value in enumerate(sequence(selector.get("matchExpressions"))):
            item = mapping(value)
            operator = text(item.get("operator"))
            if operator not in _OPERATORS:
                path: Path = ("spec", "matchConstraints", field_name, "matchExpressions", index, "operator")
                self._report(path, "the operator is none", seen=operator, allowed=", ".join(_OPERATORS))
            yield Requirement(key=text(item.get("key")), operator=operator, values=_texts(item.get("values")))


def _read_places(written: str, count: int) -> tuple[tuple[Path, ...], ...]:
    texts: list[str] = json.loads(written) if written.startswith("[") else [written] * count
    if len(texts) != count:
        raise ValueError(f"{len(texts)} paths for {count} validations")
    return tuple(candidates(item) if item else () for item in texts)


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(text(item) for item in sequence(value))
