"""What administrators see of the LMSs, beside their registration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.launch import merges
from lti_tool.launch import platforms as registrations
from lti_tool.launch.claims import Registration, Status
from lti_tool.launch.store import launches


@dataclass(frozen=True, slots=True)
class Seen:
    """A platform, and its newest launch of the last 30 days (older ones are not kept)."""

    registration: Registration
    last_launch: datetime | None

    @property
    def waiting(self) -> tuple[str, ...]:
        """Deployments that somebody has to approve."""
        return tuple(id for id, status in self.registration.deployments.items() if status == "pending")


_RANK: dict[Status, int] = {"pending": 0, "approved": 1, "disabled": 2}


def platforms(conn: Connection) -> list[Seen]:
    """All platforms: those that wait for approval first, switched-off ones last, each group by name."""
    last = {
        row.platform_id: row.newest
        for row in conn.execute(
            sa.select(launches.c.platform_id, sa.func.max(launches.c.created_at).label("newest")).group_by(
                launches.c.platform_id
            )
        )
    }
    found = [Seen(one, last.get(one.id)) for one in registrations.get_all(conn)]
    return sorted(
        found,
        key=lambda seen: (
            min(_RANK[seen.registration.status], 0 if seen.waiting else 3),
            seen.registration.name.casefold(),
            seen.registration.id,
        ),
    )


def set_status(conn: Connection, platform: int, status: Status, now: datetime) -> bool:
    """The platform has this status; with its approval, all its deployments that wait are approved too. False where
    there is none of this number. Raises PLATFORM-MERGED where the platform goes on as another one."""
    merges.must_stand_alone(conn, platform)
    if status == "approved":
        registrations.set_deployment_status(conn, platform, None, "approved")
    return registrations.set_status(conn, platform, status, now)
