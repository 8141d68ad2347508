"""A secret stands in Git in plain text.

Whoever reads the repository, its history or the objects in the cluster has it, and taking the line away does not take
it back: KServe also copies annotations, variables and arguments to every pod. Known shapes of tokens and keys are found
wherever they stand, users and signatures in URIs, what is set under a telling name such as DB_PASSWORD, and letters and
digits in no order, which are no more than a warning. References, paths, names of objects, digests, public keys and
placeholders are no secrets. A finding never repeats what it found, and no output of kservegen shows it.

Fix: Keep it in a Secret of the cluster (valueFrom.secretKeyRef, storage.key, serviceAccountName), and revoke it.
Bad:
    env: [{name: DB_PASSWORD, value: hunter2}]
Good:
    env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}]
Upstream: core/secrets.py
"""

from typing import Final

from kservegen.checks.plain_secrets import secret_problems
from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.diagnostics import Severity
from kservegen.core.document import mapping
from kservegen.core.secrets import HIDDEN, is_placeholder

_ENCRYPTED: Final = "SealedSecret"
_SOPS: Final = "sops"  # its tool writes this key beside what it has encrypted
_HINT: Final = "Commit it encrypted, or have it made in the cluster (ExternalSecret)."


@rule(Stage.ADVICE)
def check(resource: Resource, context: Context) -> Problems:
    if resource.kind == _ENCRYPTED or _SOPS in resource.doc:
        return
    for problem in _held(resource) if resource.kind == "Secret" else secret_problems(resource.doc):
        # Manifests by themselves need not come from Git.
        yield problem if context.environment else problem._replace(severity=Severity.WARNING)


def _held(secret: Resource) -> Problems:
    for field in ("data", "stringData"):
        held = mapping(secret.doc.get(field))
        keys = [key for key, value in held.items() if isinstance(value, str) and value and not is_placeholder(value)]
        if keys:
            message = f"the Secret holds {', '.join(keys)} in plain text"
            yield Problem((field,), message, seen=HIDDEN, hint=_HINT, at_key=True)
