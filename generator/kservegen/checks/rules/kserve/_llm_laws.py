"""The laws that KServe has for LLM services, as rules: a law's name in, its rule out."""

from kservegen.checks.rules.base import Rule, Stage
from kservegen.kserve.llm_laws import LLM_LAWS


def llm_rule(name: str, *kinds: str) -> Rule:
    """Return the rule of a law of `kserve/llm_laws.py`, which the webhook holds objects of the kinds to."""
    law = LLM_LAWS[name]
    return Rule(
        stage=Stage.ADMISSION,
        kinds=frozenset(kinds),
        check=lambda resource, context: law(resource.doc, context.release.capabilities),
    )
