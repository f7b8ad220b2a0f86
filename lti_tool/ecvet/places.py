"""Institutions and programmes as the page of roles names them."""

from __future__ import annotations

from sqlalchemy import Connection

from lti_tool.ecvet import store
from lti_tool.people.views_roles import Places


def places_of(conn: Connection, language: str) -> Places:
    """Those of all current programmes, by id, in this language."""
    found = store.current(conn)
    return Places(
        {one.id: one.title.in_(language) for programme in found for one in programme.institutions},
        {programme.id: programme.title.in_(language) for programme in found},
    )
