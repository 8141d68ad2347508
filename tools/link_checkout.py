"""Make this checkout's package and command available in the Python environment that runs this script.

What `pip install --editable` does, without a build backend to download: one .pth file and one command.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Write the path file and the command."""
    site = Path(sysconfig.get_path("purelib"))
    (site / "kservegen-checkout.pth").write_text(f"{ROOT / 'generator'}\n", "utf-8")
    command = Path(sysconfig.get_path("scripts")) / "kservegen"
    command.write_text(f"#!{sys.executable}\nimport sys\nfrom kservegen.cli import main\nsys.exit(main())\n", "utf-8")
    command.chmod(0o755)


if __name__ == "__main__":
    main()
