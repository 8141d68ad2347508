"""Only plain paths below an environment's folder may be written."""

from __future__ import annotations

import pytest

from kservegen.core.errors import GeneratorError
from kservegen.render.output.paths import confine, confine_environment, fold, folders_of, is_confined_folder, parents

BAD_NAMES = ["", ".", "..", ".git", ".kservegen", "a\\b", "..\\b", "a\0b", "a\nb", "a\x7fb", "\udc80"]


@pytest.mark.parametrize("path", ["dev/README.md", "dev/models/team-a/inferenceservice-iris.yaml", "dev/ünï/a b..yaml"])
def test_plain_paths_are_taken(path: str) -> None:
    assert confine(path) == path


@pytest.mark.parametrize(
    "path", ["", "/", "/etc/passwd", "dev", "dev/", "/dev/a", "dev//a", "C:\\x\\y", "dev/a/../../../b"]
)
def test_paths_that_leave_an_environment_are_refused(path: str) -> None:
    with pytest.raises(GeneratorError, match="not a path below the folder of an environment") as caught:
        confine(path)
    assert caught.value.subject == repr(path)
    assert caught.value.hint.endswith(".")


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("pattern", ["{}/a.yaml", "dev/{}/a.yaml", "dev/{}"])
def test_no_part_of_a_path_may_be_a_bad_name(pattern: str, name: str) -> None:
    with pytest.raises(GeneratorError):
        confine(pattern.format(name))


@pytest.mark.parametrize("name", [*BAD_NAMES, "a/b", "/"])
def test_an_environment_is_one_plain_name(name: str) -> None:
    with pytest.raises(GeneratorError, match="not the name of an environment's folder"):
        confine_environment(name)
    assert not is_confined_folder(f"{name}/..")


def test_folders_stand_outer_before_inner() -> None:
    assert tuple(parents("dev/models/a/x.yaml")) == ("dev", "dev/models", "dev/models/a")
    assert folders_of(["dev/models/a/x.yaml", "dev/y.yaml", "prod/z"]) == ("dev", "dev/models", "dev/models/a", "prod")


@pytest.mark.parametrize(
    ("one", "other"),
    [("dev/A.yaml", "dev/a.yaml"), ("dev/Ä", "dev/ä"), ("dev/\u00e9", "dev/e\u0301"), ("Dev/a", "dev/a")],
)
def test_what_some_filesystems_keep_as_one_folds_to_one(one: str, other: str) -> None:
    assert one != other
    assert fold(one) == fold(other)
