"""Where CI takes kservegen from: an index with a hash, a Git commit, or a wheel kept in the repository.

What is named can only ever be what it was when it was named: a name that somebody else registers, a tag that moves or
an address that serves other bytes stops CI and runs nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

import kservegen
from kservegen import __version__
from kservegen.commands.tool_wheel import PackedWheel, pack_checkout, pack_installed
from kservegen.core.document import mapping, text
from kservegen.core.errors import GeneratorError
from kservegen.core.patterns import lazy_pattern
from kservegen.core.repository import packaged_data
from kservegen.git.process import mask, open_git

# The composite action that every workflow of GitHub installs kservegen by, and what it installs.
TOOL_FOLDER: Final = ".github/actions/kservegen"
_LARGEST_WHEEL: Final = 50_000_000  # bytes: thirty times ours

_INDEX: Final = lazy_pattern(r"kservegen\s*==\s*([0-9][0-9a-zA-Z.+!-]*)((?:\s+(?:\\\s+)?--hash=sha256:[0-9a-f]{64})+)")
_HASH: Final = lazy_pattern(r"--hash=sha256:[0-9a-f]{64}")
# What cannot end a word of a shell or a scalar of YAML, with no user or password but ssh's own.
_GIT: Final = lazy_pattern(r"git\+(?:https://|ssh://(?:git@)?)[\w.:-]+/[\w.~/%+-]+@(?:[0-9a-f]{64}|[0-9a-f]{40})")
_FORMS: Final = (
    f"'kservegen=={__version__} --hash=sha256:…' for an index, git+https://HOST/REPOSITORY@COMMIT with all digits of"
    " the commit, or FILE.whl to keep that wheel in the repository"
)


class ToolSource(Struct, frozen=True, kw_only=True):
    """One source, and how to say so.

    `requirement` is a line for pip with hashes; `commit` is pip's address of a Git commit, which needs none, as the
    commit is its hash. One of the two is set. `wheel` goes into the repository. `why` says where the choice comes from.
    """

    said: str
    requirement: str = ""
    commit: str = ""
    wheel: PackedWheel | None = None
    why: str = ""

    def words(self, indent: int) -> dict[str, str]:
        """Return what stands for the words of what installs it in CI, whose lines are indented by so much."""
        files, then = "-r requirements.txt", ""
        if self.commit:
            # What builds it is locked, too, and is all that the build may use.
            files = f"{files} -r build-requirements.txt"
            install = '"$python" -I -m pip install --quiet --no-index --no-deps --no-build-isolation'
            lead = " " * indent
            then = f'\n{lead}{install} \\\n{lead}  "kservegen @ {self.commit}" # v{__version__}'
        return {"source": self.said, "requirements": files, "then": then}

    def files(self, folder: str) -> Iterator[tuple[str, bytes]]:
        """Yield what CI installs from, in a folder of the repository: the locked requirements, and the wheel."""
        data = packaged_data() / "requirements"
        locked = [f"# kservegen {__version__} and what it was tested with, every file by its hash.\n"]
        if self.requirement:
            locked.append(f"{self.requirement}\n")
        locked.append((data / "run.txt").read_text("utf-8"))
        yield f"{folder}/requirements.txt", "".join(locked).encode()
        if self.commit:
            yield f"{folder}/build-requirements.txt", (data / "build.txt").read_bytes()
        if self.wheel is not None:
            yield f"{folder}/{self.wheel.name}", self.wheel.content


def read_tool(words: str) -> ToolSource:
    """Return the source that `--tool` names; GeneratorError where it names none, or not exactly."""
    if words.endswith(".whl"):
        return _kept(_read_wheel(Path(words)))
    if _GIT.fullmatch(words):
        return ToolSource(said=f"the commit {words.rpartition('@')[2][:12]} of {_address(words)}", commit=words)
    found = _INDEX.fullmatch(words.strip())
    if found is None:
        raise GeneratorError(f"{mask(words)!r} is no source of kservegen", subject="--tool", hint=f"Give {_FORMS}.")
    if found[1] != __version__:
        raise _other_version(found[1])
    hashes = _HASH.findall(found[2])
    requirement = " \\\n".join([f"kservegen=={__version__}", *(f"    {one}" for one in hashes)])
    return ToolSource(said=f"a package index, as kservegen {__version__} with its hash", requirement=requirement)


def installed_tool() -> ToolSource:
    """Return the source that this kservegen was itself installed from, with the reason in `why`.

    A Git commit where an installer or a clean checkout tells one that others can fetch; a wheel of what runs here
    otherwise: an index and a file leave no hash behind (PEP 610 records addresses, RECORD the files).
    """
    installed = _distribution()
    if installed is None:
        return checkout_tool(packaged_data())
    commit = _recorded_commit(installed)
    if commit:
        return replace(read_tool(commit), why="this kservegen was installed from there")
    return replace(_kept(pack_installed(installed)), why="it is what is installed here, packed again")


def checkout_tool(root: Path) -> ToolSource:
    """Return the source for a checkout: its commit where others can fetch it, a wheel of what lies there otherwise."""
    commit, lacks = _checkout_commit(root)
    if commit:
        return replace(read_tool(commit), why="this kservegen runs from a clean checkout of it")
    return replace(
        _kept(pack_checkout(root)), why=f"this kservegen runs from a checkout {lacks}, so CI gets a wheel of it"
    )


def _distribution() -> Distribution | None:
    """Return what an installer recorded of the package that runs; None for a checkout on the path."""
    here = Path(kservegen.__file__).resolve()
    found = (one for one in distributions(name="kservegen") if _located(one) == here)
    return next(found, None)


def _located(distribution: Distribution) -> Path:
    return Path(str(distribution.locate_file("kservegen/__init__.py"))).resolve()


def _recorded_commit(installed: Distribution) -> str:
    """Return pip's address of the commit that it was installed from; blank for anything else.

    https://packaging.python.org/specifications/direct-url/
    """
    try:
        recorded = mapping(json.loads(installed.read_text("direct_url.json") or "{}"))
    except ValueError:
        return ""
    origin = mapping(recorded.get("vcs_info"))
    address = f"git+{text(recorded.get('url'))}@{text(origin.get('commit_id'))}"
    return address if text(origin.get("vcs")) == "git" and _GIT.fullmatch(address) else ""


def _checkout_commit(root: Path) -> tuple[str, str]:
    """Return pip's address of the commit that is checked out, or what the checkout lacks for one."""
    try:
        git = open_git(root)
        if git.top.resolve() != root.resolve() or git.text("status", "--porcelain"):
            return "", "with changes that are not committed"
        address = f"git+{git.text('remote', 'get-url', 'origin')}@{git.text('rev-parse', 'HEAD')}"
        if not address.startswith("git+https://") or not _GIT.fullmatch(address):
            return "", "without an https address that others can fetch it from"
        if not git.text("branch", "--remotes", "--contains", "HEAD"):
            return "", "of a commit that was not pushed"
    except GeneratorError:
        return "", "without Git"
    return address, ""


def _address(commit: str) -> str:
    return commit.removeprefix("git+").rpartition("@")[0]


def _kept(wheel: PackedWheel) -> ToolSource:
    requirement = f"./{wheel.name} \\\n    --hash=sha256:{sha256(wheel.content).hexdigest()}"
    return ToolSource(said=f"the wheel {wheel.name}, which the repository keeps", requirement=requirement, wheel=wheel)


def _read_wheel(file: Path) -> PackedWheel:
    hint = "Name a wheel of kservegen on this machine, as pip download or pip wheel leaves it."
    name = re.fullmatch(r"kservegen-([0-9][\w.+!]*)-py3-none-any\.whl", file.name)
    if name is None:
        raise GeneratorError("is not called like a wheel of kservegen", subject=str(file), hint=hint)
    if name[1] != __version__:
        raise _other_version(name[1])
    try:
        with file.open("rb") as handle:
            content = handle.read(_LARGEST_WHEEL + 1)
    except OSError as error:
        raise GeneratorError(f"cannot be read: {error.strerror}", subject=str(file), hint=hint) from error
    if len(content) > _LARGEST_WHEEL or not content.startswith(b"PK"):
        raise GeneratorError("is no wheel", subject=str(file), hint=hint)
    return PackedWheel(file.name, content)


def _other_version(version: str) -> GeneratorError:
    return GeneratorError(
        f"is kservegen {version}, and this is kservegen {__version__}, whose locked requirements are written",
        subject="--tool",
        hint=f"Run init by kservegen {version}, or name version {__version__}.",
    )
