"""Reports: the same frozen result as text for people, JSON for programs, commands for GitHub."""
