"""Documents of policy files in, policies out, with a diagnostic for everything that the API server would refuse.

Expressions are not compiled here: that costs the interpreter, and only bound policies need it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct, field

from kservegen.checks.policy.constraints import read_constraints
from kservegen.checks.policy.field_path import candidates
from kservegen.checks.policy.model import Constraints, Expression, ParamKind, Policy, PolicySource, Validation
from kservegen.core.diagnostics import Diagnostic, RuleMeta, Severity
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path, format_path
from kservegen.core.manual import by_manual, written_manuals
from kservegen.core.names import subdomain_error

API_VERSION: Final = "admissionregistration.k8s.io/v1"
KIND: Final = "ValidatingAdmissionPolicy"
ANNOTATION: Final = "kservegen.io/"

_SPEC: Final = frozenset(
    "auditAnnotations failurePolicy matchConditions matchConstraints paramKind validations variables".split()
)
_REASONS: Final = ("Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge")
_FAILURES: Final = ("Fail", "Ignore")


def load(sources: Iterable[PolicySource]) -> tuple[tuple[Policy, ...], tuple[Diagnostic, ...]]:
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


_SHOWN: Final = 80  # so much of a value fits in a line


class _Reader(Struct, frozen=True):
    """Reads one document and collects what is wrong with it."""

    source: PolicySource
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
        if f"policy/{name}" in written_manuals():
            self._report(("metadata", "name"), "the name is that of a rule about policies themselves", seen=name)
        for marks in ("labels", "annotations"):
            for key, value in mapping(mapping(doc.get("metadata")).get(marks)).items():
                if not isinstance(value, str):
                    self._report(("metadata", marks, key), f"{marks} are text", seen=json.dumps(value)[:_SHOWN])
        spec = mapping(doc.get("spec"))
        for key in sorted(spec.keys() - _SPEC):
            self._report(("spec", key), f"spec has no field {key}", allowed=", ".join(sorted(_SPEC)))
        failure = text(spec.get("failurePolicy", "Fail"))
        if failure not in _FAILURES:
            path: Path = ("spec", "failurePolicy")
            self._report(path, "the failurePolicy is none", seen=failure, allowed=", ".join(_FAILURES))
        policy = Policy(
            name=name,
            meta=self._meta(name),
            constraints=self._constraints(mapping(spec.get("matchConstraints"))),
            validations=tuple(self._validations(spec)),
            conditions=tuple(self._named(spec, "matchConditions")),
            variables=tuple(self._named(spec, "variables")),
            audits=tuple(self._audits(spec)),
            param_kind=self._param_kind(spec.get("paramKind")),
            ignores_errors=failure == "Ignore",
            source=self.source,
        )
        return None if self.diagnostics else policy

    def _report(self, path: Path, message: str, *, seen: str = "", allowed: str = "") -> None:
        self.diagnostics.append(
            by_manual(
                "policy/invalid",
                message,
                self.source.locate(path),
                path=format_path(path),
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

    def _param_kind(self, value: JsonValue) -> ParamKind | None:
        if value is None:
            return None
        words = {key: text(mapping(value).get(key)) for key in ("apiVersion", "kind")}
        for key, word in words.items():
            if not word:
                self._report(("spec", "paramKind"), f"paramKind lacks {key}")
        return ParamKind(api_version=words["apiVersion"], kind=words["kind"])

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
        if not items and not sequence(spec.get("auditAnnotations")):
            self._report(("spec", "validations"), "validations or auditAnnotations must contain at least one item")
        places = self._places(len(items))
        for index, value in enumerate(items):
            path: Path = ("spec", "validations", index)
            item = mapping(value)
            if item.get("reason", "Invalid") not in _REASONS:
                seen = text(item["reason"])
                self._report((*path, "reason"), "the reason is none", seen=seen, allowed=", ".join(_REASONS))
            if "\n" in text(item.get("message")).strip():
                self._report((*path, "message"), "message must not contain line breaks")
            message = item.get("messageExpression")
            where: Path = (*path, "messageExpression")
            yield Validation(
                check=self._expression(item.get("expression"), (*path, "expression")),
                message=text(item.get("message")),
                message_expression=None if message is None else self._expression(message, where),
                reason=text(item.get("reason")) or "Invalid",
                places=places[index],
            )

    def _audits(self, spec: JsonObject) -> Iterator[Expression]:
        for index, item in enumerate(map(mapping, sequence(spec.get("auditAnnotations")))):
            path: Path = ("spec", "auditAnnotations", index)
            key = text(item.get("key"))
            if not key:
                self._report((*path, "key"), "an audit annotation needs a key")
            yield self._expression(item.get("valueExpression"), (*path, "valueExpression"), name=key)

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
        return read_constraints(spec, ("spec", "matchConstraints"), self._report)


def _read_places(written: str, count: int) -> tuple[tuple[Path, ...], ...]:
    try:
        texts: list[object] = json.loads(written) if written.startswith("[") else [written] * count
    except RecursionError:
        raise ValueError("no list of paths") from None
    if not all(isinstance(item, str) for item in texts):
        raise ValueError("a list of paths holds texts")
    if len(texts) != count:
        raise ValueError(f"{len(texts)} paths for {count} validations")
    return tuple(candidates(str(item)) if item else () for item in texts)
