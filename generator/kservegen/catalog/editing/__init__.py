"""Edits of the files that people write: values set, comments and layout kept, written whole or not at all."""
