"""What a Secret at hand says about storage: a Secret and a key in, its settings out, None where it has none."""

from __future__ import annotations

import base64
import binascii
import json

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource


def settings_of(secret: Resource, key: str) -> JsonObject | None:
    """Read the JSON under a key; None where the Secret lacks the key, empty where it cannot be read."""
    plain = mapping(secret.doc.get("stringData"))
    encoded = mapping(secret.doc.get("data"))
    if key in plain:
        return _read(plain[key])
    if key not in encoded:
        return None
    try:
        return _read(base64.b64decode(str(encoded[key]), validate=True).decode())
    except (binascii.Error, UnicodeDecodeError):
        return {}


def _read(value: object) -> JsonObject:
    try:
        read = json.loads(value) if isinstance(value, str) else {}
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
