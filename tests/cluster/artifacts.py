"""What Flux's source-controller does, as far as others see it: a folder in, its archive by HTTP and in a status out.

Source-controller itself cannot be had as a Go module. Kustomize-controller asks it for nothing but this.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.cluster.control_plane import HOST, Client, Json
from tests.cluster.objects import url

# Every status says that it is of this time: the suite asks no clock.
THEN = "2026-01-02T03:04:05Z"


class Artifacts:
    """Archives that are served under their digests."""

    def __init__(self, address: str, held: dict[str, bytes]) -> None:
        self.address, self.held = address, held

    def publish(self, client: Client, source: Json, folder: Path, below: str, commit: str) -> None:
        """Serve what lies in `folder/below`, and say so in the status of a GitRepository."""
        archive = _archive(folder, below)
        digest = hashlib.sha256(archive).hexdigest()
        self.held[f"/{digest}.tar.gz"] = archive
        artifact = {
            "path": f"{digest}.tar.gz",
            "url": f"{self.address}/{digest}.tar.gz",
            "revision": f"main@sha1:{commit}",
            "digest": f"sha256:{digest}",
            "size": len(archive),
            "lastUpdateTime": THEN,
        }
        report_ready(client, source, {"artifact": artifact})


def report_ready(client: Client, doc: Json, more: Json | None = None) -> None:
    """Report one of Flux's objects ready, as the controller of its kind would."""
    live = client.call("GET", url(doc)).body
    generation = live["metadata"]["generation"]
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Succeeded",
        "message": "",
        "lastTransitionTime": THEN,
        "observedGeneration": generation,
    }
    said = {
        "apiVersion": doc["apiVersion"],
        "kind": doc["kind"],
        "metadata": {key: doc["metadata"][key] for key in ("name", "namespace")},
        "status": {"observedGeneration": generation, "conditions": [condition], **(more or {})},
    }
    done = client.call("PATCH", f"{url(doc)}/status", said, fieldManager="stand-in", force="true")
    assert done.accepted, done.message


@contextmanager
def serving_artifacts() -> Iterator[Artifacts]:
    """Serve archives on 127.0.0.1."""
    held: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            archive = held.get(self.path)
            self.send_response(404 if archive is None else 200)
            self.send_header("Content-Length", str(len(archive or b"")))
            self.end_headers()
            self.wfile.write(archive or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's word
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Artifacts(f"http://{HOST}:{server.server_port}", held)
    finally:
        server.shutdown()
        server.server_close()


def _archive(folder: Path, below: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(folder / below, arcname=below)
    return buffer.getvalue()
