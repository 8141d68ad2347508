"""Templates as people write them, right and wrong, and a strategy that makes others of the same pieces."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

GOOD: Final = """
plain text
{{.}}
{{ . }}
{{.Name}}
{{- .Name -}}
{{-  .Name  -}}
{{ .Labels.modelClass }}
{{.Annotations.modelFormat}} and {{ .Name }}
{{$}}
{{$.Name}}
{{(.Name)}}
{{(.Spec).Model.Name}}
{{(index .Labels "x").y}}
{{printf "%s-%d" .Name 1}}
{{.Name | printf "%s"}}
{{.Name | printf "%s" | len}}
{{index .Labels `my-label`}}
{{"a\\tb\\x41\\101\\u00e9\\U0001F600"}}
{{'a'}}
{{'\\n'}}
{{'\\''}}
{{1}}
{{-1}}
{{+1}}
{{0x1F}}
{{0b101}}
{{0o17}}
{{017}}
{{1_000}}
{{1.5e-3}}
{{.5}}
{{5.}}
{{0x1p4}}
{{1i}}
{{1+2i}}
{{true}}
{{nil | print}}
{{print nil}}
{{/* a comment */}}
{{- /* a comment */ -}}
{{if .A}}x{{end}}
{{if .A}}x{{else}}y{{end}}
{{if .A}}x{{else if .B}}y{{else}}z{{end}}
{{if and .A (not .B)}}x{{end}}
{{if eq .A "b"}}x{{end}}
{{with .A}}{{.}}{{end}}
{{with $x := .A}}{{$x}}{{end}}
{{with .A}}x{{else with .B}}y{{end}}
{{range .L}}{{.}}{{end}}
{{range .L}}{{.}}{{else}}none{{end}}
{{range $i, $e := .L}}{{$i}}{{$e}}{{end}}
{{range $e := .L}}{{$e}}{{end}}
{{range .L}}{{if .}}{{break}}{{else}}{{continue}}{{end}}{{end}}
{{$x := .Name}}{{$x}}
{{$x := 1}}{{$x = 2}}{{$x}}
{{$x := .A}}{{$x.B.C}}
{{define "a"}}x{{end}}{{template "a"}}
{{define "a"}}{{.}}{{end}}{{template "a" .Name}}
{{define `a`}}x{{end}}
{{block "b" .}}{{.Name}}{{end}}
{{template "later"}}{{define "later"}}{{end}}
{{define "a"}}{{end}}{{define "a"}}x{{end}}
{{ChildName .Name "-kserve"}}
{{.Spec.Model.Name}}
{{ .GlobalConfig.SystemNamespace }}
{{if .Spec.Parallelism}}--tp={{.Spec.Parallelism.Tensor}}{{end}}
{{ not .A | print }}
{{if(.A)}}x{{end}}
{{len (.A)}}
{{.A.B.C.D}}
{"a":"{{.Name}}","b":{"c":{}}}
}} alone
{ {.Name} }
{{""}}
{{``}}
{{if .A}}{{if .B}}{{if .C}}x{{end}}{{end}}{{end}}
{{print .A .B .C}}
{{é}}
{{.é}}
{{$x:=1}}
{{(print 1 2)}}
{{print (print 1) (print 2)}}
{{.A |}}
{{ "a" | print | }}
""".strip().splitlines()

BAD: Final = """
{{
{{.Name
{{.Name}
{{.Name }
{{}}
{{ }}
{{-}}
{{.Labels.my-label}}
{{.Labels["x"]}}
{{index .Labels \\"x\\"}}
{{ messages[0] }}
{{.Name'}}
{{"unterminated}}
{{`unterminated}}
{{'ab'}}
{{''}}
{{'a}}
{{"\\q"}}
{{"\\'"}}
{{'\\"'}}
{{"\\ud800"}}
{{"\\U00110000"}}
{{"\\400"}}
{{"\\x4"}}
{{08}}
{{1__0}}
{{0x}}
{{0b2}}
{{1e}}
{{1e999}}
{{99999999999999999999}}
{{1a}}
{{1+2}}
{{/* unclosed
{{/* not at the end */ x}}
{{/**/ -}
{{if}}x{{end}}
{{if .A}}x
{{if .A}}x{{else}}
{{if .A}}x{{else}}y{{else}}z{{end}}
{{if .A}}x{{else with .B}}y{{end}}
{{with .A}}x{{else if .B}}y{{end}}
{{range .L}}x{{else if .B}}y{{end}}
{{end}}
{{else}}
{{end }}x
{{if .A}}{{end}}{{end}}
{{if .A}}{{end x}}
{{range}}{{end}}
{{range $a, $b, $c := .L}}{{end}}
{{range $a, 1 := .L}}{{end}}
{{$a, $b := .L}}
{{break}}
{{continue}}
{{range .L}}{{break x}}{{end}}
{{range .L}}{{else}}{{break}}{{end}}
{{$x}}
{{$x.y}}
{{if .A}}{{$x := 1}}{{end}}{{$x}}
{{define "a"}}{{$x}}{{end}}
{{$x := 1}}{{define "a"}}{{$x}}{{end}}
{{$x :=}}
{{$x : = 1}}
{{:}}
{{=}}
{{|}}
{{| .A}}
{{.A || .B}}
{{.A | 1}}
{{.A | "b"}}
{{.A | nil}}
{{.A | .}}
{{(.A}}
{{.A)}}
{{()}}
{{(.A) .B)}}
{{nil.A}}
{{1.A}}
{{"a".B}}
{{true.A}}
{{. .A}}.{{..A}}
{{.A..B}}
{{.A.}}
{{.A, .B}}
{{.A;.B}}
{{#if a}}
{{> partial}}
{{%x%}}
{{.A}}{{define a}}{{end}}
{{define "a"}}
{{define "a"}}{{else}}{{end}}
{{define "a" .}}{{end}}
{{define "a"}}x{{end}}{{define "a"}}y{{end}}
{{if .A}}{{define "a"}}{{end}}{{end}}
{{template}}
{{template a}}
{{template "a" |}}
{{block "a"}}{{end}}
{{block a .}}{{end}}
{{block "a" .}}
{{block "a" .}}{{else}}{{end}}
{{range .L}}{{block "a" .}}{{break}}{{end}}{{end}}
{{if .A}}{{template "a"}
{{.A"b"}}
{{"a""b"}}
{{.A(.B)}}x{{
{{len(.A)}}
{{²}}
{{.a²}}
{{\\}}
{{- /* a */}
{{if .A}}x{{end
{{with}}x{{end}}
{{else if .A}}
{{print .A | .B | 'c'}}
{{.Name}} {{ .Nope.X
""".strip().splitlines()

_PIECES: Final = (
    *"{{ }} {{- -}} . .A $ $x := = | , ( ) 1 0x1F 1.5 'c' \"a\" `r` nil true f if else end range with".split(),
    *("/*", "*/", "\\", "#", "é"),
    *(" ", "\n", "{{end}}", "{{else}}", "{{if .A}}", "{{range .L}}", "{{.A}}", 'define "d"', 'template "d"', "break"),
)
TEMPLATES: Final = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join) | st.text(max_size=30).map(
    lambda inner: f"{{{{{inner}}}}}"
)
