"""Findings become one where they say one thing: at one place, or of one cause in many."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from kservegen.checks.registry import manuals
from kservegen.core.diagnostics import (
    ECHOES,
    NOT_REPEATED,
    SUPERSEDED,
    Diagnostic,
    FindingPlace,
    Location,
    Severity,
    Waived,
    merge_diagnostics,
)
from kservegen.core.repository import packaged_data

_WAIVED = Waived("w", "ml", "later", "2030-01-01")


def _told(
    line: int,
    entry: str,
    *,
    environment: str = "dev",
    cause: str = "profile smal",
    message: str = "there is no profile smal",
    severity: Severity = Severity.ERROR,
    waived: Waived | None = None,
) -> Diagnostic:
    return Diagnostic(
        rule="catalog/unknown-profile",
        severity=severity,
        message=message,
        location=Location("models.yaml", line),
        path=f"models.{entry}.profile",
        environments=(environment,),
        entries=(entry,),
        cause=cause,
        waived=waived,
    )


def test_one_cause_is_one_finding_with_all_its_places() -> None:
    (found,) = merge_diagnostics([_told(9, "c"), _told(3, "a"), _told(3, "a", environment="prod"), _told(6, "b")])
    assert found.location == Location("models.yaml", 3)
    assert found.places == (
        FindingPlace(Location("models.yaml", 3), "models.a.profile", ("dev", "prod"), ("a",)),
        FindingPlace(Location("models.yaml", 6), "models.b.profile", ("dev",), ("b",)),
        FindingPlace(Location("models.yaml", 9), "models.c.profile", ("dev",), ("c",)),
    )
    assert (found.environments, found.entries) == (("dev", "prod"), ("a", "b", "c"))


def test_a_cause_in_one_place_has_no_list_of_places() -> None:
    (found,) = merge_diagnostics([_told(3, "a"), _told(3, "b")])
    assert found.places == ()
    assert found.everywhere == (FindingPlace(Location("models.yaml", 3), "models.a.profile", ("dev",), ("a", "b")),)


def test_what_has_no_cause_elsewhere_stays_apart() -> None:
    assert len(merge_diagnostics([_told(3, "a", cause=""), _told(6, "b", cause="")])) == 2


def test_other_weights_and_waivers_stay_apart() -> None:
    """A waiver is for one model: the others of the cause are findings as before."""
    found = merge_diagnostics(
        [
            _told(3, "a", severity=Severity.INFO, waived=_WAIVED),
            _told(6, "b"),
            _told(9, "c"),
            _told(12, "d", severity=Severity.WARNING),
        ]
    )
    assert [(d.entries, d.severity, d.waived) for d in found] == [
        (("a",), Severity.INFO, _WAIVED),
        (("b", "c"), Severity.ERROR, None),
        (("d",), Severity.WARNING, None),
    ]


def test_merging_again_in_any_order_changes_nothing() -> None:
    items = [
        _told(line, f"m{line}", environment=environment, cause=cause, message=f"no {cause}")
        for line in range(1, 30)
        for environment in ("dev", "prod")
        for cause in ("x", "y", "")
    ]
    once = merge_diagnostics(items)
    assert merge_diagnostics(once) == once
    assert merge_diagnostics([*once[:3], *items, *once]) == once
    shuffled = list(items)
    random.Random(7).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    assert merge_diagnostics(shuffled) == once


def test_a_finding_taken_apart_becomes_the_same_again() -> None:
    (found,) = merge_diagnostics([_told(9, "c"), _told(3, "a"), _told(3, "b", environment="prod")])
    apart = list(found.apart())
    assert [(d.location.line, d.entries, d.places) for d in apart] == [(3, ("a", "b"), ()), (9, ("c",), ())]
    assert merge_diagnostics(apart) == (found,)


def _at(
    rule: str,
    *,
    column: int = 7,
    environments: tuple[str, ...] = (),
    severity: Severity = Severity.ERROR,
    waived: Waived | None = None,
    message: str = "m",
) -> Diagnostic:
    return Diagnostic(
        rule=rule,
        severity=severity,
        message=message,
        location=Location("models.yaml", 3, column),
        path="models.a.securityContext.privileged",
        environments=environments,
        waived=waived,
    )


_LEVEL, _POLICY = "kubernetes/pod-security", "policy/no-privileged"
_QUOTED = "image must not have leading or trailing whitespace"


@pytest.mark.parametrize(
    ("found", "left"),
    [
        pytest.param([_at(_LEVEL), _at(_POLICY)], [(_LEVEL, (_POLICY,))], id="one word, two rules"),
        pytest.param([_at(_LEVEL), _at(_POLICY, column=9)], [(_LEVEL, ()), (_POLICY, ())], id="another word"),
        pytest.param(
            [_at(_LEVEL, column=9), replace(_at(_POLICY), path="models.a.securityContext")],
            [(_LEVEL, (_POLICY,))],
            id="the block around the word",
        ),
        pytest.param(
            [_at(_LEVEL, column=9), replace(_at("policy/run-as-non-root"), path="models.a.securityContext")],
            [("policy/run-as-non-root", ()), (_LEVEL, ())],
            id="another word of the block",
        ),
        pytest.param([_at(_LEVEL), _at("policy/own")], [(_LEVEL, ()), ("policy/own", ())], id="another mistake"),
        pytest.param(
            [_at(_LEVEL, severity=Severity.WARNING), _at(_POLICY)], [(_POLICY, ()), (_LEVEL, ())], id="what is heavier"
        ),
        pytest.param([_at(_LEVEL), _at(_POLICY, waived=_WAIVED)], [(_LEVEL, ()), (_POLICY, ())], id="what is waived"),
        pytest.param(
            [_at(_LEVEL, environments=("dev",)), _at(_POLICY, environments=("dev", "prod"))],
            [(_LEVEL, ()), (_POLICY, ())],
            id="another environment",
        ),
        pytest.param(
            [_at("kserve/llm-uri-syntax"), _at("kserve/storage-uri"), _at("kserve/download")],
            [("kserve/llm-uri-syntax", ("kserve/download", "kserve/storage-uri"))],
            id="three rules",
        ),
        pytest.param(
            [
                _at("kubernetes/image-padding", message=_QUOTED),
                _at("kserve/pod-refused", message=f"the pod of Deployment/a is refused: spec: {_QUOTED}"),
            ],
            [("kubernetes/image-padding", ("kserve/pod-refused",))],
            id="a refusal that quotes the law",
        ),
        pytest.param(
            [_at("kubernetes/image-padding", message=_QUOTED), _at("kserve/pod-refused", message="another reason")],
            [("kserve/pod-refused", ()), ("kubernetes/image-padding", ())],
            id="a refusal for another reason",
        ),
    ],
)
def test_the_more_specific_of_two_findings_stands_for_both(
    found: list[Diagnostic], left: list[tuple[str, tuple[str, ...]]]
) -> None:
    once = merge_diagnostics(found)
    assert [(item.rule, item.supersedes) for item in once] == left
    assert merge_diagnostics(once) == merge_diagnostics(reversed(found)) == once


def test_what_says_more_within_a_value_stands_for_what_is_said_of_all_of_it() -> None:
    inner = replace(_at("catalog/plain-secret", column=40), path="models.a.env[0].value")
    outer = replace(_at("policy/no-plain-secrets"), path="models.a.env")
    beside = replace(outer, path="models.b.env", location=Location("models.yaml", 9, 7))
    elsewhere = replace(outer, location=Location("other.yaml", 3, 7))
    left = merge_diagnostics([inner, outer, beside, elsewhere])
    assert [(item.rule, str(item.location)) for item in left] == [
        ("catalog/plain-secret", "models.yaml:3:40"),
        ("policy/no-plain-secrets", "models.yaml:9:7"),
        ("policy/no-plain-secrets", "other.yaml:3:7"),
    ]


def test_every_rule_that_gives_way_is_known() -> None:
    """A rule that was renamed would be told twice again."""
    named = {*ECHOES, *SUPERSEDED, *(rule for rules in SUPERSEDED.values() for rule in rules)}
    policies = {f"policy/{path.stem}" for path in (packaged_data() / "policies").glob("*.yaml")}
    assert named <= {*manuals(), *policies}


_CONFIG = 'extraManifests["ConfigMap/ns/c"]'
_OBJECT = 'manifests["Secret/ns/s"]'


def _about(
    path: str,
    *,
    subject: str = "",
    message: str = "must be a string",
    seen: str = "",
    allowed: str = "",
    hint: str = "",
) -> Diagnostic:
    return Diagnostic(
        rule="schema/wrong-type",
        severity=Severity.ERROR,
        message=message,
        location=Location("models.yaml", 3),
        path=path,
        seen=seen,
        allowed=allowed,
        hint=hint,
        subjects=(subject,) if subject else (),
    )


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        pytest.param(
            _about(f"{_OBJECT}.data.pin", seen="739", hint='Quote it: "739".'),
            _about(f"{_OBJECT}.data.pin", seen="(hidden)"),
            id="a short value in a hint",
        ),
        pytest.param(
            _about("data.pin", subject="Secret ns/s", seen="739", message="739 is no string"),
            _about("data.pin", subject="Secret ns/s", seen="(hidden)", message=NOT_REPEATED),
            id="known by the object alone",
        ),
        pytest.param(
            _about("items[0].data.pin", subject="SecretList s", seen="73.9", allowed="not 73.9"),
            _about("items[0].data.pin", subject="SecretList s", seen="(hidden)", allowed="(hidden)"),
            id="in a list of Secrets",
        ),
        pytest.param(
            _about(f"{_OBJECT}.data.a.b[0].c", seen='"xyz"'),
            _about(f"{_OBJECT}.data.a", seen="(hidden)"),
            id="a path into the value",
        ),
        pytest.param(
            _about('extraManifests["v1/Secret/ns/s.data.x"].stringData["a.b"].c'),
            _about('extraManifests["v1/Secret/ns/s.data.x"].stringData["a.b"]'),
            id="a name like a path",
        ),
        pytest.param(
            _about(f"{_OBJECT}.immutable", seen='a map: {"data": {"pin": "xy"}}', message="no map of xy"),
            _about(f"{_OBJECT}.immutable", seen="(hidden)", message="no map of xy"),
            id="data below another field",
        ),
        pytest.param(
            _about("extraManifests", seen='a list: [{"kind": "Secret", "data": "hunter2"}]', hint="No hunter2."),
            _about("extraManifests", seen="(hidden)"),
            id="around the Secret",
        ),
        pytest.param(
            _about(f"{_OBJECT}.data.pin", seen='"a"', allowed="a string"),
            _about(f"{_OBJECT}.data.pin", seen="(hidden)", allowed="a string"),
            id="a letter says nothing",
        ),
    ],
)
def test_what_a_secret_holds_is_in_no_words_of_a_finding(found: Diagnostic, shown: Diagnostic) -> None:
    assert merge_diagnostics([found]) == (shown,)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(_about(f"{_OBJECT}.type", seen="739", hint='Quote it: "739".'), id="beside the data"),
        pytest.param(_about(f"{_CONFIG}.data.pin", seen="739", hint='Quote it: "739".'), id="a ConfigMap"),
        pytest.param(_about(f"{_CONFIG}.data", seen='a list: [{"data": "x"}]'), id="data of a ConfigMap"),
        pytest.param(
            _about('extraManifests["bitnami.com/SealedSecret/ns/s"].spec.template.data', seen='a list: ["xyz"]'),
            id="a SealedSecret",
        ),
        pytest.param(_about("spec.data.x", subject="SealedSecret ns/s", seen='"xyz"'), id="an object of that kind"),
        pytest.param(_about("models.secret.data", seen="739"), id="a model of that name"),
        pytest.param(
            _about('extraManifests["external-secrets.io/ExternalSecret/ns/s"].spec.data[0].secretKey', seen="1"),
            id="an ExternalSecret",
        ),
    ],
)
def test_what_no_secret_holds_is_told(found: Diagnostic) -> None:
    assert merge_diagnostics([found]) == (found,)
