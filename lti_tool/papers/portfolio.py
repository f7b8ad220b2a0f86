"""A learner's portfolio: evidence that they chose, shown to whoever has its link until it ends or is taken back.

The link holds the signed number of the portfolio, so that the learner can look it up again, and a copy of the database
opens no door. What is shown is read from the record when it is asked for: what was voided since is gone.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Connection

from lti_tool.db import JSONText, UTCDateTime, metadata
from lti_tool.ecvet.record import Record
from lti_tool.errors import N_, BadInput

portfolios = sa.Table(
    "portfolios",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("actor_key", sa.String, nullable=False),
    sa.Column("programme", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("statements", JSONText, nullable=False),  # ids, in small letters
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False),
    sa.Column("revoked_at", UTCDateTime),
    sa.Index("ix_portfolios_actor_key", "actor_key"),
)

DAYS: Final = (7, 30, 90, 365)
"""For how long a link may work."""
MOST_TITLE: Final = 200
_SALT: Final = "portfolio"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Chosen evidence under a title. `statements`: ids."""

    id: str
    actor_key: str
    programme: str
    title: str
    statements: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def open_at(self, now: datetime) -> bool:
        """Whether its link works."""
        return self.revoked_at is None and now < self.expires_at


def evidence_ids(record: Record) -> dict[str, tuple[str, ...]]:
    """The evidence that counts in a record, by unit: ids of statements, each once in a unit."""
    return {
        one.unit.id: tuple(dict.fromkeys(id.lower() for _outcome, judged in one.outcomes for id in judged.evidence))
        for one in record.units
    }


def create(
    conn: Connection, record: Record, id: str, title: str, chosen: Collection[str], days: int, now: datetime
) -> Portfolio:
    """The portfolio is there, and its link works for so many days.

    Raises BadInput: no title, nothing chosen, something that is no evidence in this record, another number of days.
    """
    said = " ".join("".join(sign for sign in title if sign.isprintable() or sign.isspace()).split())
    if not said or len(said) > MOST_TITLE:
        raise BadInput("PAPERS-TITLE", N_("A portfolio needs a title."), N_("Go back and write a few words."))
    known = {one for ids in evidence_ids(record).values() for one in ids}
    wanted = tuple(dict.fromkeys(one.lower() for one in chosen))
    if not wanted or set(wanted) - known:
        raise BadInput("PAPERS-EVIDENCE", N_("Choose evidence of your record."), N_("Go back and tick some."))
    if days not in DAYS:
        raise BadInput("PAPERS-DAYS", N_("Choose for how long the link works."), N_("Go back and choose."))
    made = Portfolio(
        id=id,
        actor_key=record.enrolment.actor_key if record.enrolment else record.learner.keys[0],
        programme=record.programme.id,
        title=said,
        statements=wanted,
        created_at=now,
        expires_at=now + timedelta(days=days),
        revoked_at=None,
    )
    values = {column.name: getattr(made, column.name) for column in portfolios.columns}
    conn.execute(portfolios.insert().values(**{**values, "statements": list(wanted)}))
    return made


def revoke(conn: Connection, keys: Collection[str], id: str, now: datetime) -> bool:
    """The link of this portfolio of the learner's works no more; False where there is none that did."""
    done = conn.execute(
        portfolios.update()
        .where(portfolios.c.id == id, portfolios.c.actor_key.in_(keys), portfolios.c.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(portfolios.c.id)
    )
    return done.one_or_none() is not None


def of_learner(conn: Connection, keys: Collection[str]) -> list[Portfolio]:
    """A learner's portfolios, the newest first."""
    query = sa.select(portfolios).where(portfolios.c.actor_key.in_(keys))
    return [_portfolio(row) for row in conn.execute(query.order_by(portfolios.c.created_at.desc(), portfolios.c.id))]


def get(conn: Connection, id: str) -> Portfolio | None:
    row = conn.execute(sa.select(portfolios).where(portfolios.c.id == id)).one_or_none()
    return None if row is None else _portfolio(row)


def token_of(secret: str, id: str) -> str:
    """What stands in the link of a portfolio."""
    made = URLSafeSerializer(secret, salt=_SALT).dumps(id)
    return made if isinstance(made, str) else made.decode()


def read_token(secret: str, token: str) -> str | None:
    """The id of the portfolio, None where the token was not made here."""
    try:
        found = URLSafeSerializer(secret, salt=_SALT).loads(token)
    except BadData:
        return None
    return found if isinstance(found, str) else None


def chosen(portfolio: Portfolio, record: Record) -> list[Mapping[str, Any]]:
    """The statements of a portfolio that still stand, in its order."""
    there = {str(one["id"]).lower(): one for one in record.statements}
    return [there[id] for id in portfolio.statements if id in there]


def archive(statements: Iterable[Mapping[str, Any]], page: str, at: datetime) -> bytes:
    """The portfolio as a ZIP: a page to read, and the statements as xAPI has them."""
    stream = io.BytesIO()
    files = {
        "portfolio.html": page,
        "statements.json": json.dumps(list(statements), ensure_ascii=False, indent=2),
    }
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            info = zipfile.ZipInfo(name, at.timetuple()[:6])
            info.external_attr = 0o644 << 16
            packed.writestr(info, text.encode(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _portfolio(row: sa.Row[Any]) -> Portfolio:
    return Portfolio(
        row.id,
        row.actor_key,
        row.programme,
        row.title,
        tuple(row.statements),
        row.created_at,
        row.expires_at,
        row.revoked_at,
    )
