"""GitHub Actions on this machine: the steps of a job run in order, as a runner would, with actions stood in for.

Only what our workflows use is known; anything else fails the test that uses it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
# What an action does in a workspace, with its inputs.
Action = Callable[[Path, Json], None]

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|&&|\|\||==|!=|!|\(|\)|[\w.-]+)")
_STATUS = ("success", "failure", "cancelled", "always")


class ActionFailedError(Exception):
    """An action stood in for fails its step."""


@dataclass(frozen=True)
class Step:
    """What became of a step: its outcome as GitHub names it, and what it printed."""

    name: str
    outcome: str
    log: str


@dataclass
class Job:
    """A job that ran."""

    steps: list[Step] = field(default_factory=list)
    summary: str = ""
    outcomes: Json = field(default_factory=dict)
    outputs: Json = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether a step failed that was not allowed to."""
        return any(step.outcome == "failure" for step in self.steps)

    def step(self, name: str) -> Step:
        """Return the step of a name."""
        return next(step for step in self.steps if step.name == name)

    @property
    def log(self) -> str:
        """What all steps printed."""
        return "\n".join(f"== {step.name}: {step.outcome}\n{step.log}" for step in self.steps)


def load(path: Path) -> Json:
    """Read a workflow or an action; `on` is no boolean here."""
    loaded: Json = yaml.load(path.read_text("utf-8").replace("\non:", "\n'on':"), yaml.SafeLoader)
    return loaded


@dataclass
class Runner:
    """A machine: a workspace, a folder for its files, commands that come first on the path, actions by name."""

    workspace: Path
    temp: Path
    commands: Path
    actions: Mapping[str, Action]
    contexts: Json

    def run_job(self, workflow: Json, name: str) -> Job:
        """Run a job of a workflow; one whose condition does not hold has no steps."""
        job = workflow["jobs"][name]
        if not self.holds(job.get("if", "true"), Job()):
            return Job()
        shell = workflow.get("defaults", {}).get("run", {})
        done = self.run_steps([{**shell, **step} for step in job["steps"]], job.get("env", {}))
        contexts = {**self.contexts, "steps": done.outcomes}
        done.outputs = {name: self.filled(value, contexts) for name, value in job.get("outputs", {}).items()}
        return done

    def run_steps(self, steps: list[Json], env: Json) -> Job:
        """Run steps one after the other."""
        self.temp.mkdir(parents=True, exist_ok=True)
        job, more_path = Job(), ""
        outcomes = job.outcomes
        for number, step in enumerate(self._expanded(steps)):
            name = step.get("name") or step.get("uses", "").partition("@")[0] or f"step {number}"
            contexts = {**self.contexts, "steps": outcomes}
            if not self.holds(step.get("if", "success()"), job, contexts):
                job.steps.append(Step(name, "skipped", ""))
                continue
            files = {key: self.temp / f"{number}-{key}" for key in ("output", "path", "summary")}
            for file in files.values():
                file.write_text("", "utf-8")
            merged = {**env, **step.get("env", {})}
            variables = {key: self.filled(str(value), contexts) for key, value in merged.items()}
            variables |= {f"GITHUB_{key.upper()}": str(file) for key, file in files.items()}
            variables["GITHUB_STEP_SUMMARY"] = str(files["summary"])
            outcome, log = self._run(step, contexts, variables, more_path)
            if outcome == "failure" and step.get("continue-on-error"):
                outcomes[str(step["id"])] = {"outcome": "failure", "outputs": {}}
                job.steps.append(Step(name, "failure, allowed", log))
                continue
            outputs = dict(line.split("=", 1) for line in files["output"].read_text("utf-8").splitlines())
            outcomes[str(step.get("id", name))] = {"outcome": outcome, "outputs": outputs}
            more_path = ":".join([*files["path"].read_text("utf-8").split(), more_path])
            job.summary += files["summary"].read_text("utf-8")
            job.steps.append(Step(name, outcome, log))
        return job

    def _expanded(self, steps: list[Json]) -> Iterator[Json]:
        """Yield the steps, those of an action of the repository in its place."""
        for step in steps:
            if not step.get("uses", "").startswith("./"):
                yield step
                continue
            folder = self.workspace / step["uses"]
            asked = {"if": step["if"]} if "if" in step else {}
            for inner in load(folder / "action.yml")["runs"]["steps"]:
                yield {**asked, **inner, "env": {"GITHUB_ACTION_PATH": str(folder), **inner.get("env", {})}}

    def _run(self, step: Json, contexts: Json, variables: dict[str, str], more_path: str) -> tuple[str, str]:
        if "uses" in step:
            action = self.actions[step["uses"].partition("@")[0]]
            given = {key: self.filled(str(value), contexts) for key, value in step.get("with", {}).items()}
            try:
                action(self.workspace, given)
            except ActionFailedError as error:
                return "failure", str(error)
            return "success", ""
        script = self.temp / "script.sh"
        script.write_text(self.filled(step["run"], contexts), "utf-8")
        # Without `shell`, GitHub runs bash without pipefail.
        shell = ["bash", "-e", str(script)]
        if step.get("shell") == "bash":
            shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        kept = {key: os.environ[key] for key in ("HOME", "LANG", "PYTHONPATH") if key in os.environ}
        path = ":".join(part for part in (more_path, str(self.commands), os.environ["PATH"]) if part)
        folder = self.workspace / self.filled(step.get("working-directory", "."), contexts)
        env = {**kept, "CI": "true", "RUNNER_TEMP": str(self.temp), **variables, "PATH": path}
        done = subprocess.run(shell, cwd=folder, env=env, capture_output=True, text=True, check=False)
        return ("failure" if done.returncode else "success"), done.stdout + done.stderr

    def filled(self, text: str, contexts: Json) -> str:
        """Put values in the place of expressions."""

        def value(match: re.Match[str]) -> str:
            return str(evaluate(match[1], contexts, {}))

        return _EXPRESSION.sub(value, text)

    def holds(self, condition: str, job: Job, contexts: Json | None = None) -> bool:
        """Whether a condition holds, given how the job went so far; a failure stops what does not ask about it."""
        inner = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", condition.strip())
        status = {"success": not job.failed, "failure": job.failed, "cancelled": False, "always": True}
        asks = any(f"{name}()" in inner for name in _STATUS)
        return bool(evaluate(inner, contexts or self.contexts, status)) and (asks or not job.failed)


def evaluate(expression: str, contexts: Json, status: Mapping[str, bool]) -> object:
    """Evaluate an expression of names, texts, `==`, `!=`, `&&`, `||`, `!` and the functions of the status."""
    tokens = _TOKEN.findall(expression)
    assert "".join(tokens) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", expression), expression
    words = {"&&": "and", "||": "or", "!": "not", "==": "==", "!=": "!=", "(": "(", ")": ")"}
    parts: list[str] = []
    values: list[object] = []
    skip = 0
    for index, token in enumerate(tokens):
        if skip:
            skip -= 1
        elif token in words:
            parts.append(words[token])
        else:
            if token.startswith("'"):
                values.append(token[1:-1].replace("''", "'"))
            elif tokens[index + 1 : index + 3] == ["(", ")"]:
                values.append(status[token])
                skip = 2
            else:
                values.append(_look_up(token, contexts))
            parts.append(f"v[{len(values) - 1}]")
    return eval(" ".join(parts), {"__builtins__": {}}, {"v": values})  # noqa: S307 - the words above, and nothing else


def _look_up(name: str, contexts: Json) -> object:
    if name in {"true", "false"}:
        return name == "true"
    value: Any = contexts
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else value  # GitHub finds null and '' equal


def command(folder: Path, name: str, script: str) -> None:
    """Put a command on a runner's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(script, "utf-8")
    (folder / name).chmod(0o755)


def python_command(folder: Path, name: str, python: str, program: Path, *words: str) -> None:
    """Put a Python program on a runner's path."""
    line = shlex.join([python, str(program), *words])
    command(folder, name, f'#!/bin/sh\nexec {line} "$@"\n')
