"""The language server that editors read YAML with, over its standard streams: text with a place in, its words out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, NoReturn, Self

import pytest

_TESTS: Final = Path(__file__).parents[1]
_LEAST_NODE: Final = 18
_SETTINGS: Final = {"yaml": {"completion": True, "hover": True, "validate": True, "schemaStore": {"enable": False}}}


class Said(NamedTuple):
    """What the server says of a place: completions by label, each with its text beside it; the hover; messages."""

    completions: dict[str, str]
    hover: str
    messages: tuple[str, ...]


@cache
def server_command() -> list[str]:
    """Return the command of the server, installed once; a test is skipped where there is no Node or no npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node and npm are not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").partition(".")[0]) < _LEAST_NODE:
        pytest.skip(f"Node {version.strip()} is older than {_LEAST_NODE}")
    folder = _TESTS.parent / ".build" / "yaml-language-server"
    lock = (_TESTS / "node_yaml_language_server" / "package-lock.json").read_bytes()
    if not _is_of(folder, lock):
        _install(npm, folder, lock)
    return [node, str(folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"), "--stdio"]


def _is_of(folder: Path, lock: bytes) -> bool:
    file = folder / "package-lock.json"
    return file.is_file() and file.read_bytes() == lock


def _install(npm: str, folder: Path, lock: bytes) -> None:
    """Install into a folder of this process's own, and put it in its place when it is whole."""
    fresh = folder.with_name(f"{folder.name}-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(_TESTS / "node_yaml_language_server", fresh)
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=fresh,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        _absent(f"yaml-language-server cannot be installed here: {done.stderr.strip()[-300:]}")
    if folder.exists() and not _is_of(folder, lock):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        fresh.rename(folder)
    except OSError:  # another process was first
        shutil.rmtree(fresh, ignore_errors=True)


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class LanguageServer:
    """One run of the server."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            server_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._asked = 0
        self._published: dict[str, list[dict[str, Any]]] = {}
        completion = {"completionItem": {"documentationFormat": ["plaintext"]}}
        capabilities = {"textDocument": {"completion": completion}, "workspace": {"configuration": True}}
        self._request("initialize", processId=None, rootUri=root.as_uri(), capabilities=capabilities)
        self._send(method="initialized", params={})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def ask(self, file: Path, text: str) -> Said:
        """Open a file of this text and ask about the place of its `^`: completions there, the hover left of it."""
        before, _, after = text.partition("^")
        line, column = before.count("\n"), len(before.rpartition("\n")[2])
        uri = file.as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": before + after}
        self._send(method="textDocument/didOpen", params={"textDocument": document})
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}
        listed = self._request("textDocument/completion", **place)
        place["position"] = {"line": line, "character": max(column - 2, 0)}
        hover = self._request("textDocument/hover", **place)
        while uri not in self._published:
            self._answer(self._read())
        items = listed["items"] if isinstance(listed, dict) else listed or []
        return Said(
            completions={item["label"]: _text(item.get("documentation")) for item in items},
            hover=_text(hover and hover["contents"]),
            messages=tuple(found["message"] for found in self._published[uri]),
        )

    def _request(self, method: str, **params: object) -> Any:  # noqa: ANN401 - JSON of any shape
        self._asked += 1
        self._send(id=self._asked, method=method, params=params)
        while True:
            message = self._read()
            if message.get("id") == self._asked and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self._answer(message)

    def _answer(self, message: dict[str, Any]) -> None:
        """Keep what is published, and answer what the server asks its editor."""
        if message.get("method") == "textDocument/publishDiagnostics":
            self._published[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message:
            items = message.get("params", {}).get("items", ()) if "configuration" in message["method"] else None
            settings = None if items is None else [_SETTINGS.get(item.get("section")) for item in items]
            self._send(id=message["id"], result=settings)

    def _send(self, **message: object) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        size = 0
        while (line := self._process.stdout.readline()) != b"\r\n":
            assert line, "the language server ended"
            if line.lower().startswith(b"content-length:"):
                size = int(line.partition(b":")[2])
        read: dict[str, Any] = json.loads(self._process.stdout.read(size))
        return read


def _text(said: object) -> str:
    return str(said["value"]) if isinstance(said, dict) else str(said or "")
