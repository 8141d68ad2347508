"""Templates against the data that they are filled from."""

from __future__ import annotations

import pytest

from kservegen.formats.gotemplate.check import TemplateMistake, check_template
from kservegen.formats.gotemplate.shape import STRING, STRINGS, UNKNOWN_SHAPE, Struct

DATA = Struct("v1.ObjectMeta", {"Name": STRING, "Labels": STRINGS, "Owners": UNKNOWN_SHAPE})
SERVICE = Struct("service", {"Meta": DATA}, methods=("Get",))


@pytest.mark.parametrize(
    "text",
    [
        "no template",
        "{{.Name}}",
        "{{.Labels.any}}",
        "{{.Owners.any.thing}}",
        "{{unknown .Name}}",
        "{{(unknown .Name).x}}",
        "{{with .Labels}}{{.x}}{{end}}",
        "{{range $k, $v := .Labels}}{{$k.any}}{{.}}{{end}}",
        "{{$x := .Labels}}{{$x.y}}",
        '{{define "a"}}{{.x}}{{end}}{{template "a" .Labels}}',
        '{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}',
        "{{.Labels.x | print}}",
    ],
)
def test_what_fits(text: str) -> None:
    assert check_template(text, DATA) is None


@pytest.mark.parametrize(
    ("text", "message", "certain"),
    [
        ("{{.Nope}}", "can't evaluate field Nope in type v1.ObjectMeta", True),
        ("{{$.Nope}}", "can't evaluate field Nope in type v1.ObjectMeta", True),
        ("{{print .Nope}}", "can't evaluate field Nope in type v1.ObjectMeta", True),
        ("{{.name}}", "can't evaluate field name in type v1.ObjectMeta", True),
        ("{{.Name.x}}", "can't evaluate field x in type string", True),
        ("{{.Labels.x.y}}", "can't evaluate field y in type string", True),
        ("{{(print).Nope}}{{(.Labels).x.y}}", "can't evaluate field y in type string", True),
        ("{{if .Nope}}{{end}}", "can't evaluate field Nope in type v1.ObjectMeta", True),
        ("{{if .Name}}{{.Nope}}{{end}}", "can't evaluate field Nope in type v1.ObjectMeta", False),
        ("{{if .Name}}{{else}}{{.Nope}}{{end}}", "can't evaluate field Nope in type v1.ObjectMeta", False),
        ("{{or .Name .Nope}}", "can't evaluate field Nope in type v1.ObjectMeta", False),
        ("{{or .Nope .Name}}", "can't evaluate field Nope in type v1.ObjectMeta", True),
        ("{{range .Labels}}{{.x}}{{end}}", "can't evaluate field x in type string", False),
        ("{{with $x := .Name}}{{$x.y}}{{end}}", "can't evaluate field y in type string", False),
        ('{{template "a"}}', 'template "a" not defined', True),
        ('{{define "a"}}{{.x}}{{end}}{{template "a" .Name}}', "can't evaluate field x in type string", True),
        ('{{define "a"}}{{$.x}}{{end}}{{template "a" .Name}}', "can't evaluate field x in type string", True),
        ("{{nil}}", "nil is not a command", True),
        ("{{.Name 1}}", "Name is not a method but has arguments", True),
        ("{{1 | .Labels.x}}", "x is not a method but has arguments", True),
        ("{{if .Name}}{{.A}}{{end}}{{.B}}", "can't evaluate field B in type v1.ObjectMeta", True),
    ],
)
def test_what_does_not(text: str, message: str, *, certain: bool) -> None:
    found = check_template(text, DATA)
    assert found is not None
    assert (found.message, found.certain) == (message, certain)


def test_a_struct_may_have_methods() -> None:
    assert check_template("{{.GetAnything.at.all}}{{.GetIt 1}}", SERVICE) is None
    assert check_template("ab{{.Meta.Nope}}", SERVICE) == TemplateMistake(
        4, "can't evaluate field Nope in type v1.ObjectMeta", certain=True
    )
