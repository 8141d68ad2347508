"""A repository on the Hugging Face Hub or a mirror of it: the module that speaks to it, for `kservegen lock` alone.

What a server answers never reaches a message, nor does its address: both can carry a token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kservegen.catalog.lock.artefact import Artefact, Folder
from kservegen.core.errors import GeneratorError

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo

_SECONDS: Final = 20.0
_MOST_FILES: Final = 20_000
_CHUNK: Final = 64 << 10
_ACCESS: Final = "Set HF_TOKEN to a token of an account that may read it."


class Hub:
    """Opens repositories. `endpoint` is a mirror's address, blank for the Hub; `offline` looks into the cache only."""

    def __init__(self, endpoint: str = "", *, offline: bool = False) -> None:
        self._endpoint, self._offline = endpoint or None, offline

    def open(self, name: str, revision: str = "", *, subject: str) -> Artefact:
        """Find out what a repository holds at a revision, by default its newest; GeneratorError with the reason."""
        if self._offline:
            return _cached(name, revision, subject)
        from huggingface_hub import HfApi  # noqa: PLC0415 - half a second, for this command alone

        api = HfApi(endpoint=self._endpoint, library_name="kservegen")
        with _answered(subject):
            info = api.model_info(name, revision=revision or None, files_metadata=True, timeout=_SECONDS)
        return HubFiles(api, info, name, subject)


class HubFiles:
    """An Artefact on the Hub, at the commit that was found."""

    def __init__(self, api: HfApi, info: ModelInfo, name: str, subject: str) -> None:
        self._api, self._subject = api, subject
        self.revision = info.sha or ""
        self._name = info.id or name
        self.repository = self._name if self._name != name else ""
        said = info.card_data.get("license") if info.card_data else None
        names = said if isinstance(said, list) else [said]
        self.license = ", ".join(name for name in names if isinstance(name, str))
        files = info.siblings or []
        if len(files) > _MOST_FILES:
            raise GeneratorError(f"the repository has more than {_MOST_FILES:,} files", subject=subject)
        self.sizes: Mapping[str, int] = {file.rfilename: file.size or 0 for file in files}

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self.sizes

    def read(self, name: str, start: int, length: int) -> bytes:
        """Ask for a part of a file; a server that sends more is not listened to."""
        from huggingface_hub import get_session, hf_hub_url  # noqa: PLC0415
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # noqa: PLC0415

        url = hf_hub_url(self._name, name, revision=self.revision, endpoint=self._api.endpoint)
        headers = {**build_hf_headers(), "Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
        found = bytearray()
        with (
            _answered(self._subject),
            get_session().stream("GET", url, headers=headers, timeout=_SECONDS, follow_redirects=True) as response,
        ):
            hf_raise_for_status(response)
            skipped = start if response.status_code == 200 else 0  # the whole file: the server knows no ranges
            for chunk in response.iter_bytes(_CHUNK):
                found += chunk
                if len(found) >= skipped + length:
                    break
                if skipped and len(found) > length + _CHUNK:
                    raise GeneratorError("the server does not answer requests for ranges", subject=self._subject)
        return bytes(found[skipped : skipped + length])


def _cached(name: str, revision: str, subject: str) -> Folder:
    """Return what huggingface_hub has downloaded before."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

    path = try_to_load_from_cache(name, "config.json", revision=revision or None)
    if not isinstance(path, str):
        raise GeneratorError(
            "HF_HUB_OFFLINE is set, and the cache does not hold this repository",
            subject=subject,
            hint="Unset it, or read a folder: kservegen lock MODEL --from DIR.",
        )
    return Folder(Path(path).parent, revision=Path(path).parent.name, partial=True)


@contextmanager
def _answered(subject: str) -> Iterator[None]:
    """Say in our words why the Hub gave no answer."""
    import httpx2  # noqa: PLC0415
    from huggingface_hub import errors  # noqa: PLC0415

    try:
        yield
    except errors.GatedRepoError:
        hint = f"Ask for access on the repository's page. {_ACCESS}"
        raise GeneratorError("the repository is gated", subject=subject, hint=hint) from None
    except errors.RevisionNotFoundError:
        raise GeneratorError("the repository has no such revision", subject=subject) from None
    except errors.RepositoryNotFoundError:
        hint = f"Look at the name. Where it is private: {_ACCESS[0].lower()}{_ACCESS[1:]}"
        raise GeneratorError("there is no such repository, or it is private", subject=subject, hint=hint) from None
    except errors.HFValidationError:
        raise GeneratorError("this is no name of a repository", subject=subject, hint="owner/model.") from None
    except errors.HfHubHTTPError as problem:
        code = problem.response.status_code
        hint = _ACCESS if code in {401, 403} else "Try again later, or name a mirror in HF_ENDPOINT."
        raise GeneratorError(f"the Hub refuses: status {code}", subject=subject, hint=hint) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as problem:
        raise GeneratorError(
            f"the Hub cannot be reached: {type(problem).__name__}",
            subject=subject,
            hint="Look at HF_ENDPOINT and the network, or read a folder: kservegen lock MODEL --from DIR.",
        ) from None
