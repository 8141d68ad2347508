"""Has every pod a node: pools and groups of pods in, what the scheduler would make of them on empty nodes out."""
