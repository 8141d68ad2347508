"""What a shell would make of a word: a text that passes through `eval` in, the ways it would change out."""

from enum import StrEnum

from kservegen.core.patterns import lazy_pattern


class Hazard(StrEnum):
    """What one more round of parsing does to a text."""

    UNBALANCED = "a quote or backslash that is never closed"
    COMMAND = "a character that starts or ends a command"
    EXPANSION = "a $ or ` that the shell expands"
    BRACES = "braces that the shell expands"
    LOST_QUOTES = "quotes that the shell takes away"
    JOINED = "a backslash that swallows a line break"
    COMMENT = "a # that turns the rest into a comment"
    HOME = "a ~ that the shell replaces"
    GLOB = "a pattern that the shell matches with file names"
    SPLIT = "a space that splits the argument"


_COMMANDS = frozenset(";&|<>()\n")
_EXPANSIONS = frozenset("$`")
_GLOBS = frozenset("*?[")
_BLANKS = frozenset(" \t")
# Nothing of this, no hazard: the common argument is seen off in one pass.
SPECIAL = frozenset("\"'\\{}#~") | _COMMANDS | _EXPANSIONS | _GLOBS | _BLANKS
_ASSIGNMENT = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*=")


def hazards(word: str) -> tuple[Hazard, ...]:
    """List what a shell would change, in the order of its weight; nothing for a word that is quoted well."""
    if SPECIAL.isdisjoint(word):
        return ()
    reader = _Reader(word)
    reader.read()
    return tuple(hazard for hazard in Hazard if hazard in reader.found)


class _Reader:
    """One pass over a text, as POSIX shells quote: '...' is literal, "..." still expands."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.found: set[Hazard] = set()
        self.position = 0
        self.assigns = _ASSIGNMENT.match(word) is not None
        self.depth = 0  # of unquoted braces and brackets: data rather than words
        self.braced = False  # whether an unquoted { came before
        self.at_start = True  # of a word

    def read(self) -> None:
        while self.position < len(self.word):
            character = self.word[self.position]
            self.position += 1
            if character == "'":
                self._quoted("'")
            elif character == '"':
                self._quoted('"')
            elif character == "\\":
                self._escape()
            else:
                self._plain(character)
            self.at_start = character in _BLANKS

    def _escape(self) -> None:
        if self.position >= len(self.word):
            self.found.add(Hazard.UNBALANCED)
        elif self.word[self.position] == "\n":
            self.found.add(Hazard.JOINED)
        self.position += 1

    def _quoted(self, quote: str) -> None:
        if self.depth:
            self.found.add(Hazard.LOST_QUOTES)
        while self.position < len(self.word):
            character = self.word[self.position]
            self.position += 1
            if character == quote:
                return
            if quote == '"' and character == "\\":
                self._escape()
            elif quote == '"' and character in _EXPANSIONS:
                self.found.add(Hazard.EXPANSION)
        self.found.add(Hazard.UNBALANCED)

    def _plain(self, character: str) -> None:
        if character in _COMMANDS:
            self.found.add(Hazard.COMMAND)
        elif character in _EXPANSIONS:
            self.found.add(Hazard.EXPANSION)
        elif character in _GLOBS:
            self.found.add(Hazard.GLOB)
        elif character in _BLANKS:
            self.found.add(Hazard.SPLIT)
        elif self.at_start and character == "#":
            self.found.add(Hazard.COMMENT)
        elif character == "~" and (self.at_start or self._is_value()):
            self.found.add(Hazard.HOME)
        if character in "{[":
            self.depth += 1
            self.braced = self.braced or character == "{"
        elif character in "}]":
            self.depth = max(0, self.depth - 1)
        elif self.braced and (character == "," or self.word.startswith("..", self.position - 1)):
            self._brace()

    def _is_value(self) -> bool:
        """Whether a path may begin here: bash expands `a=~/x:~/y` wherever it stands, but not `--a=~/x`."""
        return self.assigns and self.word[self.position - 2] in "=:"

    def _brace(self) -> None:
        # An empty pair does not end an expansion ({},} is two words), so depth tells nothing here.
        if self.word.find("}", self.position) >= 0:
            self.found.add(Hazard.BRACES)
