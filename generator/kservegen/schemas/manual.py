"""The manual of every `schema/…` rule: what a schema may find in a document."""

from __future__ import annotations

from kservegen.diagnostics import RuleMeta

RULES: tuple[RuleMeta, ...] = (
    RuleMeta(
        id="schema/duplicate-item",
        title="Items of a keyed list stand once",
        why="The API server tells the items of such a list apart by their keys and refuses two with the same.",
        fix="Leave one of the items out, or give it a key of its own.",
        bad="env: [{name: HF_TOKEN, value: a}, {name: HF_TOKEN, value: b}]",
        good="env: [{name: HF_TOKEN, value: b}]",
    ),
    RuleMeta(
        id="schema/missing-field",
        title="Required fields are there",
        why="The API server refuses an object without a field that its kind requires.",
        fix="Add the field.",
        bad="autoScaling: {metrics: [{resource: {name: cpu, target: {type: Utilization}}}]}",
        good="autoScaling: {metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization}}}]}",
        upstream=("ISVC-S1", "LLM-S1", "IG-S1", "TM-S1", "SR-S1", "LMC-05", "LMG-01", "CSC-01"),
    ),
    RuleMeta(
        id="schema/not-allowed",
        title="A value is one of those that are allowed",
        why="The field takes one of a few values; the API server refuses every other.",
        fix="Write one of the allowed values.",
        bad="logger: {mode: both}",
        good="logger: {mode: all}",
        upstream=("ISVC-S3", "ISVC-S4", "ISVC-S5", "ISVC-S7", "LLM-S2", "IG-S2"),
    ),
    RuleMeta(
        id="schema/not-found",
        title="Every object is of a known kind and version",
        why="An object that no schema describes cannot be checked, and a version that no cluster serves is refused.",
        fix="Correct apiVersion and kind, or add the schema: kservegen schemas add.",
        bad="apiVersion: serving.kserve.io/v1alpha2\nkind: InferenceService",
        good="apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService",
    ),
    RuleMeta(
        id="schema/one-of",
        title="A value fits one of the forms that may stand there",
        why="The place takes several forms; what is written is none of them, or could be more than one.",
        fix="Write one of the forms, and leave out what belongs to another.",
        bad="profile: 3",
        good="profile: small",
    ),
    RuleMeta(
        id="schema/out-of-range",
        title="A number is within its bounds",
        why="The API server refuses a number below the least or above the greatest that the field takes.",
        fix="Write a number within the bounds.",
        bad="parallelism: {tensor: 0}",
        good="parallelism: {tensor: 1}",
        upstream=("LLM-10", "LLM-28", "LLM-S1", "SR-S1"),
    ),
    RuleMeta(
        id="schema/pattern",
        title="Text has the form that its field asks for",
        why="The API server refuses text that does not match the field's pattern, such as an unknown unit.",
        fix="Write the value in the form that is asked for.",
        bad="resources: {limits: {memory: 8GB}}",
        good="resources: {limits: {memory: 8Gi}}",
        upstream=("LLM-22",),
    ),
    RuleMeta(
        id="schema/unknown-field",
        title="Every field is one that the kind has",
        why="A misspelt or misplaced field is refused under strict validation, and silently dropped without it.",
        fix="Correct the field's name, or move it to the level where it belongs.",
        bad="predictor: {timeoutSeconds: 60}",
        good="predictor: {timeout: 60}",
        upstream=("ISVC-S8",),
    ),
    RuleMeta(
        id="schema/wrong-length",
        title="Text and lists are neither too short nor too long",
        why="The API server refuses text, lists and maps outside the lengths that the field takes.",
        fix="Shorten it, or add what is missing.",
        bad="nodeGroups: []",
        good="nodeGroups: [gpu]",
        upstream=("ISVC-S6", "LMC-05"),
    ),
    RuleMeta(
        id="schema/wrong-type",
        title="A value is of its field's type",
        why='YAML reads 1 as a number, true as a boolean and "1" as text; a field takes one of them.',
        fix="Quote text, and leave quotes off numbers and booleans.",
        bad="labels: {release: 1}",
        good='labels: {release: "1"}',
    ),
)
