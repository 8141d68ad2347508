"""A server on 127.0.0.1 that speaks the part of the Hub's API that `kservegen lock` uses.

GET /api/models/<name>[/revision/<rev>] tells commit and files, /<name>/resolve/<rev>/<file> serves ranges. Errors carry
X-Error-Code as the Hub's do; a renamed repository is answered with a redirect.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.support.http_server import Quiet, running

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NEWER = "89abcdef0123456789abcdef0123456789abcdef"
TOKEN = "hf_" + "secretsecretsecret"


@dataclass
class FakeHub:
    """What the server has: files by repository and commit, and how it answers for names that are special."""

    url: str = ""
    heads: dict[str, str] = field(default_factory=dict)
    files: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # path, Range, Authorization
    sent: int = 0

    def add(self, name: str, files: dict[str, bytes], commit: str = COMMIT) -> None:
        """Add a commit and make it the newest."""
        self.heads[name] = commit
        self.files[name, commit] = files


def safetensors(tensors: dict[str, tuple[str, int]]) -> bytes:
    """Write a header for tensors of so many bytes, and as many zeros."""
    header, end = {}, 0
    for name, (dtype, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": [size], "data_offsets": [end, end + size]}
        end += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(end)


@contextmanager
def serve() -> Iterator[FakeHub]:
    """Run the server for a while."""
    hub = FakeHub()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(hub, self)

    with running(Handler) as port:
        hub.url = f"http://127.0.0.1:{port}"
        yield hub


def _answer(hub: FakeHub, request: BaseHTTPRequestHandler) -> None:
    path = request.path.partition("?")[0]
    hub.asked.append((path, request.headers.get("Range", ""), request.headers.get("Authorization", "")))
    api = path.startswith("/api/models/")
    parts = path.removeprefix("/api/models").strip("/").split("/")
    name, rest = "/".join(parts[:2]), parts[2:]
    if name in hub.renamed:
        target = path.replace(name, hub.renamed[name]) + "?blobs=true"
        _send(hub, request, 307, b"", {"Location": target})
        return
    status, code = hub.errors.get(name, (0, ""))
    if name not in hub.heads and not status:
        status, code = 404, "RepoNotFound"
    if status:
        _send(hub, request, status, b"{}", {"X-Error-Code": code} if code else {})
        return
    revision = rest[1] if len(rest) > 1 else "main"
    commit = hub.heads[name] if revision == "main" else revision
    files = hub.files.get((name, commit))
    if files is None:
        _send(hub, request, 404, b"{}", {"X-Error-Code": "RevisionNotFound"})
    elif api:
        siblings = [{"rfilename": file, "size": len(content)} for file, content in files.items()]
        info = {"id": name, "sha": commit, "siblings": siblings, "cardData": {"license": "apache-2.0"}, "tags": []}
        _send(hub, request, 200, json.dumps(info).encode(), {"Content-Type": "application/json"})
    else:
        _send_file(hub, request, files["/".join(rest[2:])], commit)


def _send_file(hub: FakeHub, request: BaseHTTPRequestHandler, content: bytes, commit: str) -> None:
    headers = {"X-Repo-Commit": commit, "ETag": '"etag"', "Accept-Ranges": "bytes"}
    wanted = request.headers.get("Range", "")
    if not wanted or not hub.ranges:
        _send(hub, request, 200, content, headers)
        return
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    part = content[int(first) : int(last) + 1]
    headers["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"
    _send(hub, request, 206, part, headers)


def _send(hub: FakeHub, request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    request.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        request.send_header(name, value)
    request.end_headers()
    hub.sent += len(body)
    try:
        request.wfile.write(body)
    except (BrokenPipeError, ConnectionResetError):
        return  # the client has heard enough
