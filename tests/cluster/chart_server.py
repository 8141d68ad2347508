"""A chart repository on 127.0.0.1 with stand-ins for KServe's charts: CRDs where it has CRDs, else its values."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.cluster.control_plane import HOST

# What a chart without CRDs renders: the values it was given, to be looked at.
_VALUES = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-values
data:
  values.json: {{ .Values | toJson | quote }}
"""


class Charts:
    """The charts of one version: by name, the text of each file. They may change while they are served."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.files: dict[str, dict[str, str]] = {}

    def add(self, name: str, manifests: Mapping[str, str] | None = None) -> None:
        """Add a chart of plain manifests, or one that renders the values it is given."""
        files = {"templates/values.yaml": _VALUES}
        if manifests is not None:
            # Kept out of templates/: what looks like a template in the description of a CRD is none.
            files = {f"templates/{file}": _literally(file) for file in manifests}
            files |= {f"files/{file}": text for file, text in manifests.items()}
        chart = json.dumps({"apiVersion": "v2", "name": name, "version": self.version})
        self.files[name] = {"Chart.yaml": chart, "values.yaml": "{}\n", **files}

    def index(self, url: str) -> str:
        """Return the repository's index."""
        entries = {
            name: [{"apiVersion": "v2", "name": name, "version": self.version, "urls": [f"{url}/{name}.tgz"]}]
            for name in self.files
        }
        return json.dumps({"apiVersion": "v1", "entries": entries})

    def archive(self, name: str) -> bytes:
        """Return a chart as Helm packs it."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for path, text in self.files[name].items():
                content = text.encode()
                entry = tarfile.TarInfo(f"{name}/{path}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return packed.getvalue()


def _literally(file: str) -> str:
    return f'{{{{ .Files.Get "files/{file}" }}}}\n'


@contextmanager
def serving_charts(charts: Charts) -> Iterator[str]:
    """Serve the charts; yields the repository's URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/").removesuffix(".tgz")
            if self.path == "/index.yaml":
                self._send(charts.index(url).encode())
            elif name in charts.files:
                self._send(charts.archive(name))
            else:
                self.send_error(404)

        def _send(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's word
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    url = f"http://{HOST}:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
