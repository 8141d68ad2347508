"""Make a release of HEAD in dist/: the wheel, its bill of materials, the locked requirements, and their hashes."""

from __future__ import annotations

import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from tools.build_wheel import ROOT, build_twice, export, run
from tools.sbom import write_sbom


def main() -> None:
    """Refuse a work tree that is not its commit; build the rest from that commit alone."""
    if run("git", "status", "--porcelain", cwd=ROOT):
        sys.exit("there are changes that are not committed: a release is made of a commit")
    dist = ROOT / "dist"
    if dist.exists():
        sys.exit(f"{dist} is there already: move it away, or `make clean`")
    commit = run("git", "rev-parse", "HEAD", cwd=ROOT).strip()
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_twice(export(commit, Path(folder) / "source"), dist)
    lock = run("git", "show", f"{commit}:requirements/run.txt", cwd=ROOT)
    (dist / "requirements.txt").write_text(lock, "utf-8")
    (dist / "kservegen.cdx.json").write_text(write_sbom(wheel, lock), "utf-8")
    sums = [f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(dist.iterdir())]
    (dist / "SHA256SUMS").write_text("".join(sums), "utf-8")
    print(f"commit {commit}", *(line.rstrip() for line in sums), sep="\n")


if __name__ == "__main__":
    main()
