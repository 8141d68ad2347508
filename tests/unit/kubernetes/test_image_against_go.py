"""Names of images against the code that container runtimes read them with."""

from __future__ import annotations

import json
import random
import subprocess
from typing import Final

from tests.support.go_programs import go_binary

from kservegen.kubernetes.kubelet import image_error

_DIGEST: Final = "0123456789abcdef" * 4
NAMES: Final = (
    "a",
    "library/a:1",
    "MyOrg/vllm:v1",
    "myorg/VLLM:v1",
    "vllm/vllm-openai :v1",
    " a",
    "a ",
    "a:",
    "a@",
    "a:1:2",
    "a//b",
    "a/b/",
    "/a",
    "a..b",
    "a__b",
    "a___b",
    "a--b",
    "-a",
    "a-",
    "localhost/a",
    "localhost:5000/a",
    "localhost:port/a",
    "h.io:5000",
    "[::1]:5000/a",
    "[::1/a",
    "h_o.io/a",
    "é/a",
    "a:é",
    _DIGEST,
    f"x/{_DIGEST}",
    f"a@sha256:{_DIGEST}",
    f"a:1@sha256:{_DIGEST}",
    f"a@sha256:{_DIGEST.upper()}",
    f"a@sha256:{_DIGEST[1:]}",
    f"a@sha512:{_DIGEST * 2}",
    f"a@sha384:{_DIGEST}{_DIGEST[:32]}",
    f"a@md5:{_DIGEST[:32]}",
    "a@sha256",
    "a" * 247,
    "a" * 248,
    f"h.io/{'a' * 255}",
    f"h.io/{'a' * 256}",
    f"a:{'t' * 128}",
    f"a:{'t' * 129}",
    "docker.io/a",
    "index.docker.io/a/B",
    "{{ .image }}",
)
DRAWN: Final = 4000


def test_names_are_read_as_container_runtimes_read_them() -> None:
    chance = random.Random(1)  # noqa: S311 - the same names each time
    pieces = (
        "a",
        "B",
        "9",
        "/",
        "/",
        ":",
        ".",
        "_",
        "-",
        "@",
        "h.io",
        "localhost",
        "sha256:",
        _DIGEST,
        " ",
        "é",
        "[::1]",
    )
    drawn = ("".join(chance.choices(pieces, k=chance.randint(1, 7))) for _ in range(DRAWN))
    names = [*NAMES, *drawn]
    lines = "".join(f"{json.dumps(name)}\n" for name in names)
    done = subprocess.run([go_binary("go_reference")], input=lines, capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    differ = [(name, said) for name, said in zip(names, told, strict=True) if bool(said) is not bool(image_error(name))]
    assert differ == []
    assert 0 < sum(map(bool, told)) < len(names)
