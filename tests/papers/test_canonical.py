"""Canonical RDF with contexts kept: what PyLD alone says of the same document, whatever came before it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyld import jsonld

from lti_tool.papers.canonical import canonical
from lti_tool.papers.contexts import Loader, loader

ONE, OTHER = "https://example.org/one", "https://example.org/other"
X: Any = "https://example.org/vocabulary#"
NAME = {"@id": X + "name", "@container": "@language"}
CONTEXTS: dict[str, Any] = {
    ONE: {
        "@context": {
            "@version": 1.1,
            "id": "@id",
            "type": "@type",
            # each type brings terms of its own; `part` means another thing in each
            "Badge": {"@id": X + "Badge", "@context": {"part": X + "badgePart", "name": NAME, "of": X + "of"}},
            "Person": {"@id": X + "Person", "@context": {"part": X + "personPart", "name": X + "fullName"}},
            "Note": {"@id": X + "Note", "@context": {"@propagate": True, "part": {"@id": X + "notePart"}}},
            # and a property may bring some for what is below it
            "inside": {"@id": X + "inside", "@context": {"name": X + "innerName"}},
            "name": X + "anyName",
        }
    },
    OTHER: {"@context": {"@version": 1.1, "part": X + "otherPart", "Person": {"@id": X + "Robot"}}},
}


def alone(document: Any, load: Loader) -> str:
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load}
    return str(jsonld.normalize(document, options))


@pytest.fixture(scope="module")
def load() -> Loader:
    return loader(CONTEXTS)


texts = st.sampled_from(["a", "b", "ā ē", ""])
ids = st.sampled_from([f"urn:x:{number}" for number in range(4)])


def extend(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {},
        optional={
            "id": ids,
            "type": st.lists(st.sampled_from(["Badge", "Person", "Note"]), min_size=1, max_size=2, unique=True),
            "name": st.one_of(texts, st.dictionaries(st.sampled_from(["en", "lv"]), texts, max_size=2)),
            "part": st.one_of(children, st.lists(children, max_size=2)),
            "inside": children,
            "of": children,
        },
    )


documents = st.builds(
    lambda body, contexts: {**body, "@context": contexts},
    extend(st.recursive(texts, extend, max_leaves=8)),
    st.sampled_from([[ONE], [ONE, OTHER], [OTHER, ONE]]),
)


@given(found=st.lists(documents, min_size=1, max_size=4))
def test_it_is_what_pyld_alone_says_whatever_came_before(load: Loader, found: list[dict[str, Any]]) -> None:
    for document in (*found, *reversed(found)):
        try:
            expected = alone(document, load)
        except jsonld.JsonLdError:
            with pytest.raises(jsonld.JsonLdError):
                canonical(document, load)
        else:
            assert canonical(document, load) == expected


BADGE = {
    "@context": [ONE],
    "id": "urn:x:1",
    "type": ["Badge"],
    "name": {"en": "Search", "lv": "Meklēt"},
    "part": {"type": ["Person"], "name": "Anna", "part": {"inside": {"name": "deep"}}},
}


def test_a_type_brings_its_terms_and_they_end_with_it(load: Loader) -> None:
    found = canonical(BADGE, load)
    assert found == alone(BADGE, load)
    for term in ("badgePart", "personPart", "fullName", "innerName"):
        assert found.count(X + term) == 1
    assert found.count(X + "name") == 2  # in two languages, and only of the badge


def test_a_context_is_asked_for_once() -> None:
    asked: list[str] = []

    def load(url: str, _options: object = None) -> dict[str, Any]:
        asked.append(url)
        return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": CONTEXTS[url]}

    assert len({canonical({**BADGE, "id": f"urn:x:{number}"}, load) for number in range(5)}) == 5
    assert asked == [ONE]


def test_what_one_loader_gave_another_one_does_not_have() -> None:
    changed = {ONE: {"@context": {**CONTEXTS[ONE]["@context"], "name": X + "changed"}}}
    first, second = loader(CONTEXTS), loader(changed)
    thing = {"@context": [ONE], "id": "urn:x:1", "name": "a"}
    assert "anyName" in canonical(thing, first)
    assert "changed" in canonical(thing, second)
    with pytest.raises(jsonld.JsonLdError):
        canonical({"@context": [OTHER], "part": "a"}, loader(changed))


def test_many_threads_say_the_same(load: Loader) -> None:
    things = [{**BADGE, "id": f"urn:x:{number}"} for number in range(40)]
    expected = [alone(one, load) for one in things]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda one: canonical(one, load), things)) == expected
