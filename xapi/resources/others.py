"""/activities, /agents and /about (xAPI 1.0.3, communication part, 2.4, 2.5 and 2.8)."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import select

from xapi.access import Principal
from xapi.actors import IDENTIFIERS, actor_key, storage_key
from xapi.database import reading
from xapi.definitions import find_definitions
from xapi.personas import actors_of, find_persona
from xapi.resources.call import Answer, Call, Shop, answer_json, read_actor, read_iri, refuse_method
from xapi.statement import V1, V2
from xapi.tables import statements

_NAMES_FROM = 20


def activities(call: Call, principal: Principal, shop: Shop) -> Answer:
    """The Activity as the store knows it; one that nobody defined is answered by its id alone (IEEE 9274.1.1)."""
    if call.method != "GET":
        raise refuse_method(call, "GET", "HEAD")
    principal.demand("all/read", "statements/read", "statements/read/mine", "state", "profile")
    iri = read_iri(call.params("activityId"), "activityId", needed=True) or ""
    principal.check_activity(iri)
    with reading(shop.engine) as conn:
        definition = find_definitions(conn, [iri]).get(iri)
    activity = {"objectType": "Activity", "id": iri}
    return answer_json(activity if definition is None else {**activity, "definition": definition})


def agents(call: Call, principal: Principal, shop: Shop) -> Answer:
    """The Person that an Agent is: all its known identifiers and names, each property an array."""
    if call.method != "GET":
        raise refuse_method(call, "GET", "HEAD")
    principal.demand("all/read", "statements/read", "statements/read/mine", "state", "profile")
    agent = read_actor(call.params("agent"), needed=True) or {}
    principal.check_agent(agent)
    with reading(shop.engine) as conn:
        persona = find_persona(conn, agent)
        known = [agent, *(actors_of(conn, persona) if persona else [])]
        keys = {storage_key(actor_key(one)) for one in known}
        s = statements
        newest = select(s.c.document).where(s.c.actor.in_(keys), ~s.c.voided)
        for document in conn.execute(newest.order_by(s.c.position.desc()).limit(_NAMES_FROM)).scalars():
            known.append(orjson.loads(document)["actor"])
    person: dict[str, Any] = {"objectType": "Person"}
    for name in ("name", *IDENTIFIERS):
        values: list[Any] = []
        for one in known:
            if name in one and one[name] not in values:
                values.append(one[name])
        if values:
            person[name] = values
    return answer_json(person)


def about(call: Call) -> Answer:
    """The versions of xAPI that are spoken here; asks for no credentials."""
    if call.method != "GET":
        raise refuse_method(call, "GET", "HEAD")
    call.params()
    return answer_json({"version": [V1, V2], "extensions": {}})
