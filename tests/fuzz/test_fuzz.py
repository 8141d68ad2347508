"""No input breaks the tool: a few of them here, as many as there is time for in `make fuzz`; and what was found so."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from tests.fuzz.cases import CASES, ENVIRONMENT, LOCK, MANIFEST, MODELS, PLAIN, Case, Kind
from tests.fuzz.judge import Judge
from tests.fuzz.shrink import shrink
from tests.support.examples import examples

from kservegen.core.diagnostics import Diagnostic, Location, Severity

JUDGE = Judge()


@settings(max_examples=examples(400))
@given(CASES)
def test_no_input_breaks_the_tool(case: Case) -> None:
    assert JUDGE.faults(case) == ()


# Inputs that broke something and were shrunk: what was wrong -> the input.
FINDS: dict[str, Case] = {
    name: Case(Kind.MANIFESTS, {MANIFEST: content})
    for name, content in {
        "JSON behind --- that is no YAML": b'\n---\n{"":"","k":{"": "l"}, "\xc2\x85c": ["l"]}',
        "a gap before a colon": b'---\n{"a"\n: 1}\n',
        "a key beyond YAML's length": b'---\n{"' + b"k" * 1100 + b'": 1, "kind": "a", "apiVersion": "v1"}\n',
        "lone CRs before a separator": b"\ra\n---\r\n"
        b'{"apiVersion": "serving.kserve.io/v1alpha1", "kind": "InferenceGraph", "metadata":93}',
        "the end of a file without a line break": b"a: [",
        "a key twice in a document of an unknown kind": b"apiVersion: a/v1\nkind: B\nspec: {a: 1, a: 2}\n",
        "a kind that no file system holds": b"apiVersion: a/v1\nkind: " + b"K" * 300 + b"\nmetadata: {name: a}\n",
        "a template behind lone CRs": b"a: b\rc: {{ .Values.x }}\n",
    }.items()
}


_LOCKED = {"num_hidden_layers": 8, "hidden_size": 64, "num_attention_heads": 8, "num_key_value_heads": 8}
_CATALOG = {"version": 1, "models": {}}
_ENVIRONMENT = {"version": 1, "kserve": {"version": "v0.19.0"}, "cluster": {"name": "dev"}, "namespaces": {"ml": {}}}
FINDS["a budget below nothing"] = Case(
    Kind.CATALOG,
    {
        MODELS: json.dumps(_CATALOG).encode(),
        ENVIRONMENT: json.dumps({**_ENVIRONMENT, "budgets": {"a": {"memory": -99}}}).encode(),
    },
)
_POOL = {"nodes": {"max": -2}}
FINDS["fewer nodes than none"] = Case(
    Kind.CHANGE,
    {
        MODELS: json.dumps(_CATALOG).encode(),
        ENVIRONMENT: json.dumps({**_ENVIRONMENT, "nodePools": {"p": _POOL}}).encode(),
    },
    {MODELS: json.dumps(_CATALOG).encode(), ENVIRONMENT: json.dumps(_ENVIRONMENT).encode()},
)
FINDS["a number beyond an int64 in a manifest"] = Case(
    Kind.CATALOG,
    {
        MODELS: json.dumps(_CATALOG).encode(),
        ENVIRONMENT: json.dumps(_ENVIRONMENT).encode(),
        PLAIN: b"apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: ml}\ntype: 9223372036854775808\n",
    },
)
_ODD_VARIABLE = {"kserve": {"version": "v0.20.0"}, "models": {"iris": {"env": [{"name": []}]}}}
FINDS["a variable whose name is a list, for gpu"] = Case(
    Kind.COMMANDS,
    {
        MODELS: json.dumps({"models": {"iris": {"storageUri": "s3://b/m"}}}).encode(),
        ENVIRONMENT: json.dumps(_ODD_VARIABLE).encode(),
    },
    commands=(("gpu", "--root", "{root}"),),
)
_ON_A_GPU = b"""\
{version: 1, models: {m: {modelFormat: huggingface, storageUri: "hf://org/m", namespace: ml,
  resources: {requests: {nvidia.com/gpu: "1"}, limits: {nvidia.com/gpu: "1"}}}}}
"""
FINDS["a card with fewer neighbours than none"] = Case(
    Kind.CATALOG,
    {
        MODELS: _ON_A_GPU,
        ENVIRONMENT: json.dumps(
            {
                **_ENVIRONMENT,
                "accelerators": {"a": {"resource": "nvidia.com/gpu", "gpu": "L4", "share": {"neighbours": -1}}},
            }
        ).encode(),
    },
)
FINDS["a compressed cache without a width"] = Case(
    Kind.CATALOG,
    {
        MODELS: _ON_A_GPU,
        ENVIRONMENT: json.dumps(
            {**_ENVIRONMENT, "accelerators": {"a": {"resource": "nvidia.com/gpu", "gpu": "L4"}}}
        ).encode(),
        LOCK: json.dumps(
            {
                "version": 1,
                "models": {
                    "hf://org/m": {
                        "config": {**_LOCKED, "vocab_size": 9, "intermediate_size": 9, "mla": {"q_lora_rank": 1}}
                    }
                },
            }
        ).encode(),
    },
)


@pytest.mark.parametrize("name", FINDS)
def test_what_was_found_stays_mended(name: str) -> None:
    assert JUDGE.faults(FINDS[name], 0) == ()  # its files and reports are written, too


def test_a_crash_a_wrong_place_and_an_internal_finding_are_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(Kind.MANIFESTS, {MANIFEST: b"a: 1\n"})
    for rule, line, expected in (
        ("yaml/syntax", 3, "wrong place of yaml/syntax: no such line"),
        ("internal/not-judged", 1, "internal/not-judged: said"),
    ):
        found = Diagnostic(rule=rule, severity=Severity.ERROR, message="said", location=Location(MANIFEST, line))
        monkeypatch.setattr("tests.fuzz.judge.Linter.finish", lambda _, found=found: (None, (found,)))
        assert [fault.kind for fault in JUDGE.faults(case)] == [expected]
    monkeypatch.setattr("tests.fuzz.judge.Linter.finish", lambda _: 1 // 0)
    assert [fault.kind.partition(" at ")[0] for fault in JUDGE.faults(case)] == ["ZeroDivisionError"]


def test_a_failing_input_is_cut_down_to_what_fails() -> None:
    case = Case(Kind.CATALOG, {MODELS: b"models: {a: {x: 1, y: [1, 2]}, b: {}}\n", "other.yaml": b"[1, 2, 3"})
    small = shrink(case, lambda smaller: b"y" in smaller.files[MODELS])
    assert small.files == {MODELS: b"y", "other.yaml": b""}
