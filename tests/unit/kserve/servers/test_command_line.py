"""What a container says to its server, read once for all that say the same."""

from __future__ import annotations

import pytest

from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.kserve.servers import command_line
from kservegen.kserve.servers.command_line import lacking_command, started_server

ARGS: JsonArray = ["--model_name=$(NAME)"]
ENV: JsonArray = [{"name": "NAME", "value": "iris"}]
OTHER: JsonArray = [{"name": "NAME", "value": "rose"}]


def test_containers_with_the_same_parts_are_read_once_and_told_apart_by_their_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[JsonObject] = []
    real = command_line._read

    def noted(container: JsonObject) -> command_line._Spoken:
        read.append(container)
        return real(container)

    monkeypatch.setattr(command_line, "_read", noted)
    found = []
    for image, env in (("sklearnserver", ENV), ("xgbserver", ENV), ("xgbserver", OTHER)):
        container: JsonObject = {"image": f"kserve/{image}:v0.19.0", "args": ARGS, "env": env}
        started = started_server(container)
        assert started is not None
        assert lacking_command({**container, "command": ["vllm", "x"]}) is not None
        found.append((started.server.name, [word.text for word in started.line.words]))
    assert found == [
        ("sklearnserver", ["--model_name=iris"]),
        ("xgbserver", ["--model_name=iris"]),
        ("xgbserver", ["--model_name=rose"]),
    ]
    assert len([container for container in read if "command" not in container or container["command"] is None]) == 2
