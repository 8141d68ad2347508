"""Our defaulter as a mutating webhook on 127.0.0.1, where KServe's own would stand."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.cluster.control_plane import HOST, Client, Json, certificate

from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore, Shapes
from kservegen.kserve.defaulting import Installation, default
from kservegen.render.objects.finish import canonical_form

GROUP = "serving.kserve.io"
_SCHEMAS = SchemaStore([Path(__file__).parents[2] / "schemas"])
KINDS = ("inferenceservices", "llminferenceservices")


def answer(review: Json, installation: Installation) -> Json:
    """Answer an AdmissionReview with what our defaulter makes of its object.

    KServe's reads the object into Go's types and writes them out again: quantities come back in their canonical form.
    """
    request = review["request"]
    doc = request["object"]
    names = doc["metadata"]
    identity = ResourceId(doc["kind"], names.get("namespace", ""), names.get("name", ""))
    written = Resource(id=identity, api_version=doc["apiVersion"], doc=doc, file="request.yaml")
    stored = default(written, installation)
    response: Json = {"uid": request["uid"], "allowed": not stored.crashes}
    quantities = Shapes(_SCHEMAS, installation.kserve_version).quantities(doc["apiVersion"], doc["kind"])
    made = canonical_form(stored.resource.doc, quantities)
    if made != doc:
        patch = [
            {"op": "add", "path": f"/{key}", "value": value} for key, value in made.items() if doc.get(key) != value
        ]
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


class Gate:
    """Lets admissions through; on request only so many more, until it is opened. Dry runs always pass."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._change = threading.Condition()

    def admit_only(self, number: int) -> None:
        """Hold all but the next `number` admissions."""
        with self._change:
            self._left = number

    def open(self) -> None:
        """Let everybody through."""
        with self._change:
            self._left = None
            self._change.notify_all()

    def pass_through(self) -> None:
        """Wait for one's turn."""
        with self._change:
            self._change.wait_for(lambda: self._left is None or self._left > 0)
            if self._left is not None:
                self._left -= 1


@contextmanager
def serving(folder: Path, client: Client, installation: Installation) -> Iterator[Gate]:
    """Serve the webhook and register it with the API server; yields the gate that admissions pass."""
    crt, key = certificate(folder, "webhook")
    gate = Gate()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            review = json.loads(body)
            if not review["request"].get("dryRun"):
                gate.pass_through()
            text = json.dumps(answer(review, installation)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's word
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        done = client.call("POST", _CONFIGURATIONS, _configuration(server.server_port, crt))
        assert done.accepted, done
        yield gate
    finally:
        gate.open()
        server.shutdown()
        server.server_close()


_CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


def _configuration(port: int, crt: Path) -> Json:
    rule = {"apiGroups": [GROUP], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": [*KINDS]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "kserve-defaulter"},
        "webhooks": [
            {
                "name": "defaulter.serving.kserve.io",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "timeoutSeconds": 30,  # the most there is
                "rules": [rule],
                "clientConfig": {
                    "url": f"https://{HOST}:{port}/default",
                    "caBundle": base64.b64encode(crt.read_bytes()).decode(),
                },
            }
        ],
    }
