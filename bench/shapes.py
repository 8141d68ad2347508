"""Inputs of extreme shape in; how long and how large each answer is, out: `python -m bench.shapes MEGABYTES`.

Nothing here is judged right or wrong: what is measured is that every answer comes, whatever the shape, in bounded time
and memory. docs/limits.md states the bounds.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

_ISVC: Final = b"""\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris, namespace: models}
spec:
  predictor:
    model: {modelFormat: {name: sklearn}, storageUri: s3://bucket/iris}
"""
_HEAD: Final = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

Shape = Callable[[int], bytes]


def _filled(piece: bytes, size: int) -> bytes:
    return piece * max(size // len(piece), 1)


def _numbered(piece: bytes, size: int) -> bytes:
    return b"".join(piece % number for number in range(max(size // len(piece % 0), 1)))


SHAPES: Final[dict[str, Shape]] = {
    "one line of text": lambda size: b"a: " + b"x" * size,
    "one line of JSON": lambda size: b'{"a": "' + b"x" * size + b'"}',
    "one key of JSON": lambda size: b'{"' + b"x" * size + b'": 1}',
    "one key of JSON after ---": lambda size: b'---\n{"' + b"x" * size + b'": 1}',
    "commas": lambda size: b"a: [" + b"," * size + b"]",
    "numbers in brackets": lambda size: b"a: [" + _filled(b"1,", size) + b"]",
    "numbers in JSON": lambda size: b'{"a": [' + _filled(b"1,", size) + b"1]}",
    "a list of scalars": lambda size: _HEAD + b"data:\n" + _filled(b"- a\n", size),
    "keys": lambda size: _HEAD + b"data:\n" + _numbered(b"  k%d: v\n", size),
    "the same key": lambda size: _HEAD + b"data:\n" + _filled(b"  k: v\n", size),
    "a block of text": lambda size: _HEAD + b"data:\n  a: |\n" + _filled(b"    some text\n", size),
    "a folded block": lambda size: _HEAD + b"data:\n  a: >\n" + _filled(b"    some text\n", size),
    "a quoted text over lines": lambda size: _HEAD + b'data:\n  a: "' + _filled(b"some text\n    ", size) + b'"\n',
    "a plain text over lines": lambda size: _HEAD + b"data:\n  a: " + _filled(b"some text\n    ", size) + b"\n",
    "many documents": lambda size: _filled(_ISVC + b"---\n", size),
    "a List": lambda size: (
        b"apiVersion: v1\nkind: List\nitems:\n"
        + _filled(b"- " + _ISVC.replace(b"\n", b"\n  ").rstrip(b" "), size)
    ),
    "separators": lambda size: _filled(b"---\n", size),
    "brackets": lambda size: b"[" * size,
    "braces of JSON": lambda size: _filled(b'{"a":', size),
    "nesting by indentation": lambda size: b"".join(b" " * n + b"a:\n" for n in range(int((2 * size) ** 0.5))),
    "dashes": lambda size: _filled(b"- ", size),
    "anchors": lambda size: _numbered(b"k%d: &a v\n", size),
    "aliases": lambda size: b"a: &a [x, x, x, x]\nb:\n" + _filled(b"- *a\n", size),
    "aliases of aliases": lambda size: b"a0: &a0 [x]\n" + b"".join(
        b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)
    ) + _filled(b"# padding\n", size),
    "merge keys": lambda size: b"a: &a {x: 1}\n" + _numbered(b"k%d: {<<: *a}\n", size),
    "comments": lambda size: _filled(b"# a comment\n", size),
    "blank lines": lambda size: b"\n" * size,
    "spaces": lambda size: b" " * size,
    "tabs": lambda size: b"\t" * size,
    "a byte order mark": lambda size: b"\xef\xbb\xbf" + _filled(_ISVC + b"---\n", size),
    "UTF-16": lambda size: ("\ufeff" + "a: b\n" * (size // 10)).encode("utf-16-le"),
    "UTF-16 without a mark": lambda size: ("a: b\n" * (size // 10)).encode("utf-16-le"),
    "NULs": lambda size: b"\x00" * size,
    "CR only": lambda size: _filled(b"a: b\r", size),
    "CR before separators": lambda size: _filled(b"a: b\r---\n", size),
    "LINE SEPARATOR": lambda size: _filled(b"# \xe2\x80\xa8\n", size),
    "bytes of no encoding": lambda size: b"\xff" * size,
    "question marks": lambda size: _filled(b"? ", size),
    "colons": lambda size: _filled(b"a: b\nc : : d\n", size),
    "an open quote": lambda size: b'a: "' + _filled(b"x y\n ", size),
    "templates": lambda size: _filled(b"{{ .Values.x }}\n", size),
    "tags": lambda size: _numbered(b"k%d: !x v\n", size),
    "wide characters": lambda size: b"a: " + _filled("\U0001f600".encode(), size),
    "escapes": lambda size: b'a: "' + _filled(b"\\u00e9", size) + b'"',
    "a number": lambda size: b"a: " + b"9" * size,
    "a number of JSON": lambda size: b'{"a": ' + b"9" * size + b"}",
    "errors in many documents": lambda size: _filled(_ISVC.replace(b"predictor", b"predictr") + b"---\n", size),
    "unknown kinds": lambda size: _numbered(b"apiVersion: a/v1\nkind: K%d\nmetadata: {name: a}\n---\n", size),
    "containers": lambda size: (
        _ISVC + b"    containers:\n" + _numbered(b"    - {name: c%d, image: x}\n", size)
    ),
    "errors in one document": lambda size: (
        _ISVC + b"    containers:\n" + _numbered(b"    - {nme: c%d, image: 1}\n", size)
    ),
    "one name for all": lambda size: (
        _ISVC + b"    containers:\n" + _filled(b"    - {name: c, image: x, env: [{name: A}]}\n", size)
    ),
    "labels": lambda size: _ISVC.replace(b"namespace: models}", b"namespace: models, labels: {")
    .replace(b"\nspec", _numbered(b"k%d: v, ", size) + b"}}\nspec"),
    "arguments": lambda size: _ISVC.rstrip(b"}\n") + b", args: [" + _filled(b"--a=b, ", size) + b"]}\n",
}  # fmt: skip


def measure(name: str, size: int) -> tuple[float, float, int]:
    """Run `kservegen validate` on a shape; return CPU seconds, megabytes and the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "input.yaml")
        # By a process of its own: what a program starts counts the memory of that program as well.
        subprocess.run([sys.executable, "-m", "bench.shapes", "--write", name, str(size), str(file)], check=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "kservegen", "validate", str(file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode


def main(arguments: list[str]) -> int:
    """Measure every shape at a size, and print the slowest and the largest last."""
    if arguments[0] == "--write":
        Path(arguments[3]).write_bytes(SHAPES[arguments[1]](int(arguments[2])))
        return 0
    size = int(float(arguments[0]) * 1_000_000)
    names = arguments[1:] or list(SHAPES)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))  # a shape that takes all of a machine measures nothing
    found = []
    for name in names:
        seconds, megabytes, code = measure(name, size)
        found.append((seconds, megabytes))
        print(f"{seconds:6.2f} s {megabytes:6.0f} MB  exit {code}  {name}", flush=True)
    print(f"{len(found)} shapes of {arguments[0]} MB: at most {max(found)[0]:.2f} s, {max(m for _, m in found):.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
