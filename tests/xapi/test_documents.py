"""Documents in the store, on both databases."""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from tests.xapi.builders import MODULE, an_id, key_of
from xapi import BadRequest, PreconditionFailed, Writer, documents, reading, writing
from xapi.documents import Document, Place

NOW = datetime(2022, 10, 7, 9, 30, tzinfo=UTC)
PLACE = Place("state", MODULE, key_of(), "")


def anything(there: Document | None) -> None:
    """A check that lets everything through."""


def test_a_document_comes_back_as_it_was(engine: Engine) -> None:
    with writing(engine) as conn:
        documents.put(conn, PLACE, "bookmark", "text/plain", b"p\x003", NOW, anything)
        found = documents.get(conn, PLACE, "bookmark")
        assert documents.get(conn, Place("state", MODULE, key_of("boris")), "bookmark") is None
        assert documents.get(conn, Place("state", MODULE, key_of(), an_id(1)), "bookmark") is None
    assert found is not None
    assert found.etag == hashlib.sha1(b"p\x003", usedforsecurity=False).hexdigest()
    assert (found.id, found.content_type, found.content, found.updated) == ("bookmark", "text/plain", b"p\x003", NOW)


def test_lists_by_place_and_time(engine: Engine) -> None:
    with writing(engine) as conn:
        for number, registration in enumerate(["", an_id(1), an_id(2)]):
            place = Place("state", MODULE, key_of(), registration)
            moment = NOW + timedelta(hours=number)
            documents.put(conn, place, f"d{number}", "text/plain", b"x", moment, anything)
        everywhere = Place("state", MODULE, key_of(), None)
        assert documents.list_ids(conn, PLACE) == ["d0"]
        assert documents.list_ids(conn, everywhere) == ["d0", "d1", "d2"]
        assert documents.list_ids(conn, everywhere, NOW) == ["d1", "d2"]
        documents.delete_all(conn, Place("state", MODULE, key_of(), an_id(1)))
        assert documents.list_ids(conn, everywhere) == ["d0", "d2"]
        documents.delete_all(conn, everywhere)
        assert documents.list_ids(conn, everywhere) == []


def test_posts_are_merged_at_the_top_level(engine: Engine) -> None:
    with writing(engine) as conn:
        for content in (b'{"a":1,"b":{"x":1}}', b'{"b":{"y":2},"c":null}'):
            documents.post(conn, PLACE, "d", "application/json; charset=utf-8", content, NOW, anything)
        found = documents.get(conn, PLACE, "d")
    assert found is not None
    assert found.content == b'{"a":1,"b":{"y":2},"c":null}'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("text/plain", b"{}"), ("application/json", b"{}")),
        (("application/json", b"{}"), ("text/plain", b"{}")),
        (("application/json", b"[]"), ("application/json", b"{}")),
        (("application/json", b"{}"), ("application/json", b"[]")),
    ],
)
def test_what_is_no_json_object_is_not_merged(
    sqlite_engine: Engine, old: tuple[str, bytes], new: tuple[str, bytes]
) -> None:
    with writing(sqlite_engine) as conn:
        documents.put(conn, PLACE, "d", *old, NOW, anything)
        with pytest.raises(BadRequest):
            documents.post(conn, PLACE, "d", *new, NOW, anything)
        found = documents.get(conn, PLACE, "d")
    assert found is not None
    assert (found.content_type, found.content) == old


def test_a_very_long_id_is_told_in_full(engine: Engine) -> None:
    with writing(engine) as conn:
        documents.put(conn, PLACE, "ā" * 5000, "text/plain", b"x", NOW, anything)
        assert documents.list_ids(conn, PLACE) == ["ā" * 5000]


def test_only_one_of_many_creates_it(engine: Engine) -> None:
    writer = Writer(engine)
    refused: list[PreconditionFailed] = []
    barrier = threading.Barrier(8)

    def only_new(there: Document | None) -> None:
        if there is not None:
            raise PreconditionFailed("there already")

    def create(number: int) -> None:
        barrier.wait()
        content = str(number).encode()
        try:
            writer.run(lambda conn: documents.put(conn, PLACE, "d", "text/plain", content, NOW, only_new))
        except PreconditionFailed as error:
            refused.append(error)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    with reading(engine) as conn:
        assert documents.list_ids(conn, PLACE) == ["d"]
