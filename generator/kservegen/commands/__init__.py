"""The commands: one use case each, without printing."""
