"""A kubectl for tests: it forwards a port of its own to a server, or prints objects, or fails as the real one does.

Told by the environment: FAKE_TARGET is the port to forward to, FAKE_MODE what to do, FAKE_LOG the file to which it
writes its words and its process id. FAKE_ANSWERS is a folder by whose files `get` answers, a line of words in FAKE_LOG
for each: `CONTEXT.KIND.NAMESPACE.json` is printed, `.err` is its complaint, and without a file there is no object.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TextIO

REFUSALS = {
    "absent": 'Error from server (NotFound): services "iris-predictor" not found',
    "pending": "error: unable to forward port because pod is not running. Current status=Pending",
    "no-cluster": "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
    "forbidden": 'Error from server (Forbidden): pods "x" is forbidden: User "u" cannot create "pods/portforward"',
    "odd": "error: something that nobody has seen before",
}


def main() -> None:
    """Do what FAKE_MODE says."""
    if "get" in sys.argv:
        answer(sys.argv[1:], Path(os.environ["FAKE_ANSWERS"]))
        return
    mode = os.environ.get("FAKE_MODE", "")
    Path(os.environ["FAKE_LOG"]).write_text(json.dumps({"words": sys.argv[1:], "pid": os.getpid()}), "utf-8")
    if mode in REFUSALS:
        sys.exit(REFUSALS[mode])
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if mode == "silent":
        signal.pause()
    listener = socket.create_server(("127.0.0.1", 0))
    say(f"Forwarding from 127.0.0.1:{listener.getsockname()[1]} -> 8080", sys.stdout)
    while True:
        client, _ = listener.accept()
        say("Handling connection for 8080", sys.stdout)
        if mode == "lost":
            say("an error occurred forwarding 8080 -> 8080: connection refused in the pod", sys.stderr)
            client.close()
            continue
        server = socket.create_connection(("127.0.0.1", int(os.environ["FAKE_TARGET"])))
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=pump, args=(one, other), daemon=True).start()


def answer(words: list[str], folder: Path) -> None:
    """Print the objects of one kind in one namespace."""
    with Path(os.environ["FAKE_LOG"]).open("a", encoding="utf-8") as log:
        log.write(" ".join(words) + "\n")
    context = words[words.index("--context") + 1] if "--context" in words else "current"
    kind, namespace = words[words.index("get") + 1].partition(".")[0], words[words.index("--namespace") + 1]
    stem = folder / f"{context}.{kind}.{namespace}"
    if (complaint := stem.with_name(f"{stem.name}.err")).exists():
        sys.exit(complaint.read_text("utf-8"))
    file = stem.with_name(f"{stem.name}.json")
    empty = '{"apiVersion": "v1", "kind": "List", "items": []}'
    say(file.read_text("utf-8") if file.exists() else empty, sys.stdout)


def say(text: str, stream: TextIO) -> None:
    """Write one line at once."""
    stream.write(f"{text}\n")
    stream.flush()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Carry bytes until there are no more."""
    while chunk := source.recv(65536):
        sink.sendall(chunk)
    sink.close()


main()
