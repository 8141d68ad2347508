"""The servers in images: what their command lines take, by version."""
