"""The scheduler is given two configurations, and ends at once.

KServe looks for the flag --config-file as a word of its own. Written with its value in one word it is not seen, the
default configuration is added, and the endpoint picker takes only one.

Fix: Write the flag and its value as two items.
Bad:
    router: {scheduler: {template: {containers: [{name: main, args: [--config-file=/etc/epp/config.yaml]}]}}}
Good:
    router: {scheduler: {template: {containers: [{name: main, args: [--config-file, /etc/epp/config.yaml]}]}}}
Upstream: kserve derive-llm-2, part 8; scheduler.go of pkg/controller/v1alpha2/llmisvc
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.view import containers_of
from kservegen.core.document import sequence

_FLAG: Final = "--config-file="


@rule(Stage.RUN, "LLMInferenceService", "LLMInferenceServiceConfig")
def check(resource: Resource, _context: Context) -> Problems:
    for at in containers_of(resource):
        if at.role != "scheduler":
            continue
        for field in ("command", "args"):
            for index, word in enumerate(sequence(at.container.get(field))):
                if isinstance(word, str) and word.startswith(_FLAG):
                    message = "--config-file is not seen in one word with its value: a second configuration is added"
                    yield Problem((*at.path, field, index), message, seen=word, allowed=f"{_FLAG[:-1]}, then the file")
