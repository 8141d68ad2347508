"""Write the schemas of the files people write from their one source; `--check` only tells whether they are current."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kservegen.catalog.owners_schema import owners_schema
from kservegen.catalog.schema import DRAFT, environments_schema, models_schema
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.releases import Releases
from kservegen.kserve.servers.arguments import flags_of
from kservegen.kserve.servers.images import HUGGINGFACE, server_in
from kservegen.kserve.servers.tables import Flag

ROOT = Path(__file__).resolve().parents[1]


RELEASES = Releases([ROOT / "schemas"])


def compiled(api_version: str, kind: str) -> JsonObject:
    """Read the compiled schema of a kind in the newest reviewed release: a superset of the older ones."""
    name = f"{kind.lower()}_{api_version.rpartition('/')[2]}.json"
    path = ROOT / "schemas" / "kserve" / RELEASES.newest_reviewed / "serving.kserve.io" / name
    loaded: JsonObject = json.loads(path.read_text("utf-8"))
    return loaded


def arguments() -> JsonObject:
    """Return the arguments of the servers that the newest reviewed release runs models of language with."""
    release = RELEASES.get(RELEASES.newest_reviewed)
    own = server_in(f"kserve/{HUGGINGFACE}:{release.version}")
    preset = server_in(release.runtimes.presets.images["main"])
    found: JsonObject = {}
    for server in filter(None, (preset, own)):
        for flag in {flag.name: flag for flag in flags_of(server).options.values()}.values():
            known: JsonObject = {"description": _about(flag)}
            if flag.choices:
                known["examples"] = [choice for choice in flag.choices if choice != "None"]
            found.setdefault(flag.name.removeprefix("--"), known)
    return dict(sorted(found.items()))


def _about(flag: Flag) -> str:
    if flag.kind in {"bool", "switch"}:
        return "On or off."
    kinds = {"int": "A whole number.", "float": "A number.", "json": "JSON.", "hrint": "A number, such as 8192 or 8K."}
    return kinds.get(flag.value_type.removesuffix("-or-auto"), "A text.")


def published() -> dict[str, JsonObject]:
    """Build every published schema by file name."""
    charts = sorted(RELEASES.get(RELEASES.newest_reviewed).charts.names)
    return {
        "models.schema.json": models_schema(compiled, arguments=arguments()),
        "environments.schema.json": environments_schema(
            compiled, charts=charts, versions=list(RELEASES.versions), arguments=arguments()
        ),
        "owners.schema.json": owners_schema(DRAFT),
    }


def main() -> int:
    """Write or check the files."""
    stale = []
    for name, schema in published().items():
        path = ROOT / "schemas" / "kservegen" / name
        text = json.dumps(schema, indent=1, sort_keys=False) + "\n"
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, "utf-8")
    print("\n".join(f"{name}: {'stale' if '--check' in sys.argv else 'written'}" for name in stale) or "all current")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
