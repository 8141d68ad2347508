"""What the arguments of `validate` mean: environments of the catalog, or manifests and the cluster they are for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

import click
from msgspec import Struct

from kservegen.cli.candidates import complete_version
from kservegen.cli.options import complete_environment, find_repository
from kservegen.core.diagnostics import Severity
from kservegen.core.errors import GeneratorError
from kservegen.core.repository import Repository, packaged_data
from kservegen.core.suggest import did_you_mean

if TYPE_CHECKING:
    from kservegen.checks.manifests.reference import Cluster
    from kservegen.commands.result import Result
    from kservegen.formats.jsonschema.store import SchemaStore

_F = TypeVar("_F", bound=Callable[..., object])

TARGETS_HELP = """An argument that names an environment of the catalog is that environment; every other one is a path: a
file, a folder (its *.yaml, *.yml and *.json files, hidden ones left out), or - for standard input. Write ./prod for a
folder that is called like an environment. Without arguments the catalog is checked in all its environments.

Manifests need no catalog around them. Documents are judged together against a cluster with the given KServe version,
its chart's runtimes and presets and the default Gateway: what one of them needs, another may bring."""
_STDIN = "-"


class ClusterOptions(Struct, frozen=True, kw_only=True):
    """What the options say of the cluster that manifests are checked against."""

    kserve_version: str | None
    deployment_mode: str | None
    environment: str | None
    engine: str
    assumed: tuple[str, ...] = ()

    @property
    def is_stated(self) -> bool:
        """Whether the cluster itself is."""
        return any((self.kserve_version, self.deployment_mode, self.environment, self.assumed))


engine_option = click.option(
    "--engine",
    type=click.Choice(["builtin", "jsonschema", "kubeconform"]),
    default="builtin",
    show_default=True,
    help="What checks the shape of objects. The others say the same: jsonschema slowly, kubeconform if installed.",
)


base_option = click.option(
    "--base",
    metavar="REV",
    help="Judge manifests as a change: the cluster has what they were where REV and HEAD part (HEAD: before the edit).",
)


def cluster_options(function: _F) -> _F:
    """Add --kserve-version, --deployment-mode, --env and --assume."""
    version = click.option(
        "--kserve-version",
        metavar="VERSION",
        shell_complete=complete_version,
        help="Version to judge manifests by. Default: the newest known.",
    )
    mode = click.option(
        "--deployment-mode",
        type=click.Choice(["Standard", "Knative"]),
        help="The cluster's default mode for manifests. Default: Standard.",
    )
    environment = click.option(
        "--env",
        "environment",
        metavar="ENV",
        shell_complete=complete_environment,
        help="Judge manifests against this environment of the catalog: its version, mode, runtimes and presets.",
    )
    assume = click.option(
        "--assume",
        "assumed",
        multiple=True,
        metavar="WHAT",
        help="Take it to be in the cluster: an operator (keda) or an object (Secret/models/token). Repeatable.",
    )
    return version(mode(environment(assume(function))))


def find_optional_repository(root: Path | None, *, needed: bool) -> Repository | None:
    """Return the catalog's repository; None where there is none and manifests can do without."""
    try:
        return find_repository(root)
    except GeneratorError:
        if needed or root is not None:
            raise
        return None


def choose_environments(targets: Sequence[str], repository: Repository | None) -> tuple[str, ...]:
    """Return the targets that name an environment; GeneratorError for one that is neither that nor a path."""
    files = (*repository.environment_files(), *repository.base_files()) if repository is not None else ()
    known = {path.stem for path in files} - {"defaults"}
    there = f"Environments: {', '.join(sorted(known))}." if known else "There is no catalog here either."
    for target in targets:
        if target != _STDIN and target not in known and not Path(target).exists() and not Path(target).is_symlink():
            raise GeneratorError(
                "there is no environment, file or folder of this name",
                subject=target,
                hint=f"{did_you_mean(target, known)} {there}".lstrip(),
            )
    return tuple(target for target in targets if target in known)


def lint_targets(
    targets: Sequence[str],
    options: ClusterOptions,
    repository: Repository | None,
    fail_on: Severity,
    base: str | None = None,
) -> tuple[Result, bytes | None]:
    """Check manifests, as a change of those at `base` if there is one.

    Return the result, and what came on standard input where that was asked for.
    """
    from kservegen.checks.engines.choice import EngineChoice, open_engine  # noqa: PLC0415
    from kservegen.checks.runner import open_checker  # noqa: PLC0415
    from kservegen.commands.validate_manifests import LintOptions, lint  # noqa: PLC0415
    from kservegen.formats.jsonschema.store import SchemaStore  # noqa: PLC0415

    roots = repository.schema_roots if repository is not None else (packaged_data() / "schemas",)
    schemas = SchemaStore(roots)
    paths = tuple(Path(target) for target in targets if target != _STDIN)
    if base is not None and not paths:
        raise click.UsageError("--base needs the path of a file or folder that git knows")
    stdin = _read_stdin() if _STDIN in targets else None
    chosen = LintOptions(
        paths=paths,
        cluster=_cluster(options, schemas, repository),
        schemas=schemas,
        base=base,
        open_file=_open_file,
        environment=options.environment or "",
        stdin=stdin,
        fail_on=fail_on,
    )
    engine = open_engine(EngineChoice(options.engine), schemas)
    return lint(open_checker(engine), chosen), stdin


def _open_file() -> IO[bytes]:
    from tempfile import TemporaryFile  # noqa: PLC0415 - for input that is too long to be kept in memory

    return TemporaryFile()


def _cluster(options: ClusterOptions, schemas: SchemaStore, repository: Repository | None) -> Cluster:
    from kservegen.checks.manifests.reference import reference_cluster  # noqa: PLC0415
    from kservegen.commands.validate_manifests import check_version, environment_cluster  # noqa: PLC0415
    from kservegen.kserve.releases import Releases  # noqa: PLC0415

    if options.environment and repository is not None:
        from kservegen.evaluate.project import open_project  # noqa: PLC0415

        if options.kserve_version or options.deployment_mode or options.assumed:
            raise click.UsageError("--env states the version, the mode and what is there: leave out the other options")
        return environment_cluster(open_project(repository), options.environment)
    releases = Releases(schemas.roots)
    version = options.kserve_version or releases.newest_reviewed
    check_version(version, releases, schemas)
    mode = options.deployment_mode or "Standard"
    return reference_cluster(releases.get(version), mode, schemas, _assumed(options.assumed))


def _assumed(words: Sequence[str]) -> frozenset[str]:
    if not words:
        return frozenset()
    from kservegen.checks.environment import KNOWN_PREREQUISITES  # noqa: PLC0415 - brings all that builds environments

    for word in words:
        if word not in KNOWN_PREREQUISITES and (word.count("/") not in {1, 2} or "" in word.split("/")):
            raise GeneratorError(
                "this names neither an operator that is known nor an object",
                subject=f"--assume {word}",
                hint=did_you_mean(word, KNOWN_PREREQUISITES, "Objects are Kind/name or Kind/namespace/name."),
            )
    return frozenset(words)


def _read_stdin() -> bytes:
    from kservegen.formats.yaml.text import LARGEST_FILE  # noqa: PLC0415

    return sys.stdin.buffer.read(LARGEST_FILE + 1)
