"""KServe's own samples: every one that the API takes passes, every other is refused for the reason that is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tools.conformance.cases import SAMPLES, judge

from kservegen.core.diagnostics import Severity
from kservegen.evaluate.manifests import DocumentReport


class Refused(NamedTuple):
    """A sample that no release takes: part of its path, the object's name ("" for any), the rule, the place."""

    path: str
    name: str
    rule: str
    place: str


REFUSED = (
    Refused("gcp-iap/", "", "schema/not-found", "apiVersion"),
    Refused("explanation/aif/germancredit/bias-v1alpha1", "", "schema/not-found", "apiVersion"),
    Refused("storage/pvc/mnist-pvc", "", "schema/not-found", "apiVersion"),
    Refused("explanation/alibi/", "", "schema/unknown-field", "spec.explainer.alibi"),
    Refused("bentoml/", "", "schema/unknown-field", "spec.predictor.container"),
    Refused("rollout-strategy-example", "multinode-example", "kserve/implementation", "spec.predictor"),
    Refused("rollout-strategy-example", "", "schema/unknown-field", "spec.transformer.custom"),
    Refused("multimodelserving/sklearn/inferenceservice", "", "kserve/model-name-field", "spec.predictor.sklearn.name"),
    Refused("bloom/bloom-560m", "", "schema/unknown-field", "spec.predictor.nodeName"),
    # The pool's CRD asks for a selector and ports; these two leave them to the preset that they are merged with.
    Refused("e2e-gpt-oss/llmisvc_config_default", "", "schema/missing-field", "spec.router.scheduler.pool.spec"),
    Refused("e2e-gpt-oss/llmisvc_config_prefix_cache", "", "schema/missing-field", "spec.router.scheduler.pool.spec"),
)
# Samples with {placeholders}, which are no YAML before somebody fills them in.
PLACEHOLDERS = ("bentoml/", "custom/torchserve/", "model-archiver/")


def check_samples(version: str) -> list[str]:
    """Print the samples' verdicts under a release; return what is not as it should be."""
    files = sorted(path for path in SAMPLES.rglob("*") if path.suffix in {".yaml", ".yml"})
    names = {path.relative_to(SAMPLES).as_posix(): path for path in files}
    reports = judge(((name, path.read_bytes()) for name, path in names.items()), version)
    wrong = [problem for report in reports if (problem := _judge_one(report))]
    refused = sum(report.admitted is False for report in reports)
    print(f"\n## samples, KServe {version}: {len(reports)} objects of {len(files)} files, {refused} refused as known")
    print("\n".join(wrong) or "each as it should be")
    return [f"samples, {version}: {len(wrong)} are not judged as they should be"] if wrong else []


def _judge_one(report: DocumentReport) -> str:
    errors = [d for d in report.diagnostics if d.severity is Severity.ERROR]
    told = "; ".join(f"{d.rule} {d.path}: {d.message}" for d in errors)
    expected = next(_expected(report), None)
    if any(d.rule.startswith("yaml/") for d in errors):
        return "" if any(part in report.file for part in PLACEHOLDERS) else f"{report.file}: unreadable: {told}"
    if expected is None:
        return "" if report.admitted is not False else f"{report.file} {report.name}: refused: {told}"
    if any(d.rule == expected.rule and d.path.startswith(expected.place) for d in errors):
        return ""
    return f"{report.file} {report.name}: wanted {expected.rule} {expected.place}, got {told or 'nothing'}"


def _expected(report: DocumentReport) -> Iterator[Refused]:
    return (r for r in REFUSED if r.path in report.file and r.name in ("", report.name))
