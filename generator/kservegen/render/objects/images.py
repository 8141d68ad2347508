"""Image references, and the environment's overrides of them in kustomize's form (`name, newName, newTag, digest`)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from kservegen.core.jsontypes import JsonValue


class Image(Struct, frozen=True):
    """A reference in parts; `tag` and `digest` are empty where they are not given."""

    name: str
    tag: str
    digest: str

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def split_image(reference: str) -> Image:
    """Split `registry:5000/team/image:tag@sha256:…`; a colon before the last slash is the registry's port."""
    rest, _, digest = reference.partition("@")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        return Image(rest, "", digest)
    return Image(head, tag, digest)


class Override(Struct, frozen=True):
    """What becomes of images called `name`; empty parts stay as they are."""

    index: int
    name: str
    new_name: str
    new_tag: str
    digest: str

    def apply(self, image: Image) -> Image:
        """Rewrite one image; a digest replaces the tag and a new tag the digest, as kustomize does."""
        name = self.new_name or image.name
        if self.digest:
            return Image(name, "", self.digest)
        if self.new_tag:
            return Image(name, self.new_tag, "")
        return Image(name, image.tag, image.digest)


class ImageOverrides(Struct, frozen=True):
    """The environment's `images`, looked up by name."""

    by_name: dict[str, Override]

    @classmethod
    def of(cls, value: JsonValue) -> ImageOverrides:
        """Read the environment's list; entries of a wrong shape have their finding from the schema."""
        found: dict[str, Override] = {}
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, dict) and isinstance(item.get("name"), str):
                parts = [part if isinstance(part, str) else "" for part in map(item.get, _FIELDS)]
                found.setdefault(parts[0], Override(index, *parts))
        return cls(found)

    def rewrite(self, reference: str) -> str:
        """Apply the override for this image, if there is one."""
        if not self.by_name:
            return reference
        image = split_image(reference)
        override = self.by_name.get(image.name)
        return str(override.apply(image)) if override else reference

    def unused(self, names: Iterable[str]) -> tuple[Override, ...]:
        """Return the overrides whose name is none of `names`."""
        seen = set(names)
        return tuple(o for o in self.by_name.values() if o.name not in seen)


_FIELDS = ("name", "newName", "newTag", "digest")
