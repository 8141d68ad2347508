"""The formats that files are written in: YAML, JSON Schema, CEL and Go templates."""
