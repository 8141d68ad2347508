"""KServe's Helm charts as facts: which values they read, and a strict check of what an environment sets on them."""

from __future__ import annotations

from kservegen.kserve.charts.model import Chart, ChartInfo, Charts, ImageKey, Key, Need, default_images
from kservegen.kserve.charts.release import check_release, config_owner
from kservegen.kserve.charts.runtimes import ModelFormat, Presets, Runtime, RuntimeTable
from kservegen.kserve.charts.values import check_values

__all__ = [
    "Chart",
    "ChartInfo",
    "Charts",
    "ImageKey",
    "Key",
    "ModelFormat",
    "Need",
    "Presets",
    "Runtime",
    "RuntimeTable",
    "check_release",
    "check_values",
    "config_owner",
    "default_images",
]
