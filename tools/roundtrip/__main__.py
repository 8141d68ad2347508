"""Print how many manifests come back equal, each alone in a catalog; exit 1 where one does not.

`python -m tools.roundtrip [PATH…]`: upstream's samples and every admitted recording by default.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.roundtrip.score import Source, recordings, samples, score, sources_of


def main() -> int:
    """Score what the command line names."""
    paths = [Path(argument) for argument in sys.argv[1:]]
    sources: list[Source] = [sources_of(paths)] if paths else [*samples(), *recordings()]
    if not sources:
        print("nothing to compare: the recorded banks (KSERVEGEN_SHARED) are not here, and no path is named")
        return 2
    failed = [source.title for source in sources if score(source)]
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
