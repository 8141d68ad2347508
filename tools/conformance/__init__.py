"""How close kservegen's verdicts come to recorded ones, of KServe's own components."""
