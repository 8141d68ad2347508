"""An OCI registry on 127.0.0.1 with stand-ins for KServe's charts: CRDs where a chart has CRDs, else its values."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import ssl
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from tests.cluster.control_plane import HOST, certificate

FOLDER = "charts"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

# What a chart without CRDs renders: the values that it was given, to be looked at.
_VALUES = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-values
data:
  values.json: {{ .Values | toJson | quote }}
"""


class Blob(NamedTuple):
    """A content of the registry and what it is called by."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """The content's name."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, object]:
        """What a manifest says of it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


class Charts:
    """Charts of one version. They may change while they are served, as no published chart should."""

    def __init__(self, version: str) -> None:
        self.version = version
        # By name of the chart: its manifest, and all its blobs by digest.
        self._manifests: dict[str, Blob] = {}
        self._blobs: dict[str, dict[str, Blob]] = {}

    def add(self, name: str, manifests: Mapping[str, str] | None = None) -> None:
        """Add or replace a chart of plain manifests, or one that renders the values it is given."""
        files = {"templates/values.yaml": _VALUES}
        if manifests is not None:
            # Kept out of templates/: what looks like a template in the description of a CRD is none.
            files = {f"templates/{file}": f'{{{{ .Files.Get "files/{file}" }}}}\n' for file in manifests}
            files |= {f"files/{file}": text for file, text in manifests.items()}
        about = json.dumps({"apiVersion": "v2", "name": name, "version": self.version})
        config = Blob(about.encode(), _CONFIG)
        content = Blob(_pack(name, {"Chart.yaml": about, "values.yaml": "{}\n", **files}), _CONTENT)
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": config.descriptor,
            "layers": [content.descriptor],
        }
        self._manifests[name] = Blob(json.dumps(manifest).encode(), _MANIFEST)
        self._blobs[name] = {blob.digest: blob for blob in (config, content)}

    def find(self, path: str) -> Blob | None:
        """Return what the registry answers for a path below its root."""
        match path.strip("/").split("/"):
            case ["v2"]:
                return Blob(b"{}", "application/json")
            case ["v2", folder, name, "manifests", reference] if folder == FOLDER and name in self._manifests:
                manifest = self._manifests[name]
                return manifest if reference in (self.version, manifest.digest) else None
            case ["v2", folder, name, "tags", "list"] if folder == FOLDER and name in self._manifests:
                tags = {"name": f"{FOLDER}/{name}", "tags": [self.version]}
                return Blob(json.dumps(tags).encode(), "application/json")
            case ["v2", folder, name, "blobs", digest] if folder == FOLDER:
                return self._blobs.get(name, {}).get(digest)
        return None


def _pack(name: str, files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in files.items():
            content = text.encode()
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), compresslevel=1, mtime=0)


class Registry(NamedTuple):
    """Where charts are served: an address without a scheme, and the certificate to trust."""

    address: str
    authority: Path


@contextmanager
def serving_charts(charts: Charts, folder: Path) -> Iterator[Registry]:
    """Serve the charts over TLS."""
    crt, key = certificate(folder, "registry")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            blob = charts.find(self.path.partition("?")[0])
            if blob is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", blob.media_type)
            self.send_header("Content-Length", str(len(blob.content)))
            self.send_header("Docker-Content-Digest", blob.digest)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(blob.content)

        do_HEAD = do_GET  # noqa: N815 - http.server's word

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's word
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        # By name: Argo CD takes an address that starts with a number for that of a Helm repository of the older kind.
        yield Registry(f"localhost:{server.server_port}/{FOLDER}", crt)
    finally:
        server.shutdown()
        server.server_close()
