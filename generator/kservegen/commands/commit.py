"""Catalog in; its rendered files committed out: on the branch at hand, on another, or on one per environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from kservegen.checks.locate import diagnose_environment
from kservegen.commands.proposals import open_proposals, proposal_target
from kservegen.commands.render import RenderOptions, evaluation_options, guard_removed_files, recover_output, write_out
from kservegen.commands.result import Result
from kservegen.commands.validate import report_on
from kservegen.core.diagnostics import Diagnostic, Location, merge_diagnostics
from kservegen.core.errors import GeneratorError
from kservegen.core.exit_codes import CLEAN
from kservegen.core.manual import by_manual, written_manuals
from kservegen.core.problem import Problem, to_finding
from kservegen.core.repository import OUTPUT_FOLDER, Repository
from kservegen.evaluate.repository import EvaluatedRepository, evaluate_repository
from kservegen.evaluate.unmanaged import unmanaged_paths
from kservegen.formats.yaml.collector import without_collector
from kservegen.git.checkout import current_branch, ignored, other_checkouts
from kservegen.git.process import Git, mask, open_git, without_user
from kservegen.git.remote import choose_remote, is_published, remote_url
from kservegen.git.tree import contents
from kservegen.git.write import branch_tip, check_branch_name, move_branch, signature, stage
from kservegen.render.commit.base import Question, Superseded
from kservegen.render.commit.hydrated import PROPOSED, Hydrated
from kservegen.render.commit.landing import Job, Landed, Landing, Prepared
from kservegen.render.commit.notes import fetch_notes, write_notes
from kservegen.render.commit.onebranch import OneBranch
from kservegen.render.commit.outcome import BranchOutcome, CommitOutcome, Status
from kservegen.render.commit.source import RenderSource, check_committed, read_source
from kservegen.render.gitops.repository import OutputRepository as Addresses
from kservegen.render.output.lock import lock

TEMPLATE: Final = "environments/{env}"
_PLACE: Final = "{env}"


class CommitOptions(Struct, frozen=True, kw_only=True):
    """What to commit, and where.

    `branch` is empty for the one checked out; in the hydrated layout it is a template that holds `{env}`. `push` is
    None for a commit in this clone only, empty for the remote that git is configured with.
    """

    render: RenderOptions
    environments: Sequence[str] = ()
    branch: str = ""
    push: str | None = None
    message: str = ""
    author: tuple[str, str] | None = None
    hydrated: bool = False
    proposes: bool = False
    allow_unrelated: bool = False


class Committed(NamedTuple):
    """What was found, and what became of branches; None where findings stand in the way."""

    result: Result
    outcome: CommitOutcome | None


class _Run(Struct, frozen=True, kw_only=True, eq=False):
    """One run: the clone, what it is asked for, the source, the branch checked out, the remote (empty: none).

    `target` is the branch that a pull request of the one branch goes into; empty where none is meant.
    """

    git: Git
    options: CommitOptions
    source: RenderSource
    current: str
    remote: str
    target: str = ""

    @property
    def is_in_place(self) -> bool:
        """Whether the branch that is checked out gets the commit, and the work tree its files."""
        return not self.options.hydrated and (self.options.branch or self.current) == self.current


def commit_output(repository: Repository, options: CommitOptions) -> Committed:
    """Render, and commit what was rendered and nothing else; nothing is committed where anything is found."""
    git = open_git(repository.root)
    _check_remote(git, repository, options.push)
    run = _open(git, options)
    landing = Landing(git=git, remote=run.remote, who=signature(git, options.author), before=partial(_stage_first, run))
    with lock(options.render.out), without_collector():
        recover_output(options.render.out)
        evaluated = evaluate_repository(repository, evaluation_options(options.render, options.environments))
        result = _write(run, evaluated)
        if result.exit_code != CLEAN:
            return Committed(result, None)
        _check_still(git, run.source)
        jobs = list(_jobs(run, evaluated))
        prepared = [job.prepare() for job in jobs]
        guarded = list(_guard(run, evaluated, prepared))
        if guarded:
            return Committed(replace(result, diagnostics=merge_diagnostics([*result.diagnostics, *guarded])), None)
        for job in jobs:
            if isinstance(job, Hydrated) and job.start(landing):
                prepared[jobs.index(job)] = job.prepare()
        outcome = _land(run, landing, list(zip(jobs, prepared, strict=True)))
        return Committed(result, open_proposals(git, run.remote, outcome) if options.proposes else outcome)


def _check_remote(git: Git, repository: Repository, remote: str | None) -> None:
    """Tell an environment that stands where the name of a remote goes, `--push prod`, and a name that is none."""
    if not remote or remote_url(git, remote):
        return
    if remote in {path.stem for path in repository.environment_files()}:
        raise GeneratorError(
            f"{remote} is an environment and no remote",
            subject="--push",
            hint=f"What follows --push is a remote: write the environment first, as in {remote} --push.",
        )
    if not any(mark in remote for mark in "/:") and not (git.top / remote).exists():
        known = ", ".join(git.text("remote").split())
        raise GeneratorError(
            f"there is no remote {remote}",
            subject="--push",
            hint=f"Known: {known}." if known else f"Add it: git remote add {remote} URL.",
        )


def _open(git: Git, options: CommitOptions) -> _Run:
    current = current_branch(git) or ""
    if not (options.hydrated or options.branch or current):
        raise GeneratorError(
            "no branch is checked out",
            subject=str(git.top),
            hint="Say which one gets the commit: --branch NAME, in CI with --push. HEAD stays where it is.",
        )
    if options.branch:
        check_branch_name(git, options.branch.replace(_PLACE, "x"))
    remote = "" if options.push is None else options.push or choose_remote(git, options.branch or current)
    target = ""
    if options.proposes and not options.hydrated:
        target = proposal_target(git, remote, options.branch or current)
    run = _Run(git=git, options=options, source=read_source(git), current=current, remote=remote, target=target)
    if remote and not run.is_in_place and not is_published(git, run.source.name, remote):
        raise GeneratorError(
            f"is on no branch of {mask(remote)}",
            subject=run.source.name[:12],
            hint="Push it first. In CI, run this for commits of a branch: a merge made to test a pull request is none.",
        )
    return run


def _write(run: _Run, evaluated: EvaluatedRepository) -> Result:
    """Write the output folder where its own branch gets the commit; else leave it alone."""
    options = run.options.render
    if not run.is_in_place:
        result = report_on(evaluated, "commit", fail_on=options.fail_on)
        return replace(result, diagnostics=merge_diagnostics([*result.diagnostics, *_unsynced(run, evaluated)]))
    hidden = ignored(run.git, (run.git.inside(f"{OUTPUT_FOLDER}/{path}") for path in evaluated.desired))
    if not hidden:
        return write_out(evaluated, options, "commit")
    result = report_on(evaluated, "commit", fail_on=options.fail_on)
    return replace(result, diagnostics=merge_diagnostics([*result.diagnostics, _ignored(hidden, run.git.prefix)]))


def _ignored(hidden: Mapping[str, tuple[str, int, str]], prefix: str) -> Diagnostic:
    """Say which pattern hides the output; `hidden` holds file, line and pattern by path from the top."""
    path, (file, line, pattern) = min(hidden.items())
    return by_manual(
        "gitops/output-ignored",
        f"this pattern hides {len(hidden)} files of the output from git",
        Location(file.removeprefix(prefix), line),
        seen=f"{pattern} hides {path}",
    )


def _unsynced(run: _Run, evaluated: EvaluatedRepository) -> Iterator[Diagnostic]:
    """Find the environments whose engine looks at another branch than the one that they are committed to."""
    if run.options.hydrated:
        for environment in evaluated.environments:
            if environment.text("gitops", "engine") not in {"", "none"}:
                synced = Addresses.of(environment).revision
                branch = _active(run, environment.name)
                if synced.removeprefix("refs/heads/") != branch:
                    message = f"what is committed to {branch} is synced by nobody"
                    problem = Problem(("gitops", "targetRevision"), message, seen=synced, allowed=branch)
                    found = to_finding(written_manuals()["gitops/hydrated-revision"], problem)
                    yield from diagnose_environment(environment, [found])


def _active(run: _Run, environment: str) -> str:
    """Return the branch that an environment is synced from in the hydrated layout."""
    return (run.options.branch or TEMPLATE).replace(_PLACE, environment)


def _check_still(git: Git, source: RenderSource) -> None:
    """Refuse what changed while it was rendered."""
    if git.text("rev-parse", "HEAD") != source.name:
        raise GeneratorError("HEAD moved while the catalog was rendered", subject=str(git.top), hint="Run it again.")
    check_committed(git)


def _jobs(run: _Run, evaluated: EvaluatedRepository) -> Iterator[Job]:
    options = run.options
    if not options.hydrated:
        yield OneBranch(
            ask=_question(run, options.branch or run.current),
            desired=evaluated.desired,
            unmanaged=frozenset().union(*(unmanaged_paths(environment) for environment in evaluated.environments)),
            environments=evaluated.chosen,
            is_partial=evaluated.is_partial,
            words=options.message,
            target=run.target,
        )
        return
    if run.remote:
        fetch_notes(run.git, run.remote)
    for environment in evaluated.environments:
        name = environment.name
        active = _active(run, name)
        yield Hydrated(
            ask=_question(run, f"{active}{PROPOSED}" if options.proposes else active),
            environment=name,
            desired={path: content for path, content in evaluated.desired.items() if path.startswith(f"{name}/")},
            unmanaged=unmanaged_paths(environment),
            active=active,
            repository=environment.text("gitops", "repoURL") or _address(run),
            proposes=options.proposes,
            words=options.message,
        )


def _address(run: _Run) -> str:
    """Return the address of the remote that others reach it by; empty where it is a folder of this machine."""
    url = without_user(remote_url(run.git, run.remote or "origin"))
    return url if "@" in url or ("://" in url and not url.startswith("file:")) else ""


def _question(run: _Run, branch: str) -> Question:
    check_branch_name(run.git, branch)
    held = _held(run)
    if not run.remote and branch in held:
        raise GeneratorError(
            f"is checked out in {held[branch]}",
            subject=branch,
            hint="Run the command there, or choose another branch: its files would not follow.",
        )
    return Question(
        git=run.git,
        source=run.source,
        branch=branch,
        remote=run.remote,
        is_in_place=run.is_in_place,
        allow_unrelated=run.options.allow_unrelated,
    )


def _held(run: _Run) -> dict[str, Path]:
    """Return the branches that may not move under the files of their checkouts."""
    here = {} if run.is_in_place else {run.current: run.git.top}
    return {**other_checkouts(run.git), **here}


def _guard(run: _Run, evaluated: EvaluatedRepository, planned: Sequence[Prepared | Superseded]) -> Iterator[Diagnostic]:
    """Hold every branch against the guards before any of them moves."""
    for prepared in planned:
        if isinstance(prepared, Prepared) and prepared.contents.removed:
            removed, allowed = prepared.contents.removed, run.options.render.allowed
            read = partial(_committed, run.git, prepared.tree_of)
            yield from guard_removed_files(evaluated, removed, allowed, "commit", read)


def _committed(git: Git, commit: str, paths: Iterable[str]) -> dict[str, bytes]:
    """Return files of the output as a commit has them."""
    held = contents(git, commit, (OUTPUT_FOLDER,))
    return {path: held[f"{OUTPUT_FOLDER}/{path}"] for path in paths}


def _land(run: _Run, landing: Landing, jobs: list[tuple[Job, Prepared | Superseded]]) -> CommitOutcome:
    landed: list[tuple[Job, Landed | Superseded]] = []
    for job, prepared in jobs:
        try:
            landed.append((job, landing.land(job, prepared)))
        except GeneratorError as error:
            moved = [other.branch for other, done in landed if isinstance(done, Landed) and done.is_new]
            error.hint += f" In place already: {', '.join(moved)}." if moved else ""
            raise
    outcomes = []
    for job, done in landed:
        remarks = _follow(run, job, done) if run.remote and isinstance(done, Landed) and done.is_new else ()
        outcomes.append(_outcome(run, job, done, remarks or _unpushed(run, done)))
    if run.options.hydrated:
        commits = [done.commit for _, done in landed if isinstance(done, Landed) and done.commit]
        write_notes(run.git, run.remote, commits, run.source.name, landing.who)
    return CommitOutcome(source=run.source.name, catalog=run.source.catalog, branches=tuple(outcomes))


def _unpushed(run: _Run, done: Landed | Superseded) -> tuple[str, ...]:
    """Say that the branch was committed before, and never pushed."""
    if not (run.remote and run.is_in_place) or isinstance(done, Superseded) or done.is_new:
        return ()
    behind = done.prepared.tip != run.source.name and done.prepared.parents == (run.source.name,)
    return (f"{mask(run.remote)} does not have all of this branch: git push",) if behind else ()


def _outcome(run: _Run, job: Job, done: Landed | Superseded, remarks: tuple[str, ...]) -> BranchOutcome:
    names = job.environments
    if isinstance(done, Superseded):
        return BranchOutcome(
            branch=job.branch, environments=names, status=Status.SUPERSEDED, commit="", remarks=(done.why,)
        )
    contents = done.prepared.contents
    return BranchOutcome(
        branch=job.branch,
        environments=names,
        status=Status.COMMITTED if done.is_new else Status.UNCHANGED,
        commit=done.commit,
        subject=done.prepared.message.partition("\n")[0] if done.is_new else "",
        added=len(contents.added),
        changed=len(contents.changed),
        removed=len(contents.removed),
        unchanged=contents.unchanged,
        pushed=mask(run.remote) if done.is_new else "",
        compare=job.compare if done.commit else "",
        remarks=remarks,
    )


def _stage_first(run: _Run, prepared: Prepared, commit: str) -> None:
    """Bring the index up to date first: where it is locked, there is no commit yet."""
    if run.is_in_place:
        stage(run.git, prepared.edits, commit)


def _follow(run: _Run, job: Job, done: Landed) -> tuple[str, ...]:
    """Let the local branch follow what was pushed, if nothing else came with it; return what is left to do."""
    git, why = run.git, f"kservegen commit: {done.prepared.message.partition(chr(10))[0]}"
    if run.is_in_place:
        if run.source.name not in done.prepared.parents or done.prepared.tree_of != run.source.name:
            return (f"this clone is behind {mask(run.remote)}/{job.branch} now: git pull",)
        stage(git, done.prepared.edits, done.commit)
        move_branch(git, job.branch, done.commit, run.source.name, why)
        return ()
    tip = branch_tip(git, job.branch)
    if tip is not None and tip in done.prepared.parents and job.branch not in _held(run):
        move_branch(git, job.branch, done.commit, tip, why)
    return ()
