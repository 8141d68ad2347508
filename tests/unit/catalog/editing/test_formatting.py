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
            "models:\n  a:\n    kind: K\n\n    env:\n"
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
    "a model that was commented out": (
        (
            "version: 1\nmodels:\n  a: {}\n\n  # old-model:\n  #   storageUri: gs://a/b\n# of the defaults\n"
            "defaults: {}\n"
        ),
        (
            "version: 1\n# of the defaults\ndefaults: {}\nmodels:\n  a: {}\n\n  # old-model:\n"
            "  #   storageUri: gs://a/b\n"
        ),
    ),
    "the end of an entry and of a word": (
        "models:\n  a:\n    image: x\n    kind: K\n      # of the kind\n    # last\n  # of b\n  b: {}\n",
        "models:\n  a:\n    kind: K\n      # of the kind\n    image: x\n    # last\n  # of b\n  b: {}\n",
    ),
    "the head of an entry": (
        "models:\n  a:\n  # of a\n    # of the image\n    image: x\n    kind: K\n",
        "models:\n  a:\n  # of a\n    kind: K\n    # of the image\n    image: x\n",
    ),
    "a paragraph that moves up": (
        "version: 1\nmodels: {}\ngraphs: {}\n\nprofiles: {}\n",
        "version: 1\n\nprofiles: {}\n\nmodels: {}\ngraphs: {}\n",
    ),
    "a paragraph that moves down": (
        "models: {}\r\n\r\nversion: 1\r\nprofiles: {}\r\n",
        "version: 1\r\nprofiles: {}\r\n\r\nmodels: {}\r\n",
    ),
    "words without blank lines get none": (
        "models: {}\nversion: 1\ndefaults: {}\n\nprofiles: {}\ngraphs: {}\n",
        "version: 1\ndefaults: {}\n\nprofiles: {}\nmodels: {}\ngraphs: {}\n",
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


def _comment_homes(text: str) -> dict[str, tuple[str, ...]]:
    """Return by comment the container that its depth puts it into, or the word that it stands above."""
    rows = [(line, (len(line) - len(line.lstrip())) // 2) for line in text.splitlines()]
    upper, shallowest = tuple[str, ...](), 9
    homes: dict[str, tuple[str, ...]] = {}
    for place, (line, depth) in enumerate(rows):
        if "#" not in line:
            upper, shallowest = (*upper[:depth], line.strip().partition(":")[0]), 9
            continue
        following = next(((key, level) for key, level in rows[place:] if "#" not in key), ("", 0))
        shallowest = min(shallowest, depth)
        if shallowest > following[1]:
            homes[line.strip()] = upper[:shallowest]
        else:
            homes[line.strip()] = (*upper[: following[1]], following[0].strip())
    return homes


@given(st.permutations(["version", "defaults", "models"]), st.permutations(["kind", "image", "env"]), st.data())
def test_comments_stay_where_their_depth_puts_them(sections: list[str], words: list[str], data: st.DataObject) -> None:
    entry = "".join("    env:\n      - x\n" if word == "env" else f"    {word}: x\n" for word in words)
    held = {
        "version": "version: 1\n",
        "defaults": "defaults:\n  owner: x\n",
        "models": f"models:\n  a:\n{entry}  b:\n{entry}",
    }
    lines = "".join(held[section] for section in sections).splitlines()
    for after in range(len(lines), 0, -1):
        if not lines[after - 1].endswith(":"):
            depths = data.draw(st.lists(st.sampled_from([0, 2, 4, 6]), max_size=3))
            lines[after:after] = [f"{' ' * depth}# {after}.{number}" for number, depth in enumerate(depths)]
    text = "\n".join(lines) + "\n"
    formatted = format_source(text, "models.yaml", SECTIONS)
    assert format_source(formatted, "models.yaml", SECTIONS) == formatted
    assert _comment_homes(formatted) == _comment_homes(text)
