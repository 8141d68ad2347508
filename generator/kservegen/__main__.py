"""`python -m kservegen`."""

from kservegen.cli import main

main()
