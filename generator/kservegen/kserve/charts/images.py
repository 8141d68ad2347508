"""The images that a chart's values name: a chart in, the keys to override them by out."""

from __future__ import annotations

from kservegen.kserve.charts.model import Charts, ImageKey


def default_images(charts: Charts, chart: str) -> tuple[ImageKey, ...]:
    """List the live image keys of `chart`; none for a chart that is not known or has no values.

    A key with a tag of its own has the bare repository as default; the others hold the whole reference.
    """
    table = charts.by_name.get(chart)
    keys = table.keys.values() if table is not None else ()
    return tuple(ImageKey(key.path, key.tag, str(key.default)) for key in keys if key.type == "image" and key.live)
