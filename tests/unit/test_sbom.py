"""The bill of materials: valid, whole, and the same each time."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tools.sbom import read_lock, write_sbom

LOCK = (Path(__file__).parents[2] / "requirements/run.txt").read_text("utf-8")


def test_a_bill_lists_all_that_is_installed_and_what_needs_it(tmp_path: Path) -> None:
    wheel = tmp_path / "kservegen-1.2.3-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    written = write_sbom(wheel, LOCK)
    assert write_sbom(wheel, LOCK) == written
    bill = json.loads(written)
    # What CycloneDX 1.6 requires of a bill, a component and a dependency.
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", bill["serialNumber"])
    parts = [bill["metadata"]["component"], *bill["components"]]
    assert all(part["type"] and part["name"] and part["version"] and part["purl"] for part in parts)
    references = [part["bom-ref"] for part in parts]
    assert len({*references}) == len(references) == LOCK.count("==") - LOCK.count(" == ") + 1
    needs = {item["ref"]: item["dependsOn"] for item in bill["dependencies"]}
    assert needs.keys() == {*references}
    reached, pending = set[str](), [references[0]]
    while pending:
        reference = pending.pop()
        reached.add(reference)
        pending += set(needs[reference]) - reached
    assert reached == {*references}, "everything is there because something needs it"
    hashes = [digest["content"] for part in bill["components"] for digest in part["externalReferences"][0]["hashes"]]
    assert hashes == re.findall(r"sha256:([0-9a-f]{64})", LOCK)
    wheel.write_bytes(b"another wheel")
    assert json.loads(write_sbom(wheel, LOCK))["serialNumber"] != bill["serialNumber"]


def test_a_lock_that_is_not_understood_makes_no_bill() -> None:
    with pytest.raises(ValueError, match="not a line of a lock"):
        read_lock("click>=8\n")
