"""The chart tables of the repository, and upstream's values files where they lie beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import yaml
from tools.fact_files import reference_folder

from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.charts.model import Charts
from kservegen.kserve.releases import Releases

ROOT = Path(__file__).parents[4]
VERSIONS = Releases([ROOT / "schemas"]).versions


@pytest.fixture(scope="session")
def releases() -> Releases:
    return Releases([ROOT / "schemas"])


@pytest.fixture(scope="session", params=VERSIONS)
def charts(request: pytest.FixtureRequest, releases: Releases) -> Charts:
    return releases.get(request.param).charts


@pytest.fixture(scope="session")
def oldest(releases: Releases) -> Charts:
    return releases.get(VERSIONS[0]).charts


@pytest.fixture(scope="session")
def upstream_file() -> Callable[[str, str], str]:
    """Read a file of KServe's own chart values, in place: a version and a name in, its text out."""
    shared = Path(os.environ.get("KSERVEGEN_SHARED", ROOT.parent / "shared"))
    folder = shared / "kserve"
    if not folder.is_dir():
        pytest.skip("upstream's chart values are not here: set KSERVEGEN_SHARED to the folder that holds kserve/")

    def read(version: str, name: str) -> str:
        source = reference_folder(folder, version)
        text = (source / "values" / name).read_text(encoding="utf-8")
        # Before a release the charts still say the version before it.
        return text if source.name == version else re.sub(r"(?m)^(  version:) v\S+$", rf"\1 {version}", text)

    return read


@pytest.fixture(scope="session")
def upstream_values(upstream_file: Callable[[str, str], str]) -> Callable[[str, str], JsonObject]:
    """Read upstream's values of a chart: a version and the chart's name in, its values out."""

    def read(version: str, chart: str) -> JsonObject:
        # The minimal CRD charts have no file of their own there: like the full ones they take no values.
        text = upstream_file(version, f"{chart.removesuffix('-minimal')}.yaml")
        return cast("JsonObject", yaml.safe_load(text) or {})

    return read
