"""`gh api` and `gh pr`, over a folder instead of GitHub: pull requests and comments are files, calls are written down.

Called `glab`, it takes `mr` and GitLab's words.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    """Answer one call; a path that GitHub does not have is an error, as it is there."""
    state = Path(os.environ["FAKE_GH_STATE"])
    if sys.argv[1] in {"pr", "mr"}:
        return pull_requests(state, sys.argv[1:])
    parser = argparse.ArgumentParser()
    parser.add_argument("api", choices=["api"])
    parser.add_argument("path")
    parser.add_argument("--method", default="")
    parser.add_argument("--jq", default="")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("-f", dest="texts", action="append", default=[])
    parser.add_argument("-F", dest="files", action="append", default=[])
    given = parser.parse_args()
    assert os.environ["GH_TOKEN"], "no token"
    fields = dict(item.split("=", 1) for item in given.texts)
    for item in given.files:
        name, _, value = item.partition("=")
        fields[name] = Path(value[1:]).read_text("utf-8") if value.startswith("@") else value
    method = given.method or ("POST" if fields else "GET")
    with (state / "calls").open("a", encoding="utf-8") as calls:
        calls.write(json.dumps([method, given.path, sorted(fields)]) + "\n")
    answer = respond(state, method, given.path.split("/"), fields)
    if answer is None:
        status = (state / "scanning").read_text("utf-8") if (state / "scanning").exists() else "Not Found (HTTP 404)"
        sys.stderr.write(f"gh: {status}\n")
        return 1
    if given.silent:
        return 0
    if given.jq:
        return subprocess.run(["jq", "-r", given.jq], input=json.dumps(answer), text=True, check=False).returncode
    sys.stdout.write(f"{json.dumps(answer)}\n")
    return 0


def pull_requests(state: Path, words: list[str]) -> int:
    """List or open pull requests of two branches; `refused` in the folder is what the forge says no with."""
    names = ("--source-branch", "--target-branch") if words[0] == "mr" else ("--head", "--base")
    head, base = (words[words.index(name) + 1] for name in names)
    with (state / "calls").open("a", encoding="utf-8") as calls:
        calls.write(json.dumps(words) + "\n")
    known = json.loads((state / "open.json").read_text("utf-8")) if (state / "open.json").exists() else []
    word = "web_url" if words[0] == "mr" else "url"
    if words[1] == "list":
        found = [{word: url} for one, other, url in known if (one, other) == (head, base)]
        sys.stdout.write(json.dumps(found))
        return 0
    if (state / "refused").exists():
        sys.stderr.write((state / "refused").read_text("utf-8"))
        return 1
    address = f"https://forge.example.com/{len(known) + 1}"
    (state / "open.json").write_text(json.dumps([*known, (head, base, address)]), "utf-8")
    sys.stdout.write(f"Creating a pull request\n{address}\n")
    return 0


def respond(state: Path, method: str, path: list[str], fields: dict[str, str]) -> object:
    """Return what GitHub would, or None for a 404."""
    assert path[:3] == ["repos", "org", "models"], path
    comments = json.loads((state / "comments.json").read_text("utf-8"))
    answer: Any = None
    match method, path[3:]:
        case "GET", ["pulls"]:
            pulls = json.loads((state / "pulls.json").read_text("utf-8"))
            owner, _, branch = fields["head"].partition(":")
            answer = [p for p in pulls if (p["owner"], p["branch"], p["state"]) == (owner, branch, fields["state"])]
        case "GET", ["pulls", _, "files"]:
            answer = json.loads((state / "files.json").read_text("utf-8"))
        case "GET", ["actions", "runs", _, "artifacts"]:
            answer = {"artifacts": json.loads((state / "artifacts.json").read_text("utf-8"))}
        case "GET", ["issues", number, "comments"]:
            answer = [comment for comment in comments if comment["issue"] == number]
        case "POST", ["issues", number, "comments"]:
            answer = {"id": len(comments) + 100, "issue": number, "user": {"login": "github-actions[bot]"}, **fields}
            comments.append(answer)
        case "PATCH", ["issues", "comments", wanted]:
            answer = next(comment for comment in comments if str(comment["id"]) == wanted)
            answer.update(fields)
        case "DELETE", ["issues", "comments", wanted]:
            comments = [comment for comment in comments if str(comment["id"]) != wanted]
            answer = {}
        case "POST", ["code-scanning", "sarifs"] if (state / "scanning").exists() and not (
            state / "scanning"
        ).read_text("utf-8"):
            answer = {"id": "1"}
            (state / "sarif.json").write_text(json.dumps(fields), "utf-8")
    (state / "comments.json").write_text(json.dumps(comments), "utf-8")
    return answer


if __name__ == "__main__":
    sys.exit(main())
