"""What holds for every rule: it stands in its place, has a manual that reads well, and manifests that prove it."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.examples import examples
from tests.support.platforms import reference, release

from kservegen.checks.rules.base import Check, Context, Problem, Problems, Rule, Scope, Stage
from kservegen.checks.rules.discover import Discovered, RuleSet, collect, discover
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.jsontypes import JsonValue
from kservegen.core.resource import Resource, ResourceId

CASES = Path(__file__).parent / "rules"
RULES = discover().rules
EMPTY = Context(
    environment="test",
    release=release("v0.19.0"),
    deployment_mode="Standard",
    platform=reference("v0.19.0"),
    resources={},
)
KINDS = sorted({kind for found in RULES for kind in found.rule.kinds} | {"ServingRuntime", "ClusterStorageContainer"})


def found(rule: str, check: Check, *kinds: str) -> Discovered:
    meta = RuleMeta(id=rule, title="A title", why="A reason.", fix="A fix.")
    return Discovered(id=rule, rule=Rule(stage=Stage.RUN, check=check, kinds=frozenset(kinds)), read=lambda: meta)


def thing(doc: dict[str, JsonValue] | None = None, kind: str = "InferenceService") -> Resource:
    return Resource(
        id=ResourceId(kind, "models", "a"), api_version="serving.kserve.io/v1", doc=doc or {}, file="a.yaml"
    )


def test_ids_are_unique_and_sorted() -> None:
    ids = [found.id for found in RULES]
    assert ids == sorted(set(ids))
    assert len(ids) > 20


READS_WELL: dict[str, Callable[[RuleMeta], bool]] = {
    "the id is an area and words": lambda m: bool(
        re.fullmatch(r"(catalog|defect|gitops|kserve|kubernetes)/[a-z0-9]+(-[a-z0-9]+)*", m.id)
    ),
    "the title starts with a capital and has no full stop": lambda m: m.title[0].isupper() and m.title[-1] != ".",
    "why and fix are sentences": lambda m: m.why.endswith(".") and m.fix.endswith("."),
    "it names its source": lambda m: bool(m.upstream),
    "both samples are YAML": lambda m: all(sample and list(yaml.safe_load_all(sample)) for sample in (m.bad, m.good)),
}


@pytest.mark.parametrize("law", READS_WELL)
def test_a_manual_of_a_rule_reads_well(law: str) -> None:
    assert [found.id for found in RULES if not READS_WELL[law](found.meta)] == []


@pytest.mark.parametrize("outcome", ["pass", "fail"])
def test_manifests_prove_every_rule(outcome: str) -> None:
    assert [found.id for found in RULES if not list((CASES / found.id).glob(f"{outcome}-*.yaml"))] == []


def test_no_manifest_is_left_of_a_rule_that_went() -> None:
    folders = {"/".join(path.parts[-2:]) for path in CASES.glob("*/*") if path.is_dir() and path.name != "__pycache__"}
    assert folders == {found.id for found in RULES}


def test_every_upstream_id_of_the_table_looks_like_one() -> None:
    ids = {(found.id, entry) for found in RULES for entry in found.meta.upstream if re.match(r"[A-Z]+-", entry)}
    form = re.compile(r"(ISVC|LLM|LLMC|IG|TM|SR|LMC|LMN|LMG|CSC)-[CPS]?\d+")
    assert {(rule, entry) for rule, entry in ids if not form.fullmatch(entry)} == set()


def test_a_crash_is_a_finding_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kservegen")

    def crash(_resource: Resource, _context: Context) -> Problems:
        yield Problem((), "before")
        raise KeyError("gone")

    def say(_resource: Resource, _context: Context) -> Problems:
        yield Problem(("spec",), "said", hint="A better fix.")

    told = RuleSet((found("kserve/a", crash), found("kserve/b", say))).run([thing()], EMPTY)
    (before, first, second) = (finding for _, finding in told)
    assert before == Finding(rule="kserve/a", path=(), message="before", hint="A fix.")
    assert first.rule == "internal/rule-crashed"
    assert first.message == "rule kserve/a crashed with KeyError: 'gone'"
    assert "raise KeyError" in caplog.text
    assert second == Finding(rule="kserve/b", path=("spec",), message="said", hint="A better fix.")


def test_a_rule_sees_its_kinds_only() -> None:
    seen: list[str] = []

    def look(resource: Resource, _context: Context) -> Problems:
        seen.append(resource.kind)
        yield from ()

    rule_set = RuleSet((found("kserve/a", look, "InferenceGraph"), found("kserve/b", look)))
    rule_set.run([thing(kind="InferenceGraph"), thing(kind="Namespace")], EMPTY)
    assert seen == ["InferenceGraph", "InferenceGraph", "Namespace"]


def test_a_set_tells_stages_apart() -> None:
    rule_set = discover()
    assert rule_set.stage("kserve/replicas") is Stage.ADMISSION
    assert rule_set.stage("kserve/nope") is None
    assert {found.stage for found in rule_set.at(Stage.RUN, Stage.ADVICE).rules} == {Stage.RUN, Stage.ADVICE}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """Make a package of rules with one rule in it, `sample/area/some_rule.py`."""
    name = f"sample_{tmp_path.name.replace('-', '_')}"
    area = tmp_path / name / "area"
    area.mkdir(parents=True)
    (tmp_path / name / "__init__.py").touch()
    (area / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    module = __import__(name)
    yield module
    for loaded in [key for key in sys.modules if key.startswith(name)]:
        del sys.modules[loaded]


MANUAL = "A title.\n\nA reason.\n\nFix: Mend it."
SOURCE = '''"""{manual}"""
from kservegen.checks.rules.base import Context, Problems, Resource, Scope, Stage, rule
{lines}
'''
GOOD_RULE = "@rule(Stage.RUN, 'Namespace', scope=Scope.UPDATE)\ndef check(resource, context):\n    yield from ()"


@pytest.mark.parametrize(
    ("manual", "lines", "complaint"),
    [
        (MANUAL, "", "has no rule"),
        (MANUAL, f"{GOOD_RULE}\n{GOOD_RULE.replace('check', 'other')}", "has 2 rules"),
        ("A title.\n\nA reason.", GOOD_RULE, "the manual of area/some-rule has to be a title, a reason and a Fix"),
        ("A title.\n\nFix: Mend it.", GOOD_RULE, "the manual of area/some-rule has to be a title, a reason and a Fix"),
        (f"{MANUAL}\nFix: Again.", GOOD_RULE, "each section once"),
        (f"{MANUAL}\nSeverity: fatal", GOOD_RULE, "'fatal' is not a valid Severity"),
        ("", GOOD_RULE, "the manual of area/some-rule has to be"),
    ],
)
def test_what_does_not_fit_its_place_is_refused(
    package: types.ModuleType, manual: str, lines: str, complaint: str
) -> None:
    source = SOURCE.format(manual=manual, lines=lines)
    Path(package.__path__[0], "area", "some_rule.py").write_text(source, encoding="utf-8")
    with pytest.raises(RuntimeError, match=complaint):
        collect(package)


def test_a_rule_is_known_by_its_place_and_private_modules_are_not(package: types.ModuleType) -> None:
    area = Path(package.__path__[0], "area")
    (area / "some_rule.py").write_text(SOURCE.format(manual=MANUAL, lines=GOOD_RULE), encoding="utf-8")
    (area / "_shared.py").write_text("", encoding="utf-8")
    (one,) = collect(package).rules
    assert (one.stage, one.scope, one.rule.kinds) == (Stage.RUN, Scope.UPDATE, frozenset({"Namespace"}))
    assert one.meta == RuleMeta(id="area/some-rule", title="A title", why="A reason.", fix="Mend it.")


def test_manuals_are_there_where_python_drops_docstrings() -> None:
    script = "from kservegen.checks.rules.discover import discover; print(len(discover().rules))"
    done = subprocess.run([sys.executable, "-OO", "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(RULES)


FEW = st.sampled_from(["name", "env", "a"])
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**6) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FEW, inner, max_size=3),
    max_leaves=6,
)
FIELDS = """
    predictor transformer explainer canary model art sklearn containers initContainers workerSpec template worker
    prefill router scheduler gateway storageUri storageUris storage path uri lora adapters scaling wva keda replicas
    minReplicas maxReplicas nodes root steps nodeName serviceName inferenceService resources requests limits cpu
    nvidia.com/gpu name env args value valueFrom volumes volumeMounts mountPath ports baseRefs runtime refs
    supportedUriFormats prefix regex container storageInitializer enabled
"""
WORDS = st.sampled_from(FIELDS.split())
SPECS: st.SearchStrategy[JsonValue] = st.recursive(
    VALUES,
    lambda inner: st.dictionaries(WORDS, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=25,
)
METADATA = st.dictionaries(
    st.sampled_from(["name", "namespace", "generateName", "labels", "annotations", "finalizers"]), VALUES
)


@settings(max_examples=examples(1500))
@given(kind=st.sampled_from(KINDS), spec=SPECS, metadata=METADATA | VALUES)
def test_no_shape_makes_a_rule_crash(kind: str, spec: JsonValue, metadata: JsonValue) -> None:
    resource = thing({"kind": kind, "metadata": metadata, "spec": spec}, kind)
    other = thing({"kind": kind, "metadata": metadata, "spec": spec}, "ClusterServingRuntime")
    context = Context(
        environment="test",
        release=release("v0.20.0"),
        deployment_mode="Knative",
        platform=reference("v0.20.0"),
        resources={resource.id: resource, other.id: other},
    )
    crashes = [f for _, f in discover().run([resource, other], context) if f.rule == "internal/rule-crashed"]
    assert crashes == []
