"""Claims of prior learning that wait for a decision, as one question to the database: for lists over many learners."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Subquery

from lti_tool.evidence.prior import acts, claims
from xapi.database import stored_key
from xapi.tables import persona_actors, personas


def waiting() -> Subquery:
    """Columns: id, person, programme, title, hours, since (when it began to wait). What `prior.Claim.state` calls
    waiting: not taken back by the learner, and never decided or with the last decision withdrawn."""
    last = acts.alias()
    newest = sa.select(sa.func.max(acts.c.number)).where(acts.c.claim == claims.c.id).scalar_subquery()
    return (
        sa.select(
            claims.c.id,
            personas.c.root.label("person"),
            claims.c.programme,
            claims.c.title,
            claims.c.hours,
            sa.func.coalesce(last.c.at, claims.c.created_at).label("since"),
        )
        .join_from(claims, persona_actors, persona_actors.c.key == stored_key(claims.c.actor_key))
        .join(personas, personas.c.id == persona_actors.c.persona)
        .join(last, sa.and_(last.c.claim == claims.c.id, last.c.number == newest), isouter=True)
        .where(claims.c.taken_back_at.is_(None), sa.or_(last.c.result.is_(None), last.c.result == "withdrawn"))
        .subquery("claims_waiting")
    )
