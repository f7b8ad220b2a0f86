"""Whether a session is still let in: asked of the database at every request, so that what is shut is shut at once.

A token lives for hours and can't be called back; what it names can be looked up.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from lti_tool.db import reading
from lti_tool.launch.platforms import deployments, platforms
from lti_tool.launch.session import PageSession, Stands, XapiGrant
from lti_tool.people.store import accounts
from lti_tool.wiring import Wiring
from xapi.statement import actor_key

# Built once, and one question for all: it is asked before every page.
_ASK: Final = sa.select(
    sa.select(platforms.c.status).where(platforms.c.id == sa.bindparam("platform")).scalar_subquery().label("platform"),
    sa.select(deployments.c.status)
    .where(
        deployments.c.platform_id == sa.bindparam("platform"), deployments.c.deployment_id == sa.bindparam("deployment")
    )
    .scalar_subquery()
    .label("deployment"),
    sa.exists().where(accounts.c.actor_key == sa.bindparam("account")).label("account"),
)


def standing(wiring: Wiring) -> Stands:
    """The function that says whether platform and deployment of a session are approved and its account is known.

    A session from no LMS needs its account alone.
    """

    def stands(session: PageSession | XapiGrant) -> bool:
        asked = {
            "platform": session.platform,
            "deployment": session.deployment,
            "account": actor_key(session.actor),
        }
        with reading(wiring.engine) as conn:
            found = conn.execute(_ASK, asked).one()
        if session.platform is not None and (found.platform, found.deployment) != ("approved", "approved"):
            return False
        return bool(found.account)

    return stands
