"""What the last check of each platform found: kept, and summed up in five lights.

Storage functions take a Connection and never commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.admin.check_lines import Light, Line, Topic
from lti_tool.db import JSONText, UTCDateTime, insert, metadata

platform_checks = sa.Table(
    "platform_checks",
    metadata,
    sa.Column("platform_id", sa.ForeignKey("platforms.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("checked_at", UTCDateTime, nullable=False),
    sa.Column("lines", JSONText, nullable=False),
)

Lamp = Literal["keys", "clock", "token", "gradebook", "roster"]
LAMPS: Final[Mapping[Lamp, frozenset[Topic]]] = {
    "keys": frozenset({"keys"}),
    "clock": frozenset({"clock"}),
    "token": frozenset({"score", "result", "columns", "columns_read", "roster_token"}),
    "gradebook": frozenset({"gradebook"}),
    "roster": frozenset({"roster"}),
}
"""What each light of the list of platforms sums up."""
_WORST: Final[tuple[Light, ...]] = ("waiting", "good", "warn", "bad")


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that was made, with every line that it had."""

    at: datetime
    lines: tuple[Line, ...]

    @property
    def lights(self) -> dict[Lamp, Light]:
        """The five lights: each the worst of its lines; "waiting" where none of them was checked."""
        return {lamp: worst(line.light for line in self.lines if line.topic in of) for lamp, of in LAMPS.items()}


def worst(lights: Iterable[Light]) -> Light:
    """The worst of these; what was not checked says nothing against what was. "waiting" of none."""
    return max(lights, key=_WORST.index, default="waiting")


def keep(conn: Connection, platform: int, lines: Sequence[Line], now: datetime) -> None:
    """This is what the last check of the platform found."""
    told = {
        "checked_at": now,
        "lines": [
            {"topic": one.topic, "light": one.light, "code": one.code, "params": dict(one.params)} for one in lines
        ],
    }
    conn.execute(
        insert(conn, platform_checks)
        .values(platform_id=platform, **told)
        .on_conflict_do_update(index_elements=["platform_id"], set_=told)
    )


def last(conn: Connection, platform: int | None = None) -> dict[int, Checked]:
    """The last check of every platform that was ever checked (or of this one), by platform."""
    query = sa.select(platform_checks)
    if platform is not None:
        query = query.where(platform_checks.c.platform_id == platform)
    return {row.platform_id: Checked(row.checked_at, tuple(map(_line, row.lines))) for row in conn.execute(query)}


def _line(told: Mapping[str, Any]) -> Line:
    return Line(told["topic"], told["light"], told["code"], told["params"])
