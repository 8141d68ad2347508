"""owners.yaml: what makes no sense in it, and which files reach beyond what their team holds."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.git_repository import commit_files, new_repository
from tests.support.project import CLUSTER, Project

from kservegen.changes.bases import open_commit
from kservegen.core.diagnostics import Diagnostic, Severity, merge_diagnostics
from kservegen.evaluate.repository import EvaluationOptions, evaluate_repository
from kservegen.git.process import open_git

OWNERS = """\
version: 1
platform: {reviewers: ["@acme/platform"]}
teams:
  ads: {reviewers: ["@acme/ads"], namespaces: [ads, ads-*], kinds: [InferenceService, ClusterServingRuntime]}
  search: {reviewers: ["@acme/search"], namespaces: [search], environments: [base], words: [spec]}
"""
BESIDE = """\
  beside:
    {reviewers: ["@b"], namespaces: [beside], files: [manifests/all/beside/], kinds: [policy/PodDisruptionBudget]}
"""
ADS = "version: 1\ndefaults: {namespace: ads}\nmodels:\n  ranker: {modelFormat: sklearn, storageUri: s3://m/r}\n"
SEARCH = "version: 1\ndefaults: {namespace: search}\nmodels:\n"
SEARCH += "  find: {modelFormat: sklearn, storageUri: s3://m/f, environments: [base]}\n"
BEYOND = "owners/beyond-team"
MODEL = "modelFormat: sklearn, storageUri: s3://m/x"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two teams and the platform; dev extends a base, prod does not."""
    made = Project(tmp_path)
    prepare(made)
    return made


def prepare(made: Project) -> None:
    made.write("environments/bases/base.yaml", "version: 1\n")
    made.write("environments/defaults.yaml", "version: 1\nnamespaces: {ns: {}, other: {}, free: {}, kserve: {}}\n")
    made.write("environments/dev.yaml", CLUSTER.replace("version: 1", "version: 1\nextends: [base]"))
    made.write("environments/prod.yaml", CLUSTER.replace("name: dev", "name: prod"))
    made.write("models/ads.yaml", ADS)
    made.write("models/search.yaml", SEARCH)
    made.write("owners.yaml", OWNERS)


def said(project: Project, area: str = "owners/") -> list[str]:
    found = (d for d in project.validate().diagnostics if d.rule.startswith(area) and not d.rule.endswith("codeowners"))
    return [f"{d.location} {d.rule}: {d.message}" for d in found]


def test_who_keeps_to_what_it_holds_hears_nothing(project: Project) -> None:
    assert project.problems() == ["owners.yaml:1:1 owners/stale-codeowners"]
    assert project.validate().diagnostics[0].severity is Severity.INFO


class Reach(NamedTuple):
    """A file, what is in it, and what is said of it, with the line and column."""

    text: str
    found: tuple[str, ...] = ()
    file: str = "models/ads.yaml"


def ads(entry: str, **sections: str) -> str:
    rest = "".join(f"{word}: {value}\n" for word, value in sections.items())
    return f"version: 1\n{rest or 'defaults: {namespace: ads}' + chr(10)}models:\n  x: {{{entry}}}\n"


NAMESPACE = "ads does not hold namespace {}"
REACHES = {
    "namespace of an entry": Reach(ads(f"namespace: free, {MODEL}"), ("4:18 " + NAMESPACE.format("free"),)),
    "namespace of another team": Reach(
        ads(f"namespace: search, {MODEL}"), ("4:18 ads does not hold namespace search, search does",)
    ),
    "namespace of the platform's charts": Reach(
        ads(f"namespace: kserve, {MODEL}"), ("4:18 " + NAMESPACE.format("kserve"),)
    ),
    "namespace of the file's defaults": Reach(
        ads(MODEL, defaults="{namespace: free}"), ("2:23 " + NAMESPACE.format("free"),)
    ),
    "defaults that no entry takes": Reach(ads(f"namespace: ads, {MODEL}", defaults="{namespace: free}")),
    "namespace of a profile": Reach(
        ads(f"profile: p, {MODEL}", profiles="{p: {namespace: free}}"), ("2:27 " + NAMESPACE.format("free"),)
    ),
    "namespace in the key": Reach(
        f"version: 1\nmodels:\n  free/x: {{{MODEL}}}\n", ("3:3 " + NAMESPACE.format("free"),)
    ),
    "own namespace in the key": Reach(f"version: 1\nmodels:\n  ads/x: {{{MODEL}}}\n"),
    "a name that a pattern takes in": Reach(ads(f"namespace: ads-eu, {MODEL}")),
    "a name that begins like a pattern": Reach(ads(f"namespace: adsx, {MODEL}"), ("4:18 " + NAMESPACE.format("adsx"),)),
    "a kind that is not listed": Reach(
        ads("kind: LLMInferenceService, model: hf://a/b"), ("4:13 ads does not hold kind LLMInferenceService",)
    ),
    "a graph": Reach(
        "version: 1\ngraphs:\n"
        "  g: {namespace: ads, nodes: {root: {routerType: Sequence, steps: [{serviceName: ranker}]}}}\n",
        ("3:3 ads does not hold kind InferenceGraph",),
    ),
    "a kind of the cluster that is listed": Reach(
        "version: 1\nruntimes:\n  r: {kind: ClusterServingRuntime, supportedModelFormats: [{name: sklearn}],"
        " containers: [{name: kserve-container, image: 'a/b:1'}]}\n"
    ),
    "a kind of the cluster that nobody listed": Reach(
        "version: 1\nruntimes:\n  r: {kind: ClusterServingRuntime, environments: [base],"
        " supportedModelFormats: [{name: sklearn}], containers: [{name: kserve-container, image: 'a/b:1'}]}\n",
        ("3:13 search does not hold kind ClusterServingRuntime",),
        "models/search.yaml",
    ),
    "a guarded word": Reach(ads(f"{MODEL}, spec: {{}}"), ("4:51 ads may not use the word spec",)),
    "a guarded word in defaults": Reach(
        ads(MODEL, defaults="{namespace: ads, spec: {}}"), ("2:28 ads may not use the word spec",)
    ),
    "a guarded word in a profile": Reach(
        ads(f"profile: p, {MODEL}", defaults="{namespace: ads}", profiles="{p: {spec: {}}}"),
        ("3:16 ads may not use the word spec",),
    ),
    "a guarded word that is listed": Reach(SEARCH.replace("s3://m/f", "s3://m/f, spec: {}"), file="models/search.yaml"),
    "another team's owner": Reach(ads(f"{MODEL}, owner: search"), ("4:58 ads has an entry that says owner: search",)),
    "another team's owner in defaults": Reach(
        ads(MODEL, defaults="{namespace: ads, owner: platform}"),
        ("2:35 ads has an entry that says owner: platform",),
    ),
    "its own owner": Reach(ads(f"{MODEL}, owner: ads")),
    "an environment that it is not in": Reach(
        SEARCH.replace(", environments: [base]", ""), ("4:3 search is not in prod",), "models/search.yaml"
    ),
    "an environment that it is not in, named": Reach(
        SEARCH.replace("[base]", "[base, prod]"), ("4:68 search is not in prod",), "models/search.yaml"
    ),
    "a file in the team's folder": Reach(
        ads(f"namespace: free, {MODEL}"), ("4:18 " + NAMESPACE.format("free"),), "models/ads/more.yaml"
    ),
    "a file deep in the team's folder": Reach(
        ads(f"namespace: free, {MODEL}"), ("4:18 " + NAMESPACE.format("free"),), "models/ads/a/b/more.yaml"
    ),
    "a file that only begins like the team's": Reach(ads(f"namespace: free, {MODEL}"), file="models/ads-more.yaml"),
    "a file of the platform": Reach(ads(f"namespace: search, {MODEL}"), file="models/other.yaml"),
    "what two words reach": Reach(
        ads(f"namespace: free, owner: search, {MODEL}"),
        ("4:18 " + NAMESPACE.format("free"), "4:31 ads has an entry that says owner: search"),
    ),
    "a namespace that is no text": Reach(ads(f"namespace: [free], {MODEL}")),
    "a spec that is no map": Reach(ads(f"{MODEL}, spec: 3"), ("4:51 ads may not use the word spec",)),
    "an owner that is no text": Reach(ads(f"{MODEL}, owner: [search]")),
    "an entry that is no map": Reach("version: 1\nmodels: {x: 3}\n"),
    "a deeper word of the same name": Reach(ads(f"{MODEL}, labels: {{spec: a, owner: b}}")),
    "what stands beside models": Reach(
        ads(MODEL, extraManifests="{ServiceAccount/ads/x: {}}"), ("2:18 ads does not hold kind ServiceAccount",)
    ),
    "a plain manifest": Reach(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: free}\n",
        ("2:7 beside does not hold kind ConfigMap", "3:32 beside does not hold namespace free"),
        "manifests/all/beside/a.yaml",
    ),
    "a spec beside models is no guarded word": Reach(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a, namespace: beside}\nspec: {}\n",
        file="manifests/all/beside/a.yaml",
    ),
    "a spec that takes itself back": Reach(ads(f"{MODEL}, spec: null")),
}


@pytest.mark.parametrize("name", REACHES)
def test_reach(name: str, project: Project) -> None:
    reach = REACHES[name]
    project.write(reach.file, reach.text)
    project.write("owners.yaml", OWNERS + BESIDE)
    found = [d for d in project.validate().diagnostics if d.rule == BEYOND]
    assert [f"{d.location} {d.message}" for d in found] == [f"{reach.file}:{each}" for each in reach.found]


def test_what_many_entries_reach_is_one_finding_with_its_places(project: Project) -> None:
    entries = "".join(f"  m{number}: {{namespace: free, {MODEL}}}\n" for number in range(9))
    project.write("models/ads.yaml", f"version: 1\nmodels:\n{entries}")
    (found,) = [d for d in project.validate().diagnostics if d.rule == BEYOND]
    assert len(found.places) == len(found.entries) == 9
    assert found.environments == ("dev", "prod")
    assert (found.seen, found.allowed) == ("free", "ads, ads-*")


def test_what_the_platform_says_of_a_teams_entry_is_no_reach_of_the_team(project: Project) -> None:
    project.write("environments/prod.yaml", CLUSTER + "models: {ranker: {namespace: free, spec: {}}}\n")
    assert said(project) == []


def test_a_namespace_that_shared_defaults_give_is_one_that_the_entry_reaches(project: Project) -> None:
    project.write("models/_shared.yaml", "version: 1\nshared: {defaults: {namespace: free, spec: {}}}\n")
    project.write("models/ads.yaml", f"version: 1\nmodels:\n  x: {{{MODEL}}}\n")
    assert said(project) == [f"models/ads.yaml:3:3 {BEYOND}: ads does not hold namespace free"]


def test_kinds_that_come_by_themselves_are_told(project: Project) -> None:
    project.write("owners.yaml", OWNERS.replace(", kinds: [InferenceService, ClusterServingRuntime]", ""))
    project.write("models/ads.yaml", ads(MODEL, extraManifests="{ServiceAccount/ads/x: {}}"))
    (found,) = [d for d in project.validate().diagnostics if d.rule == BEYOND]
    assert found.allowed == "KServe's kinds that have a namespace; others by name, in `kinds`"


def test_one_mistake_is_told_once_with_the_name_that_was_meant(project: Project) -> None:
    project.write("models/ads.yaml", ads(f"namespace: add, owner: nobody, {MODEL}"))
    found = {d.rule: d for d in project.validate().diagnostics if d.location.file == "models/ads.yaml"}
    assert found.keys() == {BEYOND}
    told = [(d.seen, d.hint) for d in project.validate().diagnostics if d.rule == BEYOND]
    assert told == [
        ("add", "Did you mean ads?"),
        (
            "nobody",
            "Remove the word, or move the entry to a file of its owner; docs/teams.md says how two teams become one.",
        ),
    ]


def test_the_platform_says_which_words_are_guarded(project: Project) -> None:
    owners = OWNERS.replace('platform"]', 'platform"], words: [image]')
    project.write("owners.yaml", owners.replace("words: [spec]", "words: []"))
    model = f"{MODEL}, spec: {{}}, image: 'a/b:1', transformer: {{image: 'a/c:1'}}"
    project.write("models/ads.yaml", ads(model))
    (found,) = [
        d for d in project.validate().diagnostics if d.rule.startswith("owners/") and "codeowners" not in d.rule
    ]
    places = [str(place.location) for place in found.everywhere]
    assert places == ["models/ads.yaml:4:61", "models/ads.yaml:4:91"]


WORDS = {
    "a kind": ("kinds: [InferenceServices]", "4:15 unknown-name KServe has no kind InferenceServices"),
    "a kind that stands beside models": ("kinds: [ServiceAccount, rbac.authorization.k8s.io/Role]", ""),
    "a kind of KServe's group": (
        "kinds: [serving.kserve.io/Role]",
        "4:15 unknown-name KServe has no kind serving.kserve.io/Role",
    ),
    "a folder of manifests": (
        "files: [models/ads.yaml, manifests/prod/a/]",
        "4:15 no-such-file the catalog has nothing at models/ads.yaml",
    ),
    "a word": ("words: [image]", "4:15 unknown-name image is no guarded word: every team may use it"),
    "an environment": ("environments: [pro]", "4:22 unknown-name there is no environment pro"),
    "an accelerator": (
        "quota: {accelerator: h1, limit: 2}",
        "4:28 unknown-name no environment has an accelerator h1, so this limits nothing",
    ),
    "a file": ("files: [models/ad.yaml]", "4:15 no-such-file the catalog has nothing at models/ad.yaml"),
    "a folder": ("files: [models/ad/]", "4:15 no-such-file the catalog has nothing at models/ad/"),
    "a file of another": ("files: [models/b.yaml]", "5:6 held-twice models/b.yaml is held by a, too"),
    "a folder of another": (
        "files: [models/b/x.yaml]",
        "4:15 held-twice models/b/ is held by b, too, which takes in models/b/x.yaml",
    ),
    "a namespace of another": ("namespaces: [b]", "5:44 held-twice b is held by a, too"),
    "a pattern around another's": ("namespaces: ['b*']", "5:44 held-twice b* is held by a, too, which takes in b"),
    "a pattern within another's": (
        "namespaces: [c-x-*]",
        "4:20 held-twice c-* is held by b, too, which takes in c-x-*",
    ),
    "a namespace within a pattern": ("namespaces: [c-x]", "4:20 held-twice c-* is held by b, too, which takes in c-x"),
    "one's own pattern": ("namespaces: [a, a-*, a-x]", ""),
    "in another environment": ("namespaces: [b], environments: [prod]", ""),
    "a name that only begins alike": ("namespaces: [c]", ""),
}


@pytest.mark.parametrize("name", WORDS)
def test_words_of_owners_name_what_there_is(name: str, project: Project) -> None:
    words, expected = WORDS[name]
    project.write(
        "owners.yaml",
        "version: 1\nplatform: {reviewers: ['@p']}\nteams:\n"
        f"  a: {{{words}, reviewers: ['@a']}}\n"
        "  b: {reviewers: ['@b'], namespaces: [c-*, b], environments: [dev]}\n",
    )
    project.write("models/b/x.yaml", "version: 1\n")
    project.write("models/b.yaml", "version: 1\n")
    for file in ("ads", "search"):
        (project.root / f"models/{file}.yaml").unlink()
    found = [d for d in project.validate().diagnostics if d.rule.startswith("owners/") and "codeowners" not in d.rule]
    told = [f"{d.location.line}:{d.location.column} {d.rule.partition('/')[2]} {d.message}" for d in found]
    assert told == ([expected] if expected else [])
    assert all(d.location.file == "owners.yaml" for d in found)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("ads-companions", "schema/not-allowed"),  # Argo CD's project of what stands beside the models of `ads`
        ("platform", "schema/not-allowed"),
        ("companions", ""),
        ("ads-companions-x", ""),
        ("''", "schema/pattern"),
        ("' '", "schema/pattern"),
        ('"a\\n"', "schema/pattern"),
    ],
)
def test_a_team_is_called_so_that_nothing_else_is(name: str, rule: str, project: Project) -> None:
    project.write(
        "owners.yaml",
        f"version: 1\nplatform: {{reviewers: ['@p']}}\nteams:\n  {name}: {{reviewers: ['@a'], namespaces: [x]}}\n",
    )
    found = [d for d in project.validate().diagnostics if d.rule.startswith("schema/")]
    assert [(d.rule, str(d.location)) for d in found] == ([(rule, "owners.yaml:4:3")] if rule else [])
    if rule == "schema/not-allowed":
        assert found[0].hint.startswith("Call the team otherwise: platform, and what ends in -companions,")


def test_a_blank_owner_is_told_as_that(project: Project) -> None:
    project.write("models/search.yaml", SEARCH.replace("namespace: search", "namespace: search, owner: ''"))
    messages = [d.message for d in project.validate().diagnostics if d.rule == "owners/unknown-team"]
    assert messages == ["there is no team of a blank name in owners.yaml"]


@pytest.mark.parametrize(("word", "said"), [("limit: 2", "limit"), ("accelerator: l4", "accelerator")])
def test_half_a_quota_of_accelerators_limits_nothing(project: Project, word: str, said: str) -> None:
    defaults = (project.root / "environments/defaults.yaml").read_text("utf-8")
    project.write("environments/defaults.yaml", defaults + "accelerators: {l4: {resource: nvidia.com/gpu}}\n")
    project.write("owners.yaml", OWNERS.replace("namespaces: [search]", f"namespaces: [search], quota: {{{word}}}"))
    found = [d for d in project.validate().diagnostics if d.path.startswith("teams.search.quota")]
    assert [(d.rule, d.location.line, d.message.split()[0]) for d in found] == [("budget/no-limit", 5, said)]


def test_a_name_that_was_probably_meant_is_told(project: Project) -> None:
    project.write("owners.yaml", OWNERS.replace("[base]", "[bse]").replace("InferenceService,", "InferenceServic,"))
    hints = {d.seen: d.hint for d in project.validate().diagnostics if d.rule == "owners/unknown-name"}
    assert hints == {"bse": "Did you mean base?", "InferenceServic": "Did you mean InferenceService?"}


def test_an_owner_that_is_no_team_is_told_once(project: Project) -> None:
    project.write("models.yaml", f"version: 1\nmodels:\n  a: {{namespace: ns, owner: serach, {MODEL}}}\n")
    project.write(
        "models/b.yaml", f"version: 1\ndefaults: {{namespace: ns, owner: serach}}\nmodels:\n  b: {{{MODEL}}}\n"
    )
    (found,) = [d for d in project.validate().diagnostics if d.rule == "owners/unknown-team"]
    assert [str(place.location) for place in found.everywhere] == ["models.yaml:3:29", "models/b.yaml:2:34"]
    assert (found.hint, found.allowed) == ("Did you mean search?", "platform, ads, search")
    (project.root / "owners.yaml").unlink()
    assert said(project) == []


SHAPES = (
    "version: 2\nplatform: {reviewers: ['@p']}\n",
    "version: 1\n",
    "version: 1\nplatform: {reviewers: []}\n",
    "version: 1\nplatform: {reviewers: ['p q']}\n",
    'version: 1\nplatform: {reviewers: ["@p\\n* @me"]}\n',
    "version: 1\nplatform: {reviewers: ['#p']}\n",
    "version: 1\nplatform: {reviewers: ['@p'], codeowners: {'a b': ['@p']}}\n",
    *(
        f"version: 1\nplatform: {{reviewers: ['@p']}}\nteams: {teams}\n"
        for teams in (
            "{Ads: {reviewers: ['@a']}}",
            "{platform: {reviewers: ['@a']}}",
            "{a: {}}",
            "{a: 3}",
            "[a]",
            "{a: {reviewers: ['@a'], files: [../x.yaml]}}",
            "{a: {reviewers: ['@a'], files: [models/../x.yaml]}}",
            "{a: {reviewers: ['@a'], files: [owners.yaml]}}",
            "{a: {reviewers: ['@a'], files: [environments/]}}",
            "{a: {reviewers: ['@a'], files: [models/]}}",
            "{a: {reviewers: ['@a'], files: ['models/*']}}",
            "{a: {reviewers: ['@a'], namespaces: ['*']}}",
            "{a: {reviewers: ['@a'], namespaces: ['a*b']}}",
            "{a: {reviewers: ['@a'], namespaces: {a: {}}}}",
            "{a: {reviewers: ['@a'], quota: {}}}",
            "{a: {reviewers: ['@a'], quota: {cpus: 3}}}",
            "{a: {reviewers: ['@a'], namespace: a}}",
        )
    ),
)


@pytest.mark.parametrize("text", SHAPES)
def test_a_wrong_shape_is_a_finding_at_its_line(text: str, project: Project) -> None:
    project.write("owners.yaml", text)
    project.write("environments/defaults.yaml", "version: 1\nnamespaces: {ads: {}, search: {}}\n")
    found = [d for d in project.validate().diagnostics if d.severity is Severity.ERROR]
    assert {d.location.file for d in found} == {"owners.yaml"}
    assert {d.rule.partition("/")[0] for d in found} == {"schema"}


def test_owners_that_cannot_be_read_are_one_finding(project: Project) -> None:
    project.write("owners.yaml", "version: 1\nplatform: {\n")
    assert [line.partition(" ")[2] for line in project.problems()] == ["yaml/syntax"]
    project.write("owners.yaml", "- a\n")
    assert project.problems() == ["owners.yaml:1:1 catalog/not-a-map"]


# --- a change gives itself no rights ---


def judged(root: Path) -> list[Diagnostic]:
    project = Project.at(root)
    base = open_commit(open_git(root), "HEAD").revision
    options = EvaluationOptions(names=(), out=root / "rendered", base=base)
    found = evaluate_repository(project.repository, options).diagnostics
    return [d for d in merge_diagnostics(found) if d.rule == BEYOND]


@pytest.fixture
def committed(tmp_path: Path) -> Project:
    new_repository(tmp_path)
    made = Project(tmp_path)
    prepare(made)
    commit_files(tmp_path, {})
    return made


GIVEN = {
    "namespace": (OWNERS.replace("[ads, ads-*]", "[ads, free]"), ads(f"namespace: free, {MODEL}")),
    "kind": (
        OWNERS.replace("[InferenceService,", "[LLMInferenceService, InferenceService,"),
        ads("kind: LLMInferenceService, model: hf://a/b"),
    ),
    "word": (OWNERS.replace("kinds: [", "words: [spec], kinds: ["), ads(f"{MODEL}, spec: {{}}")),
    "guard": (OWNERS.replace('platform"]', 'platform"], words: []'), ads(f"{MODEL}, spec: {{}}")),
    "files": (OWNERS.replace("  ads: {", "  ads: {files: [models/else.yaml], "), ads(f"namespace: free, {MODEL}")),
    "no teams": (OWNERS.partition("teams:")[0], ads(f"namespace: free, {MODEL}")),
    "no file": ("", ads(f"namespace: free, {MODEL}")),
}


@pytest.mark.parametrize("name", GIVEN)
def test_what_a_change_gives_itself_counts_from_the_next_one_on(name: str, committed: Project) -> None:
    owners, text = GIVEN[name]
    committed.write("models/ads.yaml", text)
    committed.write("owners.yaml", owners)
    if not owners:
        (committed.root / "owners.yaml").unlink()
    assert [d for d in committed.validate().diagnostics if d.rule == BEYOND] == []
    found = judged(committed.root)
    assert {d.message.partition(",")[0] for d in found} == {"by owners.yaml of the base of this change"}
    assert {d.hint for d in found} == {
        "What a change of owners.yaml gives counts from the next change on: merge it first."
    }
    commit_files(committed.root, {})
    assert judged(committed.root) == []


def test_a_new_team_comes_with_its_file(committed: Project) -> None:
    committed.write("owners.yaml", OWNERS + "  growth: {reviewers: ['@g'], namespaces: [growth]}\n")
    committed.write("models/growth.yaml", f"version: 1\nmodels:\n  g: {{namespace: growth, {MODEL}}}\n")
    assert judged(committed.root) == []


TAKEN = "by owners.yaml of the base of this change, {} does not hold namespace {}, {} does"
NEW_TEAMS = {
    "a namespace": (
        OWNERS.replace("[ads, ads-*]", "[ads-*]"), "namespaces: [ads]", f"namespace: ads, {MODEL}",
        TAKEN.format("evil", "ads", "ads"),
    ),
    "a name of a pattern": (
        OWNERS.replace("[ads, ads-*]", "[ads]"), "namespaces: [ads-x]", f"namespace: ads-x, {MODEL}",
        TAKEN.format("evil", "ads-x", "ads"),
    ),
    "a pattern": (
        OWNERS.replace("[ads, ads-*]", "[]"), "namespaces: [ad*]", f"namespace: ads, {MODEL}",
        TAKEN.format("evil", "ads", "ads"),
    ),
    "what a team that goes held": (
        "".join(line for line in OWNERS.splitlines(keepends=True) if "  ads:" not in line), "namespaces: [ads]",
        f"namespace: ads, {MODEL}", TAKEN.format("evil", "ads", "ads"),
    ),
    "another's in an environment": (
        OWNERS.replace("environments: [base]", "environments: [prod]"), "namespaces: [search], environments: [base]",
        f"namespace: search, environments: [base], {MODEL}", TAKEN.format("evil", "search", "search"),
    ),
    "a word": (
        OWNERS, "namespaces: [evil], words: [spec]", f"namespace: evil, spec: {{}}, {MODEL}",
        "by owners.yaml of the base of this change, evil may not use the word spec",
    ),
    "a word that nobody guards now": (
        OWNERS.replace('platform"]', 'platform"], words: []'), "namespaces: [evil]",
        f"namespace: evil, spec: {{}}, {MODEL}",
        "by owners.yaml of the base of this change, evil may not use the word spec",
    ),
    "a kind": (
        OWNERS, "namespaces: [evil], kinds: [InferenceService, ServiceAccount]",
        f"namespace: evil, {MODEL}}}\nextraManifests:\n  ServiceAccount/evil/x: {{",
        "by owners.yaml of the base of this change, evil does not hold kind ServiceAccount",
    ),
    "where nobody of the base is": (
        OWNERS, "namespaces: [search], environments: [prod]", f"namespace: search, environments: [prod], {MODEL}", "",
    ),
    "its own": (OWNERS, "namespaces: [evil, evil-*]", f"namespace: evil-x, {MODEL}", ""),
}  # fmt: skip


@pytest.mark.parametrize("file", ["models/evil.yaml", "models/evil/x.yaml", "models/old.yaml"])
@pytest.mark.parametrize("name", NEW_TEAMS)
def test_a_new_team_takes_nothing_that_the_base_gives(name: str, file: str, committed: Project) -> None:
    owners, holds, entry, said = NEW_TEAMS[name]
    files = "files: [models/old.yaml], " if "old" in file else ""
    committed.write("models/ads.yaml", "version: 1\n")
    committed.write("owners.yaml", f"{owners}  evil: {{reviewers: ['@e'], {files}{holds}}}\n")
    committed.write(file, f"version: 1\nmodels:\n  x: {{{entry}}}\n")
    found = judged(committed.root)
    assert [d.message for d in found if d.location.file == file] == ([said] if said else [])
    commit_files(committed.root, {})
    assert [d for d in judged(committed.root) if d.location.file == file] == []


def test_a_file_that_a_change_gives_to_a_team_holds_what_the_team_held(committed: Project) -> None:
    files = "  ads: {files: [models/ads.yaml, models/more.yaml], words: [spec], "
    committed.write("owners.yaml", OWNERS.replace("  ads: {", files).replace("[ads, ads-*]", "[ads, free]"))
    committed.write("models/more.yaml", ads(f"namespace: free, spec: {{}}, {MODEL}"))
    by = "by owners.yaml of the base of this change, ads"
    assert {d.message for d in judged(committed.root)} == {
        f"{by} does not hold namespace free", f"{by} may not use the word spec",
    }  # fmt: skip


def test_what_the_platforms_file_said_is_no_gain(committed: Project) -> None:
    old = ads(f"namespace: old, spec: {{}}, {MODEL}")
    committed.write("models/old.yaml", old)
    commit_files(committed.root, {})
    committed.write("owners.yaml", OWNERS + "  old: {reviewers: ['@o'], namespaces: [old], words: [spec]}\n")
    assert judged(committed.root) == []
    committed.write("models/old.yaml", old + f"  y: {{namespace: old, spec: {{}}, {MODEL}}}\n")
    (found,) = judged(committed.root)
    assert found.message == "by owners.yaml of the base of this change, old may not use the word spec"


def test_what_both_owners_refuse_is_told_once(committed: Project) -> None:
    committed.write("models/ads.yaml", ads(f"namespace: free, {MODEL}"))
    (found,) = judged(committed.root)
    assert found.message == "ads does not hold namespace free"


def test_what_a_change_takes_is_taken_at_once(committed: Project) -> None:
    committed.write("owners.yaml", OWNERS.replace("[ads, ads-*]", "[ads-*]"))
    (found,) = judged(committed.root)
    assert found.message == "ads does not hold namespace ads"
