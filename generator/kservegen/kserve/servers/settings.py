"""What a server is set to: what was read of its command line in, the settings by the long names of their flags out."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.servers.parsing import Given, Reading
from kservegen.kserve.servers.values import parsed_json, read_number


class GivenSettings(Struct, frozen=True, eq=False):
    """What was given, by the long name of the flag; of a flag that is given twice the last counts.

    `model` is where the model is, blank where that is not written; `environment` are the variables of the container.
    """

    last: Mapping[str, Given]
    json: Mapping[str, JsonObject]
    is_whole: bool
    model: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def given(self, name: str) -> Given | None:
        """Return a flag that is given and does not take itself back."""
        found = self.last.get(name)
        return None if found is None or found.is_negated else found

    def lacks(self, name: str) -> bool:
        """Whether a flag is certainly not given: none of the words is hidden."""
        return self.is_whole and self.given(name) is None

    def number(self, name: str) -> float | None:
        """Return the number of a flag, where it is written."""
        found = self.given(name)
        known = found is not None and found.values and found.values[0].is_known
        return read_number(found.values[0].text) if found is not None and known else None

    def value(self, name: str) -> str:
        """Return the value of a flag; blank where it is not written."""
        found = self.given(name)
        known = found is not None and found.values and found.values[0].is_known
        return found.values[0].text if found is not None and known else ""

    def part(self, name: str, key: str) -> object:
        """Return a key of a flag's JSON; None where it is not there."""
        return self.json.get(name, {}).get(key)


def settings_of(reading: Reading, *, is_whole: bool) -> GivenSettings:
    """Gather what was given. Keys behind dots replace the JSON as a whole, as vLLM puts them last."""
    last: dict[str, Given] = {}
    whole: dict[str, JsonObject] = {}
    dotted: dict[str, JsonObject] = {}
    for given in reading.given:
        name = given.flag.name
        if not given.key or name not in last:
            last[name] = given
        known = bool(given.values) and given.values[0].is_known
        written = given.values[0].text if known else ""
        value = parsed_json(written) if given.key or "{" in written else None
        if given.key and known:
            dotted.setdefault(name, {})[given.key] = written if value is None else value
        elif isinstance(value, dict):
            whole[name] = value
    return GivenSettings(last, {**whole, **dotted}, is_whole)
