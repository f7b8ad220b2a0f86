"""JSON-LD documents in canonical RDF (URDNA2015), by PyLD, with what is made of contexts kept from one to the next.

The same few contexts stand in every credential. PyLD resolves them anew for each document, and processes those that a
type brings along (https://www.w3.org/TR/json-ld11/#type-scoped-contexts) anew for each node: that was more than half of
the work of a proof. What comes of a context rests on the context, the active context and the arguments alone, so it can
be kept. PyLD's method for it is not a public one: a release without it makes proofs slower, not different.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from pyld import jsonld
from pyld.context_resolver import ContextResolver

from lti_tool.papers.contexts import Loader

_MOST: Final = 1000
"""Results of contexts that are kept: some thirty for an Open Badge."""
_local: Final = threading.local()
"""PyLD's caches are not made for threads: each has its own."""


class _Processor(jsonld.JsonLdProcessor):  # type: ignore[misc]  # PyLD has no types
    """Processes a context once for each active context."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[tuple[object, ...], tuple[object, Any]] = {}

    def _process_context(self, active: Any, local: Any, options: Any, *more: Any, **named: Any) -> Any:
        # The active context has a name of its own. The local one is known by what it is: the result holds on to it.
        known = active.get("_uuid") if isinstance(local, Mapping) else None
        arguments = (*more, *(one for pair in sorted(named.items()) for one in pair))
        if known is None or not all(isinstance(one, bool | str | None) for one in arguments):
            return super()._process_context(active, local, options, *more, **named)
        key = (known, id(local), options.get("base"), options.get("processingMode"), *arguments)
        if key not in self._kept:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            self._kept[key] = (local, super()._process_context(active, local, options, *more, **named))
        return self._kept[key][1]


def canonical(document: Mapping[str, Any], load: Loader) -> str:
    """The document as canonical N-Quads; `load` gives its contexts, which are the same whenever it is asked."""
    processor, resolver = _mine(load)
    options = {
        "algorithm": "URDNA2015",
        "format": "application/n-quads",
        "documentLoader": load,
        "contextResolver": resolver,
    }
    found: str = processor.normalize(dict(document), options)
    return found


def _mine(load: Loader) -> tuple[_Processor, ContextResolver]:
    """What this thread has kept of the contexts of a loader."""
    kept: dict[Loader, tuple[_Processor, ContextResolver]] = _local.__dict__.setdefault("kept", {})
    if load not in kept:
        kept[load] = _Processor(), ContextResolver({}, load)
    return kept[load]
