"""The files of an input on a disk, and commands as people type them, in; what is wrong with what they do out.

Commands look into catalogs that nobody has judged: what does not hold there is no finding of theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import click

from kservegen.cli import cli
from kservegen.core.errors import GeneratorError

Words = tuple[str, ...]

# The folder, and the name of an entry, in words.
_ROOT: Final = "{root}"
_NAME: Final = "{name}"
_MOST: Final = 3
_IN_FOLDER: Final[tuple[Words, ...]] = (
    ("budget",),
    ("codeowners",),
    ("diff", "dev", "prod"),
    ("eject", f"{_ROOT}/out"),
    ("explain", _NAME, "--env", "dev"),
    ("explain", f"models.{_NAME}"),
    ("find", _NAME),
    ("fmt",),
    ("fmt", "--check"),
    ("gpu",),
    ("gpu", _NAME, "--what-if", "tp=2,gpu=L4"),
    ("owners",),
    ("plan",),
    ("plan", "--output", "markdown"),
    ("promote", "dev", "prod", "--yes"),
    ("render",),
    ("render", "--check"),
    ("report",),
    ("report", "--output", "html"),
    ("set", _NAME, "minReplicas=2", "--env", "dev", "--yes"),
    ("set", _NAME, "storageUri=s3://b/m", "--yes"),
    ("simulate", _NAME, "--env", "dev"),
    ("simulate", _NAME, "--env", "dev", "--against", "prod"),
    ("upgrade", "--to", "v0.20.0"),
    ("upgrade", "--to", "v0.19.0"),
    ("validate",),
    ("validate", "--output", "sarif"),
)
_ON_FILES: Final[tuple[Words, ...]] = (
    ("adopt", f"{_ROOT}/manifests", "--root", f"{_ROOT}/adopted"),
    ("convert", f"{_ROOT}/manifests"),
    ("simulate", f"{_ROOT}/manifests"),
    ("validate", f"{_ROOT}/environments/dev.yaml"),
    ("validate", f"{_ROOT}/manifests", "--kserve-version", "v0.19.0"),
)
_WITH_JSON: Final = frozenset(
    {"budget", "diff", "explain", "find", "gpu", "owners", "plan", "report", "simulate", "upgrade", "validate"}
)


def draw_commands(random: Random, names: Sequence[str]) -> tuple[Words, ...]:
    """Choose some commands, and an entry for those that ask about one."""
    chosen = random.sample((*_IN_FOLDER, *_ON_FILES), random.randint(1, _MOST))
    name = random.choice(names) if names else "iris"
    return tuple(_completed(words, name, random) for words in chosen)


def _completed(words: Words, name: str, random: Random) -> Words:
    output = "json" if words[0] in _WITH_JSON and "--output" not in words and random.random() < 0.4 else ""
    where = ("--root", _ROOT) if words in _IN_FOLDER else ()
    return (*(word.replace(_NAME, name) for word in words), *where, *(("--output", output) if output else ()))


def internal_findings(files: Mapping[str, bytes], commands: Sequence[Words]) -> Iterator[str]:
    """Run commands on a folder with these files, one after the other; yield what they say of the tool itself.

    Raises what a command raises, but for failures that it has a sentence for.
    """
    with TemporaryDirectory() as root:
        for name, content in files.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for words in commands:
            said = StringIO()
            with redirect_stdout(said), redirect_stderr(said):
                _run([word.replace(_ROOT, root) for word in words])
            yield from (line for line in said.getvalue().splitlines() if "[internal/" in line)


def _run(words: list[str]) -> None:
    # These are failures of the operation, and say why.
    with suppress(GeneratorError, OSError, click.Abort, click.ClickException, click.exceptions.Exit):
        cli.main(args=words, prog_name="kservegen", standalone_mode=False)
