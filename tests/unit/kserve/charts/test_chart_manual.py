"""The manual: every rule that is emitted has a page, and its samples show what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import yaml

import kservegen.kserve.charts
from kservegen.core.diagnostics import Finding
from kservegen.core.jsontypes import JsonObject
from kservegen.core.manual import written_manuals
from kservegen.kserve.charts.model import Charts
from kservegen.kserve.charts.release import check_release
from kservegen.kserve.charts.values import check_values

# That a chart is not switched on shows in an environment, not in values.
RULES = [
    written_manuals()[rule]
    for rule in sorted(written_manuals())
    if rule.startswith("kserve/chart-") and rule != "kserve/chart-missing"
]
SOURCES = Path(kservegen.kserve.charts.__file__).parent
UNKNOWN = "kserve/chart-unknown-key"
# A namespace is no value of a chart: there is no sample to show.
SAMPLED = [rule for rule in RULES if rule.id != "kserve/chart-namespace"]


def check(charts: Charts, sample: str) -> tuple[Finding, ...]:
    values = cast("dict[str, JsonObject]", yaml.safe_load(sample))
    own = (finding for chart in values for finding in check_values(charts, chart, values[chart]))
    return (*own, *check_release(charts, values, "kserve"))


def test_every_emitted_rule_has_a_page_and_every_page_a_rule() -> None:
    emitted = {
        found
        for source in SOURCES.glob("*.py")
        for found in re.findall(r'rule="([^"]+)"', source.read_text(encoding="utf-8"))
    }
    assert sorted(rule.id for rule in RULES) == sorted(emitted)


def test_a_page_is_written_as_the_others() -> None:
    assert [rule.id for rule in RULES if not re.fullmatch(r"kserve/chart-[a-z]+(-[a-z]+)*", rule.id)] == []
    assert [rule.id for rule in RULES if not all(re.fullmatch(r"T\d+", source) for source in rule.upstream)] == []


def test_the_bad_sample_breaks_the_rule_and_no_other(charts: Charts) -> None:
    found = {rule.id: {finding.rule for finding in check(charts, rule.bad)} for rule in SAMPLED}
    # A release from before the switch takes it for a key that is not there.
    before = {"kserve/chart-foreign-crds"} - {rule for rule, told in found.items() if UNKNOWN not in told}
    assert found == {rule.id: {UNKNOWN if rule.id in before else rule.id} for rule in SAMPLED}


def test_the_good_sample_breaks_nothing(charts: Charts) -> None:
    found = {rule.id: {finding.rule for finding in check(charts, rule.good)} for rule in SAMPLED}
    # What a release from before a key says of it.
    assert {rule: told for rule, told in found.items() if told - {UNKNOWN}} == {}
