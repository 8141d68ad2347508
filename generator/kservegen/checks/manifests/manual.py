"""The manual of what only manifests from disk can show: files that are none, and objects that stand twice."""

from __future__ import annotations

from kservegen.core.diagnostics import RuleMeta, Severity

RULES: tuple[RuleMeta, ...] = (
    RuleMeta(
        id="gitops/not-rendered",
        title="A kustomization or a chart is checked after it is rendered",
        why="Its files are the input of another tool. What reaches the cluster is what that tool makes of them.",
        fix="Render first: kustomize build DIR | kservegen validate -, or helm template DIR | kservegen validate -.",
        bad="kind: Kustomization\nresources: [iris.yaml]",
        good="kind: InferenceService",
        severity=Severity.INFO,
    ),
    RuleMeta(
        id="kubernetes/duplicate-object",
        title="An object stands in the given manifests once",
        why="Applied in turn, the later one overwrites the earlier; which one stays depends on the order of files.",
        fix="Remove one of them, or give it a name or a namespace of its own.",
        bad="{kind: InferenceService, metadata: {name: iris}}   # in a.yaml and in b.yaml",
        good="{kind: InferenceService, metadata: {name: iris-b}}",
        severity=Severity.WARNING,
    ),
    RuleMeta(
        id="schema/not-an-object",
        title="A document is a Kubernetes object: it has apiVersion and kind",
        why="kubectl refuses a document without them: nothing says what it is.",
        fix="Add apiVersion and kind, or leave the file out.",
        bad="metadata: {name: iris}",
        good="apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: iris}",
    ),
    RuleMeta(
        id="yaml/no-documents",
        title="A path that is given holds manifests",
        why="Nothing was checked there. A typing error in a path would look like a clean result.",
        fix="Name a file with manifests, or a folder with *.yaml, *.yml or *.json files.",
        bad="kservegen validate empty/",
        good="kservegen validate manifests/",
        severity=Severity.WARNING,
    ),
    RuleMeta(
        id="yaml/template",
        title="A template is no manifest",
        why="Text with {{ }} that is not quoted is read by Helm or another tool, and is no YAML before that.",
        fix="Check what the tool makes of it: helm template DIR | kservegen validate -.",
        bad="name: {{ .Values.name }}",
        good="name: iris",
    ),
)
