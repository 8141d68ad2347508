"""`kservegen policy test` as a use case: a repository and paths in, the trials of its policies out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from kservegen.checks.policy.cases import PolicyCase, read_cases
from kservegen.checks.policy.files import read_policies
from kservegen.checks.policy.model import Policy
from kservegen.checks.policy.trial import Trial, run_trial
from kservegen.commands.result import Result
from kservegen.core.diagnostics import Diagnostic, Location, merge_diagnostics
from kservegen.core.errors import GeneratorError
from kservegen.core.manual import by_manual
from kservegen.core.repository import Repository
from kservegen.formats.yaml.files import read_bytes

TESTS = "tests"


class PolicyTests(Struct, frozen=True, kw_only=True):
    """The trials of a run, and the result that they amount to."""

    trials: tuple[Trial, ...]
    result: Result


def try_policies(repository: Repository, paths: Sequence[Path] = ()) -> PolicyTests:
    """Try the policies of the repository's own `policies/`: all of them, or those that the paths name.

    A path names a policy's file, a folder of policies, a policy's folder of cases, or a case. GeneratorError for one
    that names nothing.
    """
    folder = repository.policies
    files = read_policies([folder], repository.relative)
    diagnostics = list(files.diagnostics)
    chosen = [_Chosen.of(path, folder) for path in paths]
    trials = []
    for policy in sorted(files.policies, key=lambda policy: policy.name):
        takes = [choice for choice in chosen if choice.takes(policy, repository.root)]
        if chosen and not takes:
            continue
        cases, whole = _cases(folder / TESTS / policy.name, takes, repository.relative, diagnostics)
        trials.append(run_trial(policy, cases, whole=whole))
    if chosen and not trials:
        raise GeneratorError(
            "no policy is meant by that",
            subject=", ".join(str(path) for path in paths),
            hint="Name a file of policies/, or something below policies/tests/.",
        )
    diagnostics.extend(_strangers(folder, {policy.name for policy in files.policies}, repository.relative))
    diagnostics.extend(d for trial in trials for d in trial.diagnostics)
    result = Result(
        command="policy test", diagnostics=merge_diagnostics(diagnostics), objects=sum(len(t.outcomes) for t in trials)
    )
    return PolicyTests(trials=tuple(trials), result=result)


class _Chosen(Struct, frozen=True):
    """A path that the user gave, absolute, and the policy whose cases it stands among, if it does."""

    path: Path
    among: str = ""

    @classmethod
    def of(cls, path: Path, folder: Path) -> _Chosen:
        path = path.absolute()
        if not path.exists():
            raise GeneratorError("no such file or folder", subject=str(path), hint="Check the path.")
        tests = folder / TESTS
        inside = path.relative_to(tests).parts if path.is_relative_to(tests) else ()
        return cls(path, inside[0] if inside else "")

    def takes(self, policy: Policy, root: Path) -> bool:
        if self.among:
            return policy.name == self.among
        file = root / policy.source.locate(()).file
        return file == self.path or self.path in file.parents or self.path.name == TESTS


def _cases(
    folder: Path, chosen: list[_Chosen], name_of: Callable[[Path], str], diagnostics: list[Diagnostic]
) -> tuple[list[PolicyCase], bool]:
    """Read the cases of one policy, and tell whether they are all that it has."""
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    narrow = [choice.path for choice in chosen if choice.among and choice.path != folder]
    wanted = [file for file in files if not narrow or file in narrow]
    cases: list[PolicyCase] = []
    for file in wanted:
        content = read_bytes(file, name_of(file), folder.parents[2])
        if isinstance(content, Diagnostic):
            diagnostics.append(content)
            continue
        found, problems = read_cases(content, name_of(file), file.stem)
        cases.extend(found)
        diagnostics.extend(problems)
    return cases, wanted == files


def _strangers(folder: Path, known: set[str], name_of: Callable[[Path], str]) -> Iterator[Diagnostic]:
    """Report folders of cases that belong to no policy."""
    tests = folder / TESTS
    for path in sorted(tests.iterdir()) if tests.is_dir() else ():
        if path.is_dir() and path.name not in known:
            yield by_manual(
                "policy/case",
                f"no policy is called {path.name}, whose cases these are",
                Location(name_of(path)),
                hint="Name the folder as the policy is named, or remove it.",
            )
