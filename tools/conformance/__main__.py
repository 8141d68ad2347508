"""Print how often our verdicts equal the recorded ones, and every case where they differ; exit 1 below the targets.

`python -m tools.conformance [--quiet]`
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable

from tools.conformance.cases import (
    ALIKE,
    RECORDS,
    RELEASES,
    SAMPLES,
    Case,
    admission_cases,
    controller_cases,
    judge,
    recorded,
)
from tools.conformance.deployed import recorded_random, score_alone, score_random, score_together
from tools.conformance.made import SAMPLE, banks, compare_made, read_records, score_bank
from tools.conformance.samples import check_samples
from tools.conformance.updates import recorded_updates, score_updates

from kservegen.core.diagnostics import Severity
from kservegen.evaluate.manifests import DocumentReport

LEAST_ADMISSION, LEAST_CONTROLLER = 99.5, 99.0


def compare(
    title: str, cases: Iterable[Case], version: str, verdict: Callable[[DocumentReport], bool | None], least: float
) -> list[str]:
    """Print one comparison; return what misses its target."""
    cases = list(cases)
    reports = judge(((case.id, case.manifest) for case in cases), version)
    pairs = list(zip(cases, reports, strict=True))
    alarms = [(case, report) for case, report in pairs if case.verdict and not verdict(report)]
    misses = [(case, report) for case, report in pairs if not case.verdict and verdict(report)]
    agreement = 100 * (1 - (len(alarms) + len(misses)) / len(cases))
    print(f"\n## {title}, KServe {version}: {agreement:.2f} % of {len(cases):,} equal (target {least} %)")
    print(f"false alarms {len(alarms)}, misses {len(misses)}")
    wrong = {case.id for case, _ in alarms + misses}
    _table("kind of case", ((case.id.partition("/")[0], case.id in wrong) for case in cases))
    _table("class", ((case.group, case.id in wrong) for case in cases))
    _table("reason", ((case.reason, case.id in wrong) for case in cases))
    if "--quiet" not in sys.argv:
        for case, report in alarms:
            errors = [d for d in report.diagnostics if d.severity is Severity.ERROR]
            print(f"false alarm {case.id}: " + "; ".join(f"{d.rule} {d.path}: {d.message}" for d in errors))
        for reason, count in Counter(case.reason for case, _ in misses).most_common():
            print(f"missed, {reason}: {count}")
            print("   " + " ".join(sorted(case.id for case, _ in misses if case.reason == reason)))
    failures = [f"{title} {version}: {agreement:.2f} % is below {least} %"] if agreement < least else []
    if alarms:
        failures.append(f"{title} {version}: {len(alarms)} good manifests are refused")
    return failures


def _table(title: str, rows: Iterable[tuple[str, bool]]) -> None:
    total, wrong = Counter[str](), Counter[str]()
    for group, differs in rows:
        total[group] += 1
        wrong[group] += differs
    print(f"{title}: " + ", ".join(f"{name} {total[name] - wrong[name]}/{total[name]}" for name in sorted(total)))


def main() -> int:
    """Compare everything."""
    failures: list[str] = []
    for version in recorded("admission"):
        failures += compare("admission", admission_cases(version), version, _admitted, LEAST_ADMISSION)
    for version in recorded("admission", ALIKE):
        cases = admission_cases(version, ALIKE)
        missed = compare("admission of the same manifests", cases, version, _admitted, LEAST_ADMISSION)
        failures += missed if RELEASES.get(version).is_reviewed else []
    for version in recorded("controller"):
        failures += compare("deployed", controller_cases(version), version, _deployable, LEAST_CONTROLLER)
    if SAMPLES.is_dir():
        failures += [failure for version in recorded("admission") for failure in check_samples(version)]
    else:
        print("\n## samples: skipped, upstream's samples (KSERVEGEN_SHARED) are not here")
    print("\n## whether the workloads come")
    for version in recorded("controller"):
        failures += score_alone(read_records(RECORDS / f"controller-{version}.jsonl"), version)
    failures += score_random(recorded_random())
    for version in recorded("controller", ALIKE):
        records = read_records(ALIKE / f"controller-{version}.jsonl")
        missed = score_together("same services", records, version)
        failures += missed if RELEASES.get(version).is_reviewed else []
    failures += score_updates(recorded_updates())
    print("\n## made objects")
    if not banks():
        print("skipped, the recorded banks (KSERVEGEN_SHARED) are not here: the sample alone is compared")
    failures += [failure for file in banks() for failure in score_bank(file)]
    for difference in compare_made(read_records(SAMPLE)):
        print(f"differs from the sample {difference.id}: {', '.join(difference.places)}")
    print("\n" + ("\n".join(failures) or "all targets reached"))
    return 1 if failures else 0


def _admitted(report: DocumentReport) -> bool | None:
    return report.admitted


def _deployable(report: DocumentReport) -> bool | None:
    return report.deployable


if __name__ == "__main__":
    sys.exit(main())
