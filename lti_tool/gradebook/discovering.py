"""Columns of activities that nobody has opened yet: the list of columns tells of them what a launch would.

So the page of a course shows all its modules from the beginning, and after an LMS has moved they are known again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.ecvet import store as programmes
from lti_tool.gradebook import store
from lti_tool.gradebook.ags import Column, Gradebook, NotReadable
from lti_tool.gradebook.columns import TAG, makes_own_columns
from lti_tool.gradebook.items import of_this_course
from lti_tool.gradebook.store import LineItem
from lti_tool.wiring import Wiring


def unopened(some: Iterable[Column], links: Collection[str], modules: Mapping[str, str]) -> list[tuple[Column, str]]:
    """Those of the columns that belong to a module's activity whose resource link is not among `links`, each with the
    IRI of the module. `modules`: IRIs by id. Pure.

    Units are left to their first launch: which programme's rules they are judged by, only that tells.
    """
    found = []
    for one in some:
        kind, _slash, id = str(one.body.get("resourceId") or "").partition("/")
        if one.body.get("tag") == TAG and kind == "module" and id in modules and one.link and one.link not in links:
            found.append((one, modules[id]))
    return found


def discover(wiring: Wiring, book: Gradebook, course_id: int) -> None:
    """The columns that the platform made for activities of the course are known. Raises Trouble."""
    if not makes_own_columns(book.registration.product):
        return
    with reading(wiring.engine) as conn:
        known = of_this_course(conn, course_id)
        modules = {module.id: module.iri for one in programmes.current(conn) for module in one.modules}
    # What launches told of one column, where the list is and what may be done with it, holds for all of the course.
    like = next((item for item in known if item.items_url is not None and item.scopes), None)
    if like is None:
        return
    try:
        some = book.columns(like, tag=TAG)
    except NotReadable:
        return
    found = unopened(some, {item.link_id for item in known if item.scopes}, modules)
    if found:
        wiring.writer.run(lambda conn: _place(conn, wiring, like, found))


def _place(conn: Connection, wiring: Wiring, like: LineItem, found: Iterable[tuple[Column, str]]) -> None:
    for column, activity in found:
        store.place(
            conn,
            platform_id=like.platform_id,
            course_id=like.course_id,
            link_id=column.link,
            activity=activity,
            label=column.label,
            url=column.url,
            items_url=like.items_url,
            scopes=sorted(like.scopes),
            now=wiring.clock(),
            resource_id=str(column.body["resourceId"]),
        )
