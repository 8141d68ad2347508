"""A schema and documents in, findings out: fast where a document fits, at length where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.formats.jsonschema.cel_rules import RuleNode, rules_of
from kservegen.formats.jsonschema.decode import as_decoded, as_defaulted
from kservegen.formats.jsonschema.limits import duplicate
from kservegen.formats.jsonschema.marks import Marks, find_marks
from kservegen.formats.jsonschema.reduce import keys_in, reduced
from kservegen.formats.jsonschema.shape import ListKeys, Shape
from kservegen.formats.jsonschema.suggestions import quote
from kservegen.formats.jsonschema.violations import Explainer

if TYPE_CHECKING:
    from kservegen.formats.jsonschema.cel_check import RuleChecker


class _Compiled(Protocol):
    def is_valid(self, instance: object) -> bool: ...


# Up to so many documents are validated by the explainer alone (0.15 ms each). More pay for importing jsonschema_rs (7
# ms) and compiling the schema (5 ms) to validate each in 0.01 ms: a small repository never pays for what a large one
# needs.
_UNCOMPILED = 60
# For no more than so many, what they need of the schema is compiled: half the time and 3 MB less for a CRD.
_FEW: Final = 200

# Findings of one document: nobody reads more before mending those.
MOST_FINDINGS: Final = 1000

# What the API server reports together with broken rules; after everything else it does not look at rules.
_WITH_RULES = frozenset({"schema/out-of-range", "schema/pattern", "schema/duplicate-item"})


class Validator:
    """Validates documents by one schema, as the API server does where it is that of a Kubernetes kind.

    The first `uncompiled` documents are validated without compiling the schema, unless more are known to come
    (`expect`); `single` suits few documents that are large: what is compiled, at once, is no more than those so far
    need. `distinct` says whether the schema marks lists whose items must differ, `ruled` whether it has CEL rules: to
    find out costs a walk through all of it.
    """

    def __init__(
        self,
        schema: JsonObject,
        shape: Shape | None = None,
        *,
        uncompiled: int = _UNCOMPILED,
        single: bool = False,
        distinct: bool = True,
        ruled: bool = True,
    ) -> None:
        self.schema = schema
        self.shape = shape or Shape(schema)
        self._uncompiled = 0 if single else uncompiled
        self._single = single
        self._expected = 0
        self._distinct = distinct
        self._ruled = ruled
        self._fields: set[str] = set()  # that what is compiled has words for, where that is not all of the schema
        self._reduced: _Compiled | None = None

    def expect(self, documents: int) -> None:
        """Be told how many documents are about to come: where compiling will pay, it pays from the first one on."""
        if documents > self._uncompiled:
            self._uncompiled = 0
            self._expected += documents
            self._single = self._expected <= _FEW

    @cached_property
    def _compiled(self) -> _Compiled | None:
        return _compile(self.schema)

    def _fits(self, document: JsonValue) -> bool:
        """Whether a document fits by the compiled schema; False, too, for a schema that cannot be compiled."""
        compiled = self._compiled_for(document) if self._single else self._compiled
        return compiled is not None and compiled.is_valid(document)

    def _compiled_for(self, document: JsonValue) -> _Compiled | None:
        more = keys_in(document) - self._fields
        if self._reduced is None or not more.isdisjoint(self._names):
            self._fields |= more
            self._reduced = _compile(reduced(self.schema, self._fields))
        return self._reduced

    @cached_property
    def _names(self) -> set[str]:
        return keys_in(self.schema)

    def check(self, document: JsonValue, old: JsonValue = None) -> tuple[Finding, ...]:
        """Say what keeps a document from being admitted; `old` is the object that it replaces, on an update."""
        return self.complete(document, self._form(document), old)

    def changed(self, document: JsonValue, old: JsonValue) -> tuple[Finding, ...]:
        """Say which rules a change breaks that the document by itself does not: those that read `oldSelf`."""
        if not self._ruled:
            return ()
        broken = tuple(self._broken_rules(document, old))
        alone = frozenset(self._broken_rules(document, None)) if broken else frozenset()
        return tuple(finding for finding in broken if finding not in alone)

    def complete(self, document: JsonValue, found: tuple[Finding, ...], old: JsonValue = None) -> tuple[Finding, ...]:
        """Add to what a JSON Schema finds what none can say: items that stand twice, and the schema's CEL rules."""
        found = (*found, *islice(self._duplicates(document), MOST_FINDINGS + 1))
        if len(found) > MOST_FINDINGS:
            return (*found[:MOST_FINDINGS], _too_many())
        if not self._ruled or any(finding.rule not in _WITH_RULES for finding in found):
            return found
        return (*found, *self._broken_rules(document, old))

    def _form(self, document: JsonValue) -> tuple[Finding, ...]:
        """Say what is of the wrong form, in the order of the document."""
        if self._uncompiled > 0:
            self._uncompiled -= 1
        elif self._fits(document):
            return ()
        found = Explainer(self.shape).explain(as_decoded(document, self.shape))
        return tuple(dict.fromkeys(islice(found, MOST_FINDINGS + 1)))

    @cached_property
    def _rules(self) -> Marks[RuleNode]:
        return find_marks(self.shape, rules_of)

    @cached_property
    def _checker(self) -> RuleChecker:
        from kservegen.formats.jsonschema.cel_check import RuleChecker  # noqa: PLC0415 - brings the CEL interpreter

        return RuleChecker(self.shape, self._rules)

    def _broken_rules(self, document: JsonValue, old: JsonValue) -> Iterator[Finding]:
        read = as_defaulted(document, self.shape)
        before = None if old is None else as_defaulted(old, self.shape)
        places = list(self._rules.places(read))
        if not places:
            return
        from kservegen.formats.jsonschema.cel_absence import is_open  # noqa: PLC0415 - few objects have a field with a rule

        if any(is_open(rule, value, before) for _, value, here in places for rule in here.rules):
            yield from self._checker.check(read, before)

    def _duplicates(self, document: JsonValue) -> Iterator[Finding]:
        if not self._distinct:
            return
        for path, items, keys in self.shape.distinct_lists.places(document):
            if isinstance(items, list) and len(items) > 1:
                yield from _repeated(path, items, keys)


def _too_many() -> Finding:
    return Finding(
        rule="schema/too-many-problems",
        path=(),
        message=f"more than {MOST_FINDINGS:,} findings in one document, and the others are not said",
        hint="Mend these first.",
    )


def _compile(schema: JsonObject) -> _Compiled | None:
    """Compile a schema, its patterns to automata as RE2's are; None where one has no such form, in a user's schema."""
    import jsonschema_rs  # noqa: PLC0415 - takes 20 ms to import

    try:
        return jsonschema_rs.validator_for(schema, pattern_options=jsonschema_rs.RegexOptions())
    except jsonschema_rs.ValidationError:
        return None


def _repeated(path: Path, items: list[JsonValue], keys: ListKeys) -> Iterator[Finding]:
    """Find items with the keys of an earlier one; the server counts a key that was left out as its default."""
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        identity = _identity(item, keys)
        first = seen.setdefault(repr(identity), index)
        if first != index:
            yield duplicate(path, index, first, _words(identity, keys))


def _identity(item: JsonValue, keys: ListKeys) -> tuple[JsonValue, ...]:
    if not keys.keys or not isinstance(item, dict):
        return (item,)
    pairs = zip(keys.keys, keys.defaults, strict=True)
    return tuple(default if item.get(key) is None else item[key] for key, default in pairs)


def _words(identity: tuple[JsonValue, ...], keys: ListKeys) -> str:
    if len(identity) != len(keys.keys):
        return quote(identity[0])
    return ", ".join(f"{key} {quote(value)}" for key, value in zip(keys.keys, identity, strict=True))
