"""What a policy reads of an object: its verdict stays when everything else goes, and equal parts get equal verdicts."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from tests.support.examples import examples
from tests.unit.checks.policy.conftest import POLICIES, bound, place, read, resource

from kservegen.checks.policy import reads
from kservegen.checks.policy.admission import CREATE, Admission
from kservegen.checks.policy.binding import Bound, bind_policies
from kservegen.checks.policy.cases import PolicyCase, read_cases
from kservegen.checks.policy.checker import PolicyChecker, PolicyPasses
from kservegen.checks.policy.compile import CompiledPolicy
from kservegen.checks.policy.evaluate import AdmissionCase, evaluate_policies
from kservegen.checks.policy.files import read_policies
from kservegen.checks.policy.fusion import Fusion, fuse
from kservegen.checks.policy.projection import DocumentPart, cut, projection_key
from kservegen.checks.policy.reads import read_parts
from kservegen.checks.policy.syntax import Call, Constant, Fold, Name, Select, is_text, is_truth, parse_expression
from kservegen.core.diagnostics import Finding, Severity
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.resource import Resource
from kservegen.formats.cel.engine import Program, engine
from kservegen.kserve.defaulting import Defaulted

NAMES = sorted(path.stem for path in POLICIES.glob("*.yaml"))


@lru_cache(maxsize=1)
def cases() -> tuple[PolicyCase, ...]:
    found: list[PolicyCase] = []
    for path in sorted((POLICIES / "tests").glob("*/*.yaml")):
        found += read_cases(path.read_bytes(), path.name, path.stem)[0]
    return tuple(case for case in found if case.admission.operation == CREATE)


@lru_cache(maxsize=64)
def in_force(name: str) -> Bound:
    return bound((POLICIES / f"{name}.yaml").read_text("utf-8"))


@lru_cache(maxsize=64)
def part_of(name: str) -> DocumentPart:
    part = read_parts(in_force(name).compiled.policy)
    assert part is not None
    return part


def verdict(policy: Bound, doc: JsonObject) -> list[str]:
    return [finding.message for finding in evaluate_policies([policy], resource(doc))]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_cut_away_decides_nothing(name: str) -> None:
    """Over the objects of all policies' cases; what names an object stays, for the matcher."""
    policy, part = in_force(name), part_of(name)
    by_key: dict[object, list[str]] = {}
    for case in cases():
        doc = case.admission.resource.doc
        shown = cut(part, doc)
        assert isinstance(shown, dict)
        kept = {key: doc[key] for key in ("apiVersion", "kind", "metadata")}
        full = verdict(policy, doc)
        assert verdict(policy, {**kept, **shown, "metadata": doc["metadata"]}) == full
        if case.admission.resource.kind == "InferenceService":
            assert by_key.setdefault(projection_key(part, doc), full) == full


FRAGMENTS = st.sampled_from([case.admission.resource.doc.get("spec", {}) for case in cases()])
SCALARS: st.SearchStrategy[JsonValue] = st.sampled_from(
    [None, True, False, 0, 1, 1.0, -1, 2**63, "", "1", "x", "500m", "hf://a/b", "main", "latest"]
)


@st.composite
def objects(draw: st.DrawFn) -> JsonObject:
    """Draw a case's object with parts of another, and with odd values anywhere."""

    def mix(left: JsonValue, right: JsonValue) -> JsonValue:
        chosen = draw(st.integers(0, 9))
        if chosen == 0:
            return draw(SCALARS)
        if isinstance(left, dict) and isinstance(right, dict):
            return {k: mix(left.get(k, right.get(k)), right.get(k, left.get(k))) for k in {**left, **right}}
        if isinstance(left, list) and isinstance(right, list) and chosen < 5:
            return [*left, *right]
        return left if chosen < 6 else right

    spec = mix(draw(FRAGMENTS), draw(FRAGMENTS))
    kind = draw(st.sampled_from(["InferenceService", "LLMInferenceService"]))
    version = "v1beta1" if kind == "InferenceService" else "v1alpha2"
    metadata: JsonObject = {"name": "x", "namespace": "models"}
    return {"apiVersion": f"serving.kserve.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


@settings(max_examples=examples(60))
@given(docs=st.lists(objects(), min_size=1, max_size=12), twice=st.booleans())
def test_the_checker_says_of_odd_objects_what_evaluation_says(docs: list[JsonObject], twice: bool) -> None:
    policies = [in_force(name) for name in NAMES]
    passed = PolicyPasses()
    for policy in policies:  # as if many objects had been seen
        passes = passed.of(policy, policy.pool[0] if policy.pool else None)
        passes.followed, passes.part = True, part_of(policy.name)
    objects = [as_it_is(resource(doc)) for doc in docs]
    for _ in range(1 + twice):
        checker = PolicyChecker(policies, {}, passed)
        for one in objects:
            assert by_rule(checker.check(one)) == by_rule(evaluate_policies(policies, one.resource))


def as_it_is(resource: Resource) -> Defaulted:
    return Defaulted(written=resource, resource=resource)


def by_rule(findings: tuple[Finding, ...]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.rule)


def test_the_checker_says_of_many_objects_what_evaluation_says() -> None:
    """As many as it takes for policies to be followed, and to be put together."""
    policies = [in_force(name) for name in NAMES]
    objects = [as_it_is(case.admission.resource) for case in cases()]
    assert len(objects) > 300
    expected = [by_rule(evaluate_policies(policies, one.resource)) for one in objects]
    passed = PolicyPasses()
    for _ in range(3):  # one environment after the other
        checker = PolicyChecker(policies, {}, passed)
        assert [by_rule(checker.check(one)) for one in objects] == expected
    assert passed.joints
    assert any(fused.passed for fused in passed.fused.values())


SETS = (NAMES, NAMES[::2], NAMES[1::2], NAMES[:2], NAMES[-3:])


@lru_cache(maxsize=8)
def fused(names: tuple[str, ...]) -> tuple[Fusion, DocumentPart, tuple[tuple[CompiledPolicy, JsonObject | None], ...]]:
    part = DocumentPart()
    for name in names:
        part.merge(part_of(name))
    members = tuple((in_force(name).compiled, next(iter(in_force(name).pool), None)) for name in names)
    fusion = fuse(members)
    assert fusion is not None
    return fusion, part, members


@settings(max_examples=examples(60))
@given(doc=objects(), names=st.sampled_from(SETS))
def test_policies_in_one_pass_what_each_of_them_passes(doc: JsonObject, names: list[str]) -> None:
    fusion, part, members = fused(tuple(names))
    admission = Admission(resource=resource(doc))
    each = [AdmissionCase(policy, admission, None, params).whole() is True for policy, params in members]
    shown = cut(part, doc)
    assert isinstance(shown, dict)
    assert fusion.passes(shown) is all(each)


def things(count: int) -> list[Resource]:
    return [
        resource({"apiVersion": "x.io/v1", "kind": "Thing", "metadata": {"name": f"t{i}"}, "spec": {"size": i % 3}})
        for i in range(count)
    ]


HEAD = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec:\n"
RULES = (
    "  matchConstraints: {resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}]"
)


PARAMETERS = """\
  paramKind: {apiVersion: v1, kind: ConfigMap}
  variables:
    - {name: size, expression: object.spec.size}
    - {name: most, expression: int(params.data.most) %s 1}
  validations: [{expression: "[variables.size].all(shared_0, shared_0 < variables.most)"}]
"""


def test_policies_in_one_keep_their_own_parameters_and_names() -> None:
    """What is called alike is another thing in each; what is written alike is one."""
    texts = [f"{HEAD}{RULES}}}\n{PARAMETERS % sign}" for sign in "+-"]
    one, other = (bound(text, params={"most": 5}) for text in texts)
    fusion = fuse([(one.compiled, one.pool[0]), (other.compiled, {"data": {"most": "9"}})])
    assert fusion is not None
    assert [fusion.passes({"spec": {"size": size}}) for size in (5, 6, 7, 8)] == [True, False, False, False]
    assert not fusion.passes({"spec": {}})


OF_PARAMETERS = """\
  paramKind: {apiVersion: v1, kind: ConfigMap}
  variables:
    - {name: none, expression: params.data.none}
    - {name: sizes, expression: "params.data.sizes.split(',').map(s, int(s))"}
    - {name: names, expression: "params.data.names.split(',')"}
    - {name: first, expression: "params.data.names.substring(0, 1)"}
  validations:
    - expression: "object.spec.size in variables.sizes && object.spec.name in variables.names"
    - expression: "object.spec.name.startsWith(variables.first) || variables.none == object.spec.name"
"""


@pytest.mark.parametrize("none", [{}, {"none": "b"}], ids=["no value", "a value"])
def test_policies_in_one_know_what_follows_from_their_parameters(none: JsonObject) -> None:
    """Texts, lists of texts and what is neither; where one has no value, an object that asks for it does not pass."""
    policy = bound(f"{HEAD}{RULES}}}\n{OF_PARAMETERS}")
    listed = ("a,b", "ab,a,b")
    fusion = fuse([(policy.compiled, {"data": {"sizes": "1,2", "names": names, **none}}) for names in listed])
    assert fusion is not None
    seen = [(1, "a"), (2, "b"), (3, "a"), (1, "ab")]
    passed = [fusion.passes({"spec": {"size": size, "name": name}}) for size, name in seen]
    assert passed == [True, bool(none), False, False]


@pytest.mark.parametrize(("expected", "answered"), [(0, (149, 246)), (900, (249, 438))])
def test_policies_that_most_objects_fail_are_not_asked_together_for_long(
    monkeypatch: pytest.MonkeyPatch, expected: int, answered: tuple[int, int]
) -> None:
    """They are asked together sooner where many objects are to come."""
    names = ("one", "two")
    texts = (f"{HEAD.replace('name: p', f'name: {name}')}{RULES}}}\n" for name in names)
    policies = [bound(f"{text}  validations: [{{expression: object.spec.size < 264}}]\n") for text in texts]
    objects = [as_it_is(thing) for thing in things(900)]
    for number, one in enumerate(objects):
        one.resource.doc["spec"] = {"size": number}
    answers: list[bool] = []
    ask = Fusion.passes

    def noted(fusion: Fusion, shown: JsonObject) -> bool:
        answers.append(ask(fusion, shown))
        return answers[-1]

    monkeypatch.setattr(Fusion, "passes", noted)
    passed = PolicyPasses(expected)
    for _ in range(2):  # what is known of an object is not asked again
        checker = PolicyChecker(policies, {}, passed)
        assert [len(checker.check(one)) for one in objects] == [0] * 264 + [2] * 636
        assert (answers.count(True), answers.count(False)) == answered


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("object.spec.size < 2", 100),
        ("request.name != 't5'", 1),
        ("object.metadata.name != 't5'", 1),
        ("has(object.metadata.labels) || object.spec.size == 0", 200),
    ],
)
def test_the_checker_over_many_objects(expression: str, expected: int) -> None:
    policy = bound(f'{HEAD}{RULES}}}\n  validations: [{{expression: "{expression}"}}]\n')
    other = bound(
        f"{HEAD.replace('name: p', 'name: q')}{RULES}}}\n  validations: [{{expression: object.spec.size < 5}}]\n"
    )
    checker = PolicyChecker([policy, other], {}, PolicyPasses())
    assert sum(len(checker.check(as_it_is(thing))) for thing in things(300)) == expected


def test_an_object_selector_is_asked_of_every_object() -> None:
    selector = ", objectSelector: {matchLabels: {guard: 'on'}}}"
    policy = bound(f"{HEAD}{RULES}{selector}\n  validations: [{{expression: 'false'}}]\n")
    checker = PolicyChecker([policy], {}, PolicyPasses())
    free, guarded = things(1)[0], things(1)[0]
    guarded.doc["metadata"]["labels"] = {"guard": "on"}  # type: ignore[index,call-overload]
    assert [len(checker.check(as_it_is(thing))) for thing in (free, guarded, free)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("left", "right"),
    [(1, 1.0), (1, True), (0, False), ([], None), ("", None), ([1], [True]), ({}, []), ({"a": 1}, {"a": "1"})],
)
def test_keys_tell_values_apart(left: JsonValue, right: JsonValue) -> None:
    part = DocumentPart()
    part.whole = True
    assert projection_key(part, left) != projection_key(part, right)


_LARGE = "object.spec[k] > 1"


@pytest.mark.parametrize(
    ("expression", "other", "is_read"),
    [
        (f"object.spec.exists(k, k.matches('^g') && {_LARGE})", {"a": 2, "g": 1}, False),
        (f"object.spec.exists(k, k.matches('^g') && {_LARGE})", {"a": 1, "g": 2}, True),
        (f"object.spec.exists(k, k.matches('^g') && {_LARGE})", {"b": 1, "g": 1}, True),
        (f"object.spec.exists(k, k.matches('^g') || {_LARGE})", {"a": 2, "g": 1}, True),
        (f"object.spec.exists(k, !k.matches('^g') && {_LARGE})", {"a": 2, "g": 1}, True),
        (f"object.spec.exists(k, k.matches('^g') ? false : {_LARGE})", {"a": 2, "g": 1}, True),
        (f"object.spec.exists(k, k.matches('^g') ? {_LARGE} : true)", {"a": 2, "g": 1}, False),
        (f"object.spec.exists(k, k.matches(object.metadata.name) && {_LARGE})", {"a": 2, "g": 1}, True),
        (f"object.spec.filter(k, k.matches('^g')).all(k, {_LARGE})", {"a": 2, "g": 1}, False),
        (f"object.spec.filter(k, k.matches('^g')).all(k, {_LARGE})", {"a": 1, "g": 2}, True),
        (f"(object.spec.filter(k, k.matches('^g')) + ['a']).all(k, {_LARGE})", {"a": 2, "g": 1}, True),
        (f"object.spec.filter(k, k.matches('^g')).map(k, 'a' + k).all(k, {_LARGE})", {"a": 2, "g": 1}, True),
        ("object.spec.exists(k, k == 'a')", {"a": 2, "g": 1}, False),
        ("object.spec.exists(k, k == 'a')", {"b": 1, "g": 1}, True),
        ("object.metadata.name in object.spec", {"a": 2, "g": 1}, False),
        ("object.metadata.name in object.spec", {"b": 1, "g": 1}, True),
        ("object.spec.size() < 2", {"a": 2, "g": 1}, False),
        ("object.spec.size() < 2", {"a": 1, "g": 1, "h": 1}, True),
    ],
)
def test_of_a_map_what_is_read_matters(expression: str, other: JsonObject, is_read: bool) -> None:
    """Keys alone where no value is looked at; values under the keys that a condition lets through."""
    policy = bound(f'{HEAD}{RULES}}}\n  validations: [{{expression: "{expression}"}}]\n')
    part = read_parts(policy.compiled.policy)
    assert part is not None
    usual: JsonObject = {"a": 1, "g": 1}
    first, second = [{"metadata": {"name": "x"}, "spec": spec} for spec in (usual, other)]
    assert (projection_key(part, first) != projection_key(part, second)) == is_read  # type: ignore[arg-type]


def test_what_is_found_of_an_object_weighs_what_each_environment_says() -> None:
    policy = bound(f"{HEAD}{RULES}}}\n  validations: [{{expression: 'false'}}]\n")
    thing = as_it_is(things(1)[0])
    passed = PolicyPasses()
    found: list[Finding] = []
    for action in ("Deny", "Warn", "Deny"):
        binding = replace(policy, binding=replace(policy.binding, actions=(action,)))
        found += PolicyChecker([binding], {}, passed).check(thing)
    assert [finding.severity for finding in found] == [Severity.ERROR, Severity.WARNING, Severity.ERROR]
    assert found[0] is found[2]


def test_parameters_tell_passes_apart() -> None:
    files = read_policies([POLICIES], str)
    uri: JsonObject = {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/m"}}}
    metadata: JsonObject = {"name": "x", "namespace": "models"}
    head: JsonObject = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": metadata}
    model = as_it_is(resource({**head, "spec": uri}))
    passed = PolicyPasses()
    found = []
    for scheme in ("s3", "hf"):
        binding: JsonObject = {"actions": ["Deny"], "params": {"schemes": [scheme]}}
        words: JsonObject = {"bindings": {"storage-scheme": binding}}
        bindings = bind_policies(files.policies, words, locate=place, compiled=files.compiled)
        found.append(len(PolicyChecker(bindings.bound, {}, passed).check(model)))
    assert found == [0, 1]


def test_syntax() -> None:
    assert parse_expression("a.b == 'x'") == Call("_==_", (Select(Name("a"), "b", tests=False), Constant("x")))
    assert parse_expression("has(a.b)") == Select(Name("a"), "b", tests=True)
    assert isinstance(parse_expression("a.all(x, x > 1)"), Fold)
    assert parse_expression("a ==") is None


@pytest.mark.parametrize("name", NAMES)
def test_a_check_that_is_compiled_when_it_is_asked_is_the_one_that_is_written(name: str) -> None:
    compiled = in_force(name).compiled
    variables = {variable.name: variable.text for variable in compiled.policy.variables}
    scope = compiled.engine.scope({"object": {}, "oldObject": None, "request": {}, "namespaceObject": None})
    for validation in compiled.validations:
        alone = compiled.engine.compile(validation.source.check.text, variables=variables)
        assert isinstance(alone, Program)
        assert validation.check.result == alone.result == "bool"
        assert validation.check.evaluate(scope) == alone.evaluate(scope)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("a.b == 1", True),
        ("!(a in b) || has(a.b)", True),
        ("has(a.b)", True),
        ("a.b", False),
        ("a.exists(x, x)", False),
        ("a ? b : c", False),
        ("a.b) == (1", False),
    ],
)
def test_a_truth_by_its_form(text: str, truth: bool) -> None:
    assert is_truth(text) == truth


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("'a'", True),
        ("a.b + 'c' + d", True),
        ("a ? 'b' : c + 'd'", True),
        ("a ? 'b' : c", False),
        ("a + b", False),
        ("a == 'b'", False),
        ("'a' +", False),
    ],
)
def test_a_text_by_its_form(text: str, is_one: bool) -> None:
    assert is_text(text) == is_one
    if is_one:
        names = dict.fromkeys("abcd", "object.x")
        program = engine(("object",)).compile(re.sub(r"\b([abcd])\b(?!')", r"variables.\1", text), variables=names)
        assert isinstance(program, Program)
        assert program.result == "string"


def _by_hand(tree: object) -> object:
    """Write a tree as if its accumulators were names that any text may use: then loops are followed to their end."""
    if isinstance(tree, tuple):
        return tuple(map(_by_hand, tree))
    if isinstance(tree, Struct):
        words = {name: _by_hand(getattr(tree, name)) for name in tree.__struct_fields__}
        return replace(tree, **words)
    return "kept" if tree == "@result" else tree


FOLDS = (
    "object.a.map(x, x.y.map(z, z.q)).exists(r, r.exists(s, s.t == 1))",
    "object.a.exists_one(x, x.v) && object.b.all(x, object.c.exists(y, y.d == x.e))",
    "object.a.map(x, x.z, x.y)[0].w.exists(k, object.c[k] == 2)",
    "object.l.map(x, [x.a, x.b]).map(y, y[0].c)[0] == [object.a, object.b].filter(x, has(x.d))[0].e",
    "object.a.filter(x, x.matches('^g')).exists(x, object.m[x].n)",
    "object.a.map(x, 'lit').exists(t, object[t].u == 2)",
)


@pytest.mark.parametrize("texts", [*NAMES, *FOLDS])
def test_one_round_of_a_macro_reads_what_all_do(texts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = in_force(texts if texts in NAMES else NAMES[0]).compiled.policy
    if texts in FOLDS:
        check = replace(policy.validations[0], check=replace(policy.validations[0].check, text=texts))
        policy = replace(policy, validations=(check,))
    once = read_parts(policy)
    monkeypatch.setattr(reads, "parse_expression", lambda text: _by_hand(parse_expression(text)))
    to_the_end = read_parts(policy)
    assert once is not None
    assert to_the_end is not None
    assert _everything(once) == _everything(to_the_end)


def _everything(part: DocumentPart) -> object:
    under = [{name: _everything(below) for name, below in found.items()} for found in (part.fields, part.matching)]
    inside = [below and _everything(below) for below in (part.items, part.values)]
    return part.whole, part.keys, under, inside


def test_parameters_are_declared_where_there_are_any() -> None:
    def told(words: str, check: str) -> list[str]:
        policies, problems = read(f'{HEAD}{RULES}}}\n{words}  validations: [{{expression: "{check}"}}]\n')
        assert not problems
        found = bind_policies(policies, {"bindings": {"p": {"actions": ["Deny"]}}}, locate=place)
        return [diagnostic.message for diagnostic in found.diagnostics]

    kind = "  paramKind: {apiVersion: v1, kind: ConfigMap}\n"
    assert told(kind, "params.data.a == 'b'") == told("", "object.params == 'b'") == []
    assert told("", "params.data.a == 'b'") == ["policy p: undeclared reference to 'params.data.a'"]
