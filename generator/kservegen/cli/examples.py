"""Two examples of each command, for its help: what is typed, and what that does. A test runs every one of them."""

from __future__ import annotations

from typing import Final, NamedTuple


class CommandExample(NamedTuple):
    """Words behind `kservegen`, and what they do."""

    words: str
    does: str


def _examples(*pairs: tuple[str, str]) -> tuple[CommandExample, ...]:
    return tuple(CommandExample(*pair) for pair in pairs)


EXAMPLES: Final = {
    "adopt": _examples(
        ("adopt running/", "say what a catalog of these manifests would be, and prove that it is the same"),
        ("adopt prod=running/ --write --root ../catalog", "write it, as environment prod of an empty folder"),
    ),
    "budget": _examples(
        ("budget prod", "what models take, against what was granted"),
        ("budget -o csv", "all environments, for a spreadsheet"),
    ),
    "call": _examples(
        ("call iris --env dev --show", "the commands of a first request; nothing is sent"),
        ("call chat --env dev --show --data request.json", "with a request of your own"),
    ),
    "check": _examples(
        ("check --base origin/main", "judge the work tree as a pull request against main"),
        ("check --base origin/main --report html=report.html --report junit=junit.xml", "and keep a page and JUnit"),
    ),
    "codeowners": _examples(
        ("codeowners", "print CODEOWNERS as owners.yaml says it"),
        ("codeowners --write", "write it"),
    ),
    "commit": _examples(
        ("commit", "render, and commit the output"),
        ("commit --message 'Render prod' prod", "one environment, with words of your own"),
    ),
    "completion": _examples(
        ("completion bash", "print it; source it in ~/.bashrc"),
        ("completion zsh", "for zsh"),
    ),
    "convert": _examples(
        ("convert run.json", "the comment of a change, from the JSON that check wrote"),
        ("convert run.json -o sarif", "its findings, for code scanning"),
    ),
    "diff": _examples(
        ("diff dev prod", "what differs between two environments"),
        ("diff dev prod iris", "in one model"),
    ),
    "eject": _examples(
        ("eject", "say which files would be plain ones"),
        ("eject --write", "write them"),
    ),
    "explain": _examples(
        ("explain chat --env dev", "where each field of a model comes from"),
        ("explain kserve/no-runtime", "what a rule wants, and why"),
    ),
    "facts": _examples(
        ("facts qwen3 fp8", "what is known of them"),
        ("facts", "all tables that estimates read"),
    ),
    "find": _examples(
        ("find iris-predictor", "which line a Service, a pod or any other name comes from"),
        ("find chat -o json", "for a script"),
    ),
    "fmt": _examples(
        ("fmt --check", "exit 1 where a file is not in order"),
        ("fmt models.yaml", "put one file in order"),
    ),
    "gpu": _examples(
        ("gpu chat", "whether a model fits its GPUs, and what takes their memory"),
        ("gpu chat --compare H100,L4x2 --tp 1,2", "the same on other GPUs, split in these ways"),
    ),
    "init": _examples(
        ("init ../new", "start a repository in a folder"),
        ("init ../new --engine flux", "for Flux"),
    ),
    "inventory": _examples(
        ("inventory --env dev --from cluster.json", "write down what kubectl get -o json printed"),
        ("inventory --env prod --from cluster.json -o json", "the same, and say so to a program"),
    ),
    "lock": _examples(
        ("lock chat --env dev --facts facts.yaml", "pin a model by facts that you state"),
        ("lock --env dev --check", "tell which pins are missing or old"),
    ),
    "owners": _examples(
        ("owners dev", "who answers for which pods"),
        ("owners -o csv", "for tools that sum up costs"),
    ),
    "plan": _examples(
        ("plan", "what a render would change"),
        ("plan prod --base HEAD~1 --all", "what one environment has become since a commit, in full"),
    ),
    "policy": _examples(
        ("policy test", "run the test cases of policies"),
        ("policy test -o junit", "for the test tab of a CI server"),
    ),
    "policy test": _examples(
        ("policy test", "run the test cases of all policies"),
        ("policy test -o junit", "for the test tab of a CI server"),
    ),
    "promote": _examples(
        ("promote dev prod --dry-run", "show what prod would take over from dev"),
        ("promote dev prod iris --yes", "bring one model, without being asked"),
    ),
    "render": _examples(
        ("render", "check everything and write rendered/"),
        ("render --check", "write nothing; exit 1 where rendered/ is not current"),
    ),
    "report": _examples(
        ("report prod", "revision, licence, owner, replicas and cost of each model"),
        ("report -o html", "a page with plots"),
    ),
    "rollback": _examples(
        ("rollback iris --env dev --dry-run", "show the words that it had before its last change"),
        ("rollback iris --env dev --to HEAD~1 --yes", "give it those of a commit"),
    ),
    "schema": _examples(
        ("schema models", "print the schema of models.yaml, with the names of this repository"),
        ("schema --write", "write all of them, for editors"),
    ),
    "schemas": _examples(
        ("schemas add definition.yaml", "say what knowing a kind of your own would write"),
        ("schemas add definition.yaml --write", "write its schema and its record"),
    ),
    "schemas add": _examples(
        ("schemas add definition.yaml", "say what knowing a kind of your own would write"),
        ("schemas add definition.yaml --write", "write its schema and its record"),
    ),
    "set": _examples(
        ("set iris minReplicas=2 --dry-run", "show the edit"),
        ("set iris minReplicas=2 --env prod --yes", "write it for one environment"),
    ),
    "simulate": _examples(
        ("simulate iris --env dev", "what KServe's controllers make of a model"),
        ("simulate rendered/dev", "of manifests"),
    ),
    "status": _examples(
        ("status", "how far each model has come"),
        ("status --env dev --from status.json", "with what kubectl get -o json printed"),
    ),
    "upgrade": _examples(
        ("upgrade --to v0.20.0", "what a version of KServe changes, and the way there"),
        ("upgrade dev --to v0.20.0 --write", "state the version in one environment"),
    ),
    "validate": _examples(
        ("validate", "check the catalog in every environment"),
        ("validate running/ --kserve-version v0.19.0", "check manifests that no catalog makes"),
    ),
}


def examples_text(name: str) -> str:
    """Write the examples of a command as click prints them line by line; blank where there are none."""
    lines = [f"  $ kservegen {example.words}\n      {example.does}" for example in EXAMPLES.get(name, ())]
    return "\n".join(["\b", "Examples:", *lines]) if lines else ""
