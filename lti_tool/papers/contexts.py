"""JSON-LD contexts for proofs: only those whose content is known to the letter, and never from the network.

That of Verifiable Credentials comes with PyLD. That of Open Badges may not be shipped with this tool: whoever wants
proofs puts it into the folder CONTEXTS_DIR, under any name. What a file holds decides, not what it is called: it is
taken where the SHA-256 of its content (as JSON with sorted keys and no white space, for publishers lay out the same
content differently) is one of PINNED.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pyld.documentloader.frozen import BUNDLED_CONTEXTS

from lti_tool.papers.badge import OB3, V2

PINNED: Final[Mapping[str, str]] = {
    V2: "b463c8d6a066214123ddd9827b135e1b50e1fc73322cc52a9b12a4f1fc7d86cf",
    OB3: "c5e555a91a5cf48e32ae0a05674c61ddd5c053b680b5643b2f57f9965e386d99",
}
Loader = Callable[..., dict[str, Any]]
MOST_BYTES: Final = 1_000_000
_LOADERS: Final[dict[tuple[tuple[str, str], ...], Loader]] = {}


def fingerprint(content: object) -> str:
    """The SHA-256 of a JSON document, however it is laid out."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def at_hand(folder: Path) -> Mapping[str, Any]:
    """The contexts that are known and here, by address. Files that are none of them are passed over."""
    names = sorted(folder.glob("*.json*")) if folder.is_dir() else []
    return _read(tuple((path, path.stat().st_mtime_ns) for path in names))


def loader(contexts: Mapping[str, Any]) -> Loader:
    """What PyLD asks for a context: it gets these and no others. The same for the same contexts, so that what was made
    of them once can be kept."""
    key = tuple(sorted((url, fingerprint(content)) for url, content in contexts.items()))
    return _LOADERS.setdefault(key, _loader(contexts))


def _loader(contexts: Mapping[str, Any]) -> Loader:

    def load(url: str, _options: object = None) -> dict[str, Any]:
        if url not in contexts:
            raise LookupError(f"the context {url} is not at hand")
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": url,
            "document": contexts[url],
        }

    return load


@lru_cache(maxsize=8)
def _read(files: tuple[tuple[Path, int], ...]) -> Mapping[str, Any]:
    wanted = {digest: url for url, digest in PINNED.items()}
    found: dict[str, Any] = {}
    bundled = [Path(str(path)) for path in BUNDLED_CONTEXTS.values()]
    for path in (*bundled, *(path for path, _changed in files)):
        try:
            if path.stat().st_size > MOST_BYTES:
                continue
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if url := wanted.get(fingerprint(content)):
            found[url] = content
    return found
