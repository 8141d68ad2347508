"""Known defects of KServe: looked for where the release in use has them, as its record says."""
