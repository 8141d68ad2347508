"""The locked requirements in; a software bill of materials out, as CycloneDX 1.6 in JSON.

It says what an installation by hash consists of and what needs what, and nothing of a clock or a machine: the same
wheel and the same lock give the same bytes. https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid5

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))? \\$")
_HASH = re.compile(r"^    --hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^    #(?: via|  ) (?P<name>\S+)")
# A name space of our own, so that a bill's number says nothing but what is in it.
_SPACE = UUID("6f1e3c52-31b1-5f6e-9c93-0c8d6b1c5d10")


@dataclass
class Locked:
    """A package of the lock, and the packages that need it."""

    name: str
    version: str
    marker: str
    hashes: list[str] = field(default_factory=list)
    needed_by: list[str] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """The package's URL, by which others refer to it."""
        return f"pkg:pypi/{normalised(self.name)}@{self.version}"


def normalised(name: str) -> str:
    """Write a name as package URLs do."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(text: str) -> list[Locked]:
    """Read requirements as `uv pip compile --generate-hashes` writes them."""
    found: list[Locked] = []
    for line in text.splitlines():
        if pin := _PIN.match(line):
            found.append(Locked(pin["name"], pin["version"], pin["marker"] or ""))
        elif digest := _HASH.match(line):
            found[-1].hashes.append(digest[1])
        elif via := _VIA.match(line):
            found[-1].needed_by.append(normalised(via["name"]))
        elif line.strip() not in {"", "# via"}:
            raise ValueError(f"not a line of a lock: {line}")
    return found


def write_sbom(wheel: Path, lock: str) -> str:
    """Return the bill of a wheel that is installed with the packages of a lock."""
    version = wheel.name.split("-")[1]
    packages = read_lock(lock)
    root = f"pkg:pypi/kservegen@{version}"
    references = {"kservegen": root} | {normalised(package.name): package.reference for package in packages}
    needs: dict[str, list[str]] = {reference: [] for reference in references.values()}
    for package in packages:
        for user in package.needed_by:
            needs[references[user]].append(package.reference)
    digest = sha256(wheel.read_bytes()).hexdigest()
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(_SPACE, digest + sha256(lock.encode()).hexdigest())}",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "kservegen",
                "version": version,
                "hashes": [{"alg": "SHA-256", "content": digest}],
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "purl": root,
            },
        },
        "components": [_component(package) for package in packages],
        "dependencies": [{"ref": ref, "dependsOn": sorted(set(needed))} for ref, needed in needs.items()],
    }
    return json.dumps(bill, indent=2) + "\n"


def _component(package: Locked) -> dict[str, object]:
    marked = [{"name": "kservegen:marker", "value": package.marker}] if package.marker else []
    return {
        "type": "library",
        "bom-ref": package.reference,
        "name": package.name,
        "version": package.version,
        "scope": "optional" if package.marker else "required",
        "purl": package.reference,
        # Each of its files, of which an installation takes one.
        "externalReferences": [
            {
                "type": "distribution",
                "url": package.reference,
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in package.hashes],
            }
        ],
        **({"properties": marked} if marked else {}),
    }
