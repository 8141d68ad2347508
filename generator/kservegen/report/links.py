"""Paths of a repository in; addresses of those files at one commit on a forge out."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import quote

from kservegen.core.errors import GeneratorError
from kservegen.core.patterns import lazy_pattern

# What may stand before a path: nothing in it ends a link of Markdown or an attribute of HTML.
_PREFIX: Final = lazy_pattern(r"https?://[A-Za-z0-9][A-Za-z0-9./:~@%_-]*")


class FileLinks(NamedTuple):
    """Where files can be looked at: `https://HOST/OWNER/NAME/blob/COMMIT`, as GitHub, GitLab and Gitea have it.

    Blank: nowhere, and then there are no links.
    """

    prefix: str = ""

    def to(self, path: str, line: int = 0) -> str:
        """Return the address of a file, at a line where one is given; blank where files cannot be looked at."""
        if not self.prefix or not path:
            return ""
        return f"{self.prefix}/{quote(path, errors='surrogateescape')}{f'#L{line}' if line else ''}"


def links_to(prefix: str) -> FileLinks:
    """Read what an option says; GeneratorError where it is no address of files."""
    if prefix and not _PREFIX.fullmatch(prefix):
        raise GeneratorError(
            "is no address of files at a commit",
            subject=prefix,
            hint="Write it as https://HOST/OWNER/NAME/blob/COMMIT, on GitLab https://HOST/GROUP/NAME/-/blob/COMMIT.",
        )
    return FileLinks(prefix.rstrip("/"))
