"""Findings of a file that holds many documents that do not parse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from kservegen.core.diagnostics import Diagnostic
from kservegen.core.secret_data import hidden_parts
from kservegen.formats.yaml import problems
from kservegen.formats.yaml.manifest import load_manifests

_BROKEN = "apiVersion: v1\nkind: Secret\nmetadata: {name: s\nstringData: {a: zebra7marker}\n---\n"


def test_a_file_is_looked_through_for_secrets_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a file of many broken documents takes the square of their number."""
    read: list[int] = []
    real = hidden_parts

    def counted(lines: Sequence[str]) -> Mapping[int, int]:
        read.append(len(lines))
        return real(lines)

    monkeypatch.setattr(problems, "hidden_parts", counted)
    data = (_BROKEN * 50).encode()
    found = load_manifests(data, "f.yaml").diagnostics
    assert [item.location.line for item in found] == [line * 5 + 4 for line in range(50)]
    assert not any("zebra" in repr(item) for item in found)
    assert read == [data.count(b"\n") + 1]


def test_a_file_without_findings_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "hidden_parts", None)
    assert load_manifests(b"kind: Secret\ndata: {a: b}\n", "f.yaml").diagnostics == ()


def test_findings_of_what_is_neither_json_nor_yaml_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []

    def equal(this: Diagnostic, other: object) -> bool:
        compared.append(other)
        return this is other

    monkeypatch.setattr(Diagnostic, "__eq__", equal)
    found = load_manifests(("{\n" + "a: {b\n---\n" * 50).encode(), "f.yaml").diagnostics
    assert len(found) == 1
    assert len(compared) <= 50
