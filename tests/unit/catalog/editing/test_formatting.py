"""What `fmt` does to the text of a file: order and quotes, with every comment at its word, and no other change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kservegen.catalog.editing.formatting import format_source
from kservegen.core.errors import GeneratorError
from kservegen.formats.yaml.load import load_strict

SECTIONS = ("version", "shared", "defaults", "profiles", "models", "graphs")

# name -> (before, after)
TEXTS: dict[str, tuple[str, str]] = {
    "sections": (
        "# head\nmodels: {}\n# of the defaults\ndefaults: {}   # here\nversion: 1\n",
        "# head\nversion: 1\n# of the defaults\ndefaults: {}   # here\nmodels: {}\n",
    ),
    "words of an entry": (
        (
            "models:\n  a:\n    spec: {}\n    zeta: 1\n"
            "    # how many\n    minReplicas: 1\n    alpha: 2\n    modelFormat: x\n"
        ),
        (
            "models:\n  a:\n    modelFormat: x\n    # how many\n"
            "    minReplicas: 1\n    alpha: 2\n    zeta: 1\n    spec: {}\n"
        ),
    ),
    "blocks move whole": (
        (
            "models:\n  a:\n    env:\n    - name: A   # a\n      value: b\n"
            "    - {name: B, value: c}\n\n    kind: K\n  b: {}\n"
        ),
        (
            "models:\n  a:\n    kind: K\n    env:\n"
            "    - name: A   # a\n      value: b\n    - {name: B, value: c}\n  b: {}\n"
        ),
    ),
    "text over several lines": (
        "models:\n  a:\n    spec:\n      x: |\n        # no comment\n        b\n    kind: K\n",
        "models:\n  a:\n    kind: K\n    spec:\n      x: |\n        # no comment\n        b\n",
    ),
    "defaults and profiles": (
        "defaults:\n  owner: a\n  namespace: b\nprofiles:\n  p:\n    resources: {}\n    image: x\n",
        "defaults:\n  namespace: b\n  owner: a\nprofiles:\n  p:\n    image: x\n    resources: {}\n",
    ),
    "what is shared": (
        "shared:\n  profiles:\n    p:\n      resources: {}\n      image: x\n  defaults: {owner: a}\n",
        "shared:\n  defaults: {owner: a}\n  profiles:\n    p:\n      image: x\n      resources: {}\n",
    ),
    "entries stay": ("models:\n  b: {}\n  a: {}\n", "models:\n  b: {}\n  a: {}\n"),
    "what lies below words stays": ("models:\n  a:\n    resources: {limits: {}, b: {}}\n", ""),
    "quotes that nobody needs": (
        "models: {a: {image: 'x/y:1', b: \"plain\"}}\n",
        "models: {a: {image: x/y:1, b: plain}}\n",
    ),
    "quotes that somebody needs": (
        "models:\n  a:\n    b: '1'\n    c: 'on'\n    d: '1e3'\n    e: ''\n    f: ['a,b', 'c: d', '{{x}}']\n",
        'models:\n  a:\n    b: "1"\n    c: "on"\n    d: "1e3"\n    e: ""\n    f: ["a,b", "c: d", "{{x}}"]\n',
    ),
    "no line end": ("version: 1", "version: 1\n"),
    "signs of comments in texts": (
        "models: {a: {b: 'x #y', c: d#e}}   # z\n",
        'models: {a: {b: "x #y", c: d#e}}   # z\n',
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_words_and_quotes(case: str) -> None:
    before, after = TEXTS[case]
    formatted = format_source(before, "models.yaml", SECTIONS)
    assert formatted == (after or before)
    assert format_source(formatted, "models.yaml", SECTIONS) == formatted


@pytest.mark.parametrize("text", ["a: [\n", "- a\n", "a: {b: 1, b: 2}\n", "\ta: 1\n"])
def test_a_file_with_mistakes_is_left(text: str) -> None:
    with pytest.raises(GeneratorError):
        format_source(text, "models.yaml", SECTIONS)


WORDS = st.sampled_from(["kind", "image", "spec", "zeta", "alpha", "env", "resources", "minReplicas"])
VALUES = st.one_of(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x17F), max_size=8),
    st.sampled_from(["on", "1", "1e3", "a: b", "#x", "x #y", "{{a}}", "a,b", "~", "-", "2026-01-01", "0o7", "'"]),
)


@given(st.lists(st.tuples(WORDS, VALUES, st.booleans(), st.booleans()), unique_by=lambda word: word[0], max_size=6))
def test_the_data_and_the_comments_stay(words: list[tuple[str, str, bool, bool]]) -> None:
    lines = ["models:", "  a:" if words else "  a: {}"]
    for word, value, above, beside in words:
        lines += [f"    # {word}"] if above else []
        lines.append(f"    {word}: '{value.replace(chr(39), chr(39) * 2)}'{'   # ' + word if beside else ''}")
    text = "\n".join(lines) + "\n"
    loaded = load_strict(text.encode(), "models.yaml")
    if loaded.diagnostics:
        return
    formatted = format_source(text, "models.yaml", SECTIONS)
    assert load_strict(formatted.encode(), "models.yaml").value == loaded.value
    for word, _, above, beside in words:
        assert (f"    # {word}\n    {word}: " in formatted) == above
        (line,) = (line for line in formatted.split("\n") if line.startswith(f"    {word}: "))
        assert line.endswith(f"   # {word}") == beside
    assert format_source(formatted, "models.yaml", SECTIONS) == formatted
