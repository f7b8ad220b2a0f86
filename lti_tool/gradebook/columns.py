"""Columns of the LMS: found again or made where the known address leads nowhere, renamed when the module is.

One worker at a time deals with a column: whoever has claimed its row. No transaction is open while a platform is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.gradebook import store
from lti_tool.gradebook.ags import Column, Gradebook, NotReadable, Trouble
from lti_tool.gradebook.answers import OPEN_EDX
from lti_tool.gradebook.store import LineItem
from lti_tool.gradebook.titles import Titled, renamed
from lti_tool.launch.claims import SCOPE_LINE_ITEM
from lti_tool.wiring import Wiring

TAG: Final = "ecvet"
OWN_COLUMNS: Final = frozenset({"moodle", "lti-tool-practice"})
"""Platforms that make the column of an activity themselves. There none is forced on an activity that has none; one that
was there and is gone is made again."""


_OPEN_EDX_PATH: Final = "/api/lti_consumer/"
"""In every service address of Open edX, which names no product family in its launches."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What came of looking for a column. found: the address is known now. busy: another worker looks for it.
    learner: it is there, so the platform does not know the learner. none: there never was one, and none is to be.
    gone: it can't be had back."""

    kind: Literal["found", "busy", "learner", "none", "gone"]
    code: str = ""
    detail: str = ""


def makes_own_columns(product: str) -> bool:
    """Whether the platform makes the columns of activities itself."""
    return product.lower() in OWN_COLUMNS


def opens_several(product: str, items_url: str | None) -> bool:
    """Whether one resource link of the platform may open several contents: all that was chosen for a block of Open edX
    comes with the same link and line item."""
    return product.lower() in OPEN_EDX or _OPEN_EDX_PATH in (items_url or "")


def recover(wiring: Wiring, book: Gradebook, item: LineItem, worker: str) -> Sought:
    """The column of `item`, whose address leads nowhere (or is not known), is known again, or what keeps it from that.

    Raises Trouble. A column that another worker found or made meanwhile is taken, and none is made while the platform
    shows one for the same resource link: on Moodle a second one takes both out of later launches (moodle-facts B6).
    """
    now = wiring.clock()
    mine = wiring.writer.run(lambda conn: store.claim_item(conn, item.id, worker, now, store.LEASE))
    if mine is None:
        return Sought("busy")
    try:
        if mine.url is not None and mine.url != item.url:
            return Sought("found")
        return _look(wiring, book, mine, worker)
    except NotReadable as error:
        return _lost(mine, str(error))
    finally:
        wiring.writer.run(lambda conn: store.release_item(conn, item.id, worker))


def _look(wiring: Wiring, book: Gradebook, item: LineItem, worker: str) -> Sought:
    there = book.column(item, item.url) if item.url is not None else None
    # A platform that ignores the number in the address would answer with any column: the link is compared too.
    if there is not None and there.link in ("", item.link_id):
        return Sought("learner", "GRADE-LEARNER", "the column is there")
    several = opens_several(book.registration.product, item.items_url)
    with reading(wiring.engine) as conn:
        others = store.taken(conn, item)
    found = _own(item, book.columns(item, resource_link_id=item.link_id), others, several=several)
    if found is None and item.resource_id:
        found = _own(item, book.columns(item, resource_id=item.resource_id, tag=TAG), others, several=several)
    if found is not None:
        _learn(wiring, item, found)
        return Sought("found")
    if not item.known and makes_own_columns(book.registration.product):
        return _lost(item, "the activity has no column")
    if SCOPE_LINE_ITEM not in item.scopes:
        return _lost(item, "columns may not be made")
    return _make(wiring, book, item, worker)


def _make(wiring: Wiring, book: Gradebook, item: LineItem, worker: str) -> Sought:
    # Looking may have taken long; making must not begin at the end of the lease.
    now = wiring.clock()
    if wiring.writer.run(lambda conn: store.claim_item(conn, item.id, worker, now, store.LEASE)) is None:
        return Sought("busy")
    body: dict[str, Any] = {
        "label": item.label or item.activity.rpartition("/")[2],
        "scoreMaximum": float(item.maximum),
        "tag": TAG,
        "resourceLinkId": item.link_id,
    }
    if item.resource_id:
        body["resourceId"] = item.resource_id
    try:
        made = book.create(item, body)
    except NotReadable as error:
        # Bound to its activity or not at all: a column that belongs to nothing would be in the way of the teacher.
        return Sought("gone", "GRADE-ACTIVITY-GONE", str(error))
    _learn(wiring, item, made)
    return Sought("found")


def _own(item: LineItem, some: Iterable[Column], others: Collection[str], *, several: bool) -> Column | None:
    """The one of these columns that belongs to the item's link; else one of ours that belongs to no link at all.

    `others` are addresses of columns that belong to other contents of the same link. `several`: so do columns that
    this tool made for such.
    """
    loose: Column | None = None
    for one in some:
        if one.url in others:
            continue
        made, named = one.body.get("tag") == TAG, one.body.get("resourceId")
        if one.link == item.link_id and not (several and made and named and named != item.resource_id):
            return one
        # The column of another activity with the same module is that activity's own.
        ours = item.resource_id and named == item.resource_id and made
        if ours and not one.link:
            loose = loose or one
    return loose


def _lost(item: LineItem, detail: str) -> Sought:
    return Sought("gone" if item.known else "none", "GRADE-COLUMN-GONE" if item.known else "GRADE-NO-COLUMN", detail)


def _learn(wiring: Wiring, item: LineItem, found: Column) -> None:
    now = wiring.clock()
    wiring.writer.run(
        lambda conn: store.learn(conn, item.id, now, url=found.url, label=found.label or None, maximum=found.maximum)
    )


@dataclass(frozen=True, slots=True)
class Change:
    """What a column is to say from now on."""

    item: LineItem
    label: str | None

    @property
    def scaled(self) -> bool:
        """Whether the maximum changes too."""
        return self.item.told_maximum is not None and self.item.told_maximum != self.item.maximum


def outdated(items: Iterable[LineItem], now: dict[str, Titled], before: dict[str, list[Titled]]) -> list[Change]:
    """The columns whose name or maximum is not what it should be, by what is known here. Pure.

    `now` and `before` (older versions) are modules and units by IRI.
    """
    found = []
    for item in items:
        thing = now.get(item.activity)
        if thing is None or SCOPE_LINE_ITEM not in item.scopes:
            continue
        label = renamed(item.label, thing, before.get(item.activity, ()))
        change = Change(item, label if label != item.told_label else None)
        if change.label is not None or change.scaled:
            found.append(change)
    return found


def bring_up_to_date(wiring: Wiring, book: Gradebook, change: Change, worker: str) -> bool:
    """The column has the new name and maximum; False where another worker is at it. Raises Trouble.

    A name that a teacher gave in the gradebook stays, and so does a maximum that is not the one we asked for.
    """
    item, now = change.item, wiring.clock()
    mine = wiring.writer.run(lambda conn: store.claim_item(conn, item.id, worker, now, store.LEASE))
    if mine is None or mine.url is None:
        return False
    try:
        there = book.column(mine, mine.url)
        changes: dict[str, Any] = {}
        if there is not None and change.label is not None and there.label in (mine.label, mine.told_label):
            changes["label"] = change.label
        if there is not None and change.scaled and there.maximum == mine.told_maximum:
            changes["scoreMaximum"] = float(mine.maximum)
        if there is not None and changes:
            book.change(mine, there, **changes)
    except NotReadable:
        pass  # it may not be seen or changed: that is the platform's word, and asking again changes nothing
    except Trouble:
        wiring.writer.run(lambda conn: store.release_item(conn, item.id, worker))
        raise
    wiring.writer.run(lambda conn: _noted(conn, change, worker, now))
    return True


def _noted(conn: Connection, change: Change, worker: str, now: datetime) -> None:
    item = change.item
    store.learn(conn, item.id, now, url=item.url, label=change.label, maximum=item.maximum)
    store.release_item(conn, item.id, worker)
