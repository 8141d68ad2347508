"""Kubernetes' functions of CEL: what we answer is what the API server's own library answers.

Its answers are recorded, so that these tests run without Go; where Go is, the record is held against the library.
"""

from __future__ import annotations

import json
from typing import Final

import pytest
from tests.support.go_programs import go_binary
from tests.unit.formats.cel import oracle

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.formats.cel.engine import Program, engine
from kservegen.formats.cel.outcome import CelError, CompileError
from kservegen.formats.cel.rewrite import join_quantities, rewrite

ROWS: Final = oracle.rows()

# The server refuses these when it compiles them, by types that our checker does not tell apart.
LOOSER: Final = {"[1, 2].indexOf('a')", "sets.contains([1], ['a'])", "[1, 'a']"}
# The interpreter's own `format` writes these otherwise.
WRITTEN_OTHERWISE: Final = {"'%s'.format([[1, 'a', {'b': 2}]])", "'%e'.format([1234.5])"}
# Refused as unsupported: a callback cannot return a duration.
UNSUPPORTED: Final = {"[duration('1m'), duration('1s')].sum() == duration('61s')"}
# Errors in the interpreter's own words.
OTHER_WORDS: Final = {
    "'hello'.charAt(6)",
    "'hello'.substring(3, 1)",
    "'hello'.substring(9)",
    "cidr('192.168.0.0/24').containsIP('x')",
    "format.dns1123Label().validate(self).hasValue()",
    "self.find('a')",
    "self.isSorted()",
    "self.min()",
    "self.s.all(i, v, true)",
}
KNOWN: Final = LOOSER | WRITTEN_OTHERWISE | UNSUPPORTED


def ours(expression: str, value: JsonValue) -> JsonObject:
    compiler = engine(("self",))
    program = compiler.compile(expression)
    if isinstance(program, CompileError):
        return {"unsupported": program.message} if program.unsupported else {"compile": ""}
    assert isinstance(program, Program)
    outcome = program.evaluate(compiler.scope({"self": value}))
    if isinstance(outcome, CelError):
        return {"unsupported": outcome.message} if outcome.unsupported else {"error": outcome.message}
    return {"value": plain(outcome)}


def plain(value: object) -> JsonValue:
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, float):
        return {"double": int(value) if value.is_integer() else value}
    assert value is None or isinstance(value, str | int)
    return value


CASES: Final = [(*row, answer) for row, answer in zip(ROWS, oracle.recorded(), strict=True)]
IDS: Final = [f"{text[:60]}-{index}" for index, (text, _) in enumerate(ROWS)]


@pytest.mark.parametrize(("expression", "value", "theirs"), CASES, ids=IDS)
def test_what_the_server_answers(expression: str, value: JsonValue, theirs: JsonObject) -> None:
    answer = ours(expression, value)
    if expression in KNOWN:
        assert answer != theirs, "it is the same now: take it off the list"
        assert expression not in UNSUPPORTED or "unsupported" in answer
    elif "value" in theirs:
        assert json.dumps(answer, sort_keys=True) == json.dumps(theirs, sort_keys=True)
    elif "error" in theirs:
        assert expression in OTHER_WORDS or answer == theirs
        assert "error" in answer
    else:  # what the server computes while it compiles, such as a wrong pattern, is an error of ours when it runs
        assert answer.keys() <= {"compile", "error"}


def test_the_record_is_what_the_library_says() -> None:
    binary = go_binary(oracle.GO_SOURCE)
    assert oracle.ask(binary, ROWS) == oracle.recorded(), "python -m tests.unit.formats.cel.oracle records it anew"


def test_the_table_covers_every_function() -> None:
    assert len(ROWS) > 400
    texts = "\n".join(text for text, _ in ROWS)
    assert [name for name in FUNCTIONS if f"{name}(" not in texts] == []


FUNCTIONS: Final = """
isQuantity quantity sign isInteger asInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub
isSorted sum min max indexOf lastIndexOf sets.contains sets.equivalent sets.intersects find findAll matches format
isIP ip family ip.isCanonical isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast
isCIDR cidr containsIP containsCIDR masked prefixLength isURL url getScheme getHost getHostname getPort getEscapedPath
getQuery isSemver semver major minor patch format.named format.dns1123Label format.dns1123Subdomain format.dns1035Label
format.qualifiedName format.dns1123LabelPrefix format.dns1123SubdomainPrefix format.dns1035LabelPrefix format.labelValue
format.uri format.uuid format.byte format.date format.datetime validate optional.of optional.none
optional.ofNonZeroValue orValue or value hasValue optMap optFlatMap first last all exists existsOne exists_one
transformList transformMap transformMapEntry charAt lowerAscii upperAscii substring trim split replace join reverse
strings.quote
""".split()

REWRITTEN: Final = [
    ("a.b == 'x.indexOf(1)'", "a.b == 'x.indexOf(1)'"),
    ("l.indexOf( x )", "l.indexOf_( x )"),
    ("l . indexOf (x[1, 2], [3])", "l . indexOf_(x[1, 2],  [3])"),
    ("f.validate(s).hasValue()", "f.validate_(s)[?0].hasValue()"),
    ("format.named('a').value()", "format.named_('a')[?0].value()"),
    ("named('a')", "named('a')"),
    ("l.all(x, x > 1)", "l.all(x, x > 1)"),
    ("all(i, v, true)", "all(i, v, true)"),
    ("l.all(i, v, (true)", "l.all(i, v, (true)"),
    ("l.all(1, v, true)", "l.all(1, v, true)"),
    ("// l.all(i, v, true)\ntrue", "// l.all(i, v, true)\ntrue"),
    ("t.matches('a') || x.matches", "t.match__('a') || x.matches"),
    ("t == '.matches(' && matches(t, 'a') // t.matches(t)", "t == '.matches(' && matches(t, 'a') // t.matches(t)"),
    (
        "l.all(i, // index\n v, v)",
        "l.pairs_().all(pair2_, cel.bind(i, pair2_[0], cel.bind(v, pair2_[1], v)))",
    ),
    ("l.all(i, v, v)", "l.pairs_().all(pair2_, cel.bind(i, pair2_[0], cel.bind( v, pair2_[1],  v)))"),
]


@pytest.mark.parametrize(("text", "expected"), REWRITTEN, ids=[text for text, _ in REWRITTEN])
def test_only_calls_are_rewritten(text: str, expected: str) -> None:
    assert "".join(rewrite(text).split()) == "".join(expected.split())


JOINED: Final = [
    ("quantity(a).compareTo(quantity(b)) < 1", "compareTo_(a, b) < 1"),
    ("quantity( f(a, b) ) . isLessThan ( quantity(b) )", "isLessThan_( f(a, b) , b)"),
    ("quantity(string(quantity(a).asApproximateFloat())).sign()", "quantity(string(asApproximateFloat_(a))).sign()"),
    ("a.quantity(b).compareTo(quantity(c))", "a.quantity(b).compareTo(quantity(c))"),
    ("quantity(a).compareTo(quantity(b).add(1))", "quantity(a).compareTo(quantity(b).add(1))"),
    ("quantity(a).compareTo(b.quantity(c))", "quantity(a).compareTo(b.quantity(c))"),
    ("quantity(a).add(quantity(b))", "quantity(a).add(quantity(b))"),
    ("quantity(a).compareTo", "quantity(a).compareTo"),
    ("'quantity(a).compareTo(quantity(b))' + quantity(", "'quantity(a).compareTo(quantity(b))' + quantity("),
]


@pytest.mark.parametrize(("text", "expected"), JOINED, ids=[text for text, _ in JOINED])
def test_only_questions_about_texts_are_joined(text: str, expected: str) -> None:
    assert "".join(join_quantities(text).split()) == "".join(expected.split())


@pytest.mark.parametrize(("expression", "value"), [row for row in ROWS if "quantity" in row[0]])
def test_what_is_joined_comes_to_the_same(expression: str, value: JsonValue) -> None:
    answer = ours(expression, value)
    joined = ours(join_quantities(expression), value)
    assert joined == answer or not {"value"} & (joined.keys() | answer.keys())


@pytest.mark.parametrize("text", ["authorizer.path('/x').check('get').allowed()", "optional.unwrap([optional.of(1)])"])
def test_what_is_not_supported_says_so(text: str) -> None:
    error = engine(("self",)).compile(text)
    assert isinstance(error, CompileError)
    assert error.unsupported


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("'a'.matches(5)", 12, "found no matching overload for 'matches' applied to '(string, int)'"),
        ("'a'.matches('b') + 1", 18, "found no matching overload for '_+_' applied to '(bool, int)'"),
    ],
)
def test_a_column_is_that_of_the_author_s_own_text(text: str, column: int, message: str) -> None:
    error = engine(("self",)).compile(text)
    assert error == CompileError(message=message, column=column)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("self.matches('(')", "error parsing regexp: missing closing ): `(`"),
        ("self.matches('a**')", "error parsing regexp: invalid nested repetition operator: `**`"),
        ("self.matches('(?=a)')", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"),
        (r"self.matches('\\C')", "error parsing regexp: invalid escape sequence: `\\C`"),
        ("5.matches(self)", None),
    ],
)
def test_a_pattern_is_refused_in_the_server_s_words(text: str, message: str | None) -> None:
    program = engine(("self",)).compile(text)
    if message is None:
        assert isinstance(program, CompileError)
    else:
        assert ours(text, "abc") == {"error": message}


def test_an_error_names_functions_as_their_author_knows_them() -> None:
    error = engine(("self",)).compile("[1].indexOf()")
    assert isinstance(error, CompileError)
    assert "indexOf'" in error.message
    assert "indexOf_" not in error.message
