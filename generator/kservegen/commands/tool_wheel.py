"""The kservegen that runs in; a wheel of it out, from what was installed or from a checkout, the same bytes each time.

A wheel is a zip of the package's files, those of its metadata, and RECORD with the hash of each
(https://packaging.python.org/specifications/binary-distribution-format/). No build backend is needed, and no network.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tomllib
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution
from pathlib import Path
from typing import Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from kservegen import __version__
from kservegen.core.errors import GeneratorError

_INFO: Final = f"kservegen-{__version__}.dist-info"
# What goes beside a program on the system: manual and completion, share/ of the checkout.
_SHARE: Final = "share"
_DATA: Final = f"kservegen-{__version__}.data/data"
_RECORD: Final = f"{_INFO}/RECORD"
# What an installer writes beside what a wheel holds: https://packaging.python.org/specifications/recording-installed-packages/
_OF_THE_INSTALLER: Final = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can tell
_MODE: Final = 0o100644 << 16


class PackedWheel(NamedTuple):
    """A wheel: its file name, which says what it is, and its bytes."""

    name: str
    content: bytes


def pack_installed(distribution: Distribution) -> PackedWheel:
    """Return the wheel that was installed, packed anew from its files.

    Raises GeneratorError where a file is gone or is not what the installer recorded.
    """
    files: dict[str, bytes] = {}
    for file in distribution.files or ():
        path = file.as_posix()
        if path.startswith("../") and f"/{_SHARE}/" in path:
            path = f"{_DATA}/{_SHARE}/{path.rpartition(f'/{_SHARE}/')[2]}"
        if path.startswith("../") or "__pycache__" in file.parts or file.name in _OF_THE_INSTALLER:
            continue  # commands that the installer made, and compiled modules
        located = Path(str(file.locate()))
        content = located.read_bytes() if located.is_file() else None
        if content is None or file.hash is None or _digest(content, file.hash.mode) != file.hash.value:
            raise GeneratorError(
                "is not what was installed: its hash is not the recorded one",
                subject=str(located),
                hint="Install kservegen anew, or say where CI takes it from: --tool.",
            )
        files[path] = content
    return _packed(files)


def pack_checkout(root: Path) -> PackedWheel:
    """Return the wheel of a checkout: the files that its pyproject.toml names, as they lie there.

    Raises GeneratorError where a file cannot be read.
    """
    try:
        return _packed(dict(_checkout_files(root)))
    except (OSError, KeyError, ValueError) as error:
        raise GeneratorError(
            f"no wheel can be made of this checkout: {error}",
            subject=str(root),
            hint="Say where CI takes kservegen from: --tool.",
        ) from error


def _checkout_files(root: Path) -> Iterator[tuple[str, bytes]]:
    told = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    project, wheel = told["project"], told["tool"]["hatch"]["build"]["targets"]["wheel"]
    shared = {source: f"{_DATA}/{target}" for source, target in wheel.get("shared-data", {}).items()}
    folders = {package: Path(package).name for package in wheel["packages"]} | wheel["force-include"] | shared
    for source, target in folders.items():
        yield from _below(root / source, target)
    fields = [
        "Metadata-Version: 2.1",
        "Name: kservegen",
        f"Version: {__version__}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {wanted}" for wanted in project["dependencies"]),
    ]
    commands = (f"{name} = {function}" for name, function in project["scripts"].items())
    yield f"{_INFO}/METADATA", _lines(fields)
    yield (
        f"{_INFO}/WHEEL",
        _lines(["Wheel-Version: 1.0", "Generator: kservegen", "Root-Is-Purelib: true", "Tag: py3-none-any"]),
    )
    yield f"{_INFO}/entry_points.txt", _lines(["[console_scripts]", *commands])
    yield f"{_INFO}/licenses/LICENSE", (root / "LICENSE").read_bytes()


def _below(source: Path, target: str) -> Iterator[tuple[str, bytes]]:
    if source.is_file():
        yield target, source.read_bytes()
        return
    for path in sorted(source.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{target}/{path.relative_to(source).as_posix()}", path.read_bytes()


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _packed(files: Mapping[str, bytes]) -> PackedWheel:
    record = io.StringIO()
    rows = [(path, f"sha256={_digest(content)}", str(len(content))) for path, content in sorted(files.items())]
    csv.writer(record, lineterminator="\n").writerows([*rows, (_RECORD, "", "")])
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for path, content in [*sorted(files.items()), (_RECORD, record.getvalue().encode())]:
            entry = ZipInfo(path, _EPOCH)
            entry.compress_type, entry.external_attr, entry.create_system = ZIP_DEFLATED, _MODE, 3
            archive.writestr(entry, content)
    return PackedWheel(f"kservegen-{__version__}-py3-none-any.whl", out.getvalue())


def _digest(content: bytes, algorithm: str = "sha256") -> str:
    """Hash as RECORD writes it: base64 for URLs, without padding."""
    return urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=").decode()
