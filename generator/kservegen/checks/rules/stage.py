"""When a rule's fact bites, and how far it looks: two words of `rules.base`."""

from __future__ import annotations

from kservegen.checks.rules.base import Scope, Stage

__all__ = ["Scope", "Stage"]
