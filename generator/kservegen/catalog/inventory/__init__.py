"""What a cluster holds, written down beside an environment: read from objects or a server, and read back for checks."""
