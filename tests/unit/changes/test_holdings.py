"""What a change of owners.yaml gives and takes, in sentences, and where a plan says it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.support.git_repository import commit_files, new_repository
from tests.support.project import Project

from kservegen.catalog.owners import Owners
from kservegen.changes.plan.holdings import holdings_changed
from kservegen.commands.plan import PlanOptions, plan_changes
from kservegen.report.plan_json import changes_as_json
from kservegen.report.plan_words import verdict

BEFORE = """\
platform: {reviewers: ["@p"]}
teams:
  ads: {reviewers: ["@a"], namespaces: [ads]}
  search: {reviewers: ["@s"], namespaces: [search], kinds: [InferenceService], words: [spec], environments: [dev]}
"""
CHANGES = {
    "namespaces: [ads]": ("namespaces: [ads, ads-*]", ["ads may hold namespace ads-*"]),
    "[search]": ("[find]", ["search may hold namespace find", "search may no longer hold namespace search"]),
    "[InferenceService]": ("[InferenceService, TrainedModel]", ["search may hold kind TrainedModel"]),
    "words: [spec]": ("words: []", ["search may no longer use spec"]),
    "environments: [dev]": ("environments: [dev, prod]", ["search may be in prod"]),
    ", environments: [dev]": ("", ["search may be in every environment", "search may no longer be in dev"]),
    '["@a"]': ('["@b"]', ["reviewers of ads: @a -> @b"]),
    '["@p"]': (
        '["@q"], words: [image]',
        ["image is a guarded word", "every team may use spec", "reviewers of platform: @p -> @q"],
    ),
    "namespaces: [ads]}": ("namespaces: [ads], quota: {cpu: 3}}", ["the quota of ads changes"]),
    "  ads": (
        "  bids",
        ["ads is no team any more (ads)", "bids is a new team (ads)", "bids takes namespace ads from ads"],
    ),
    "  ads: {": (
        "  evil: {files: [models/ads/x.yaml], namespaces: [sea*], words: [spec], kinds: [RoleBinding]}\n  ads: {",
        [
            "evil is a new team (sea*)", "evil may hold kind RoleBinding", "evil may use spec",
            "evil takes file models/ads/x.yaml from ads", "evil takes namespace sea* from search",
        ],
    ),
    "namespaces: [ads]}\n": (
        "namespaces: [ads, search]}\n", ["ads may hold namespace search", "ads takes namespace search from search"],
    ),
    'reviewers: ["@a"], ': (
        'reviewers: ["@a"], files: [models/ads.yaml], ',
        ["ads may no longer hold file models/ads/"],
    ),
    '{reviewers: ["@p"]}': (
        '{reviewers: ["@p"], namespaces: {labels: {a: b}}}',
        ["what the platform says of all teams changes"],
    ),
    "teams:": ("teams:", []),
}  # fmt: skip


def owners(text: str) -> Owners:
    return Owners.of(yaml.safe_load(text))


@pytest.mark.parametrize("old", CHANGES)
def test_sentences(old: str) -> None:
    new, said = CHANGES[old]
    assert old in BEFORE
    assert list(holdings_changed(owners(BEFORE), owners(BEFORE.replace(old, new)))) == said


def test_the_first_owners_and_the_last() -> None:
    assert list(holdings_changed(None, owners(BEFORE))) == ["2 teams from now on"]
    assert list(holdings_changed(owners(BEFORE), None)) == ["2 teams no longer: every file may hold everything"]
    assert list(holdings_changed(None, None)) == []


def test_a_plan_says_it(tmp_path: Path) -> None:
    new_repository(tmp_path)
    project = Project(tmp_path)
    project.write("owners.yaml", f"version: 1\n{BEFORE}")
    commit_files(tmp_path, {})
    project.write("owners.yaml", f"version: 1\n{BEFORE}".replace("[search]", "[search, find]"))
    plan = plan_changes(project.repository, PlanOptions(base="HEAD")).plan
    assert plan.holdings == ("search may hold namespace find",)
    assert verdict(plan).endswith("owners.yaml: search may hold namespace find")
    assert changes_as_json(plan)["holdings"] == ["search may hold namespace find"]
