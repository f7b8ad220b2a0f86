"""/activities/state, /activities/profile, /agents/profile (xAPI 1.0.3, communication part, 2.2 to 2.7 and 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from xapi import documents
from xapi.access import Principal
from xapi.actors import actor_key
from xapi.database import reading
from xapi.documents import Check, Document, Place, is_json
from xapi.errors import BadRequest, Conflict, Forbidden, NotFound, PreconditionFailed
from xapi.resources.call import (
    Answer,
    Call,
    Shop,
    answer_json,
    http_date,
    read_actor,
    read_iri,
    read_json,
    read_moment,
    read_uuid,
    refuse_method,
)
from xapi.statement import V1

_Locate = Callable[[Mapping[str, str], Principal], Place]


def state(call: Call, principal: Principal, shop: Shop) -> Answer:
    """/activities/state"""
    principal.demand("state", *(["all/read"] if call.method == "GET" else []))
    return _serve(call, principal, shop, ("activityId", "agent", "registration"), "stateId", _locate_state)


def activity_profile(call: Call, principal: Principal, shop: Shop) -> Answer:
    """/activities/profile"""
    principal.demand("profile", *(["all/read"] if call.method == "GET" else []))
    if call.method != "GET" and principal.actor is not None:
        raise Forbidden("An activity's profile is shared by all learners; this token is bound to one.", rule="actor")
    return _serve(call, principal, shop, ("activityId",), "profileId", _locate_activity)


def agent_profile(call: Call, principal: Principal, shop: Shop) -> Answer:
    """/agents/profile"""
    principal.demand("profile", *(["all/read"] if call.method == "GET" else []))
    return _serve(call, principal, shop, ("agent",), "profileId", _locate_agent)


def _locate_state(params: Mapping[str, str], principal: Principal) -> Place:
    activity = read_iri(params, "activityId", needed=True) or ""
    agent = read_actor(params, needed=True) or {}
    registration = read_uuid(params, "registration")
    principal.check_activity(activity)
    principal.check_agent(agent)
    principal.check_registration(registration)
    # All documents are asked for: without a registration, those of every registration.
    any_registration = registration is None and "stateId" not in params
    return Place("state", activity, actor_key(agent), None if any_registration else registration or "")


def _locate_activity(params: Mapping[str, str], principal: Principal) -> Place:
    activity = read_iri(params, "activityId", needed=True) or ""
    principal.check_activity(activity)
    return Place("activity", activity=activity)


def _locate_agent(params: Mapping[str, str], principal: Principal) -> Place:
    agent = read_actor(params, needed=True) or {}
    principal.check_agent(agent)
    return Place("agent", agent=actor_key(agent))


def _serve(
    call: Call, principal: Principal, shop: Shop, keys: tuple[str, ...], id_name: str, locate: _Locate
) -> Answer:
    since = ("since",) if call.method == "GET" else ()
    params = call.params(*keys, id_name, *since)
    place = locate(params, principal)
    document_id = params.get(id_name)
    if call.method == "GET":
        if document_id is None:
            moment = read_moment(params, "since")
            with reading(shop.engine) as conn:
                return answer_json(documents.list_ids(conn, place, moment))
        if "since" in params:
            raise BadRequest(f"The parameter since goes without {id_name}.", rule="parameter", path="since")
        return _get(call, shop, place, document_id)
    if call.method == "DELETE" and document_id is None and place.kind == "state":
        shop.writer.run(partial(documents.delete_all, place=place))
        return Answer(204)
    if call.method not in ("PUT", "POST", "DELETE"):
        raise refuse_method(call, "GET", "HEAD", "PUT", "POST", "DELETE")
    if document_id is None:
        raise BadRequest(f"The parameter {id_name} is missing.", rule="parameter", path=id_name)
    return _change(call, shop, place, document_id)


def _get(call: Call, shop: Shop, place: Place, document_id: str) -> Answer:
    with reading(shop.engine) as conn:
        found = documents.get(conn, place, document_id)
    if found is None:
        raise NotFound("There is no such document.", rule="document")
    headers = {"ETag": f'"{found.etag}"', "Last-Modified": http_date(found.updated)}
    unchanged = call.header("if-none-match")
    if unchanged is not None and _names(unchanged, found):
        return Answer(304, headers=headers)
    return Answer(200, found.content, found.content_type, headers)


def _change(call: Call, shop: Shop, place: Place, document_id: str) -> Answer:
    check = _conditions(call, place)
    if call.method == "DELETE":
        shop.writer.run(lambda conn: documents.remove(conn, place, document_id, check))
        return Answer(204)
    content_type = call.content_type or "application/octet-stream"
    if is_json(content_type):
        read_json(call.body)
    act = documents.put if call.method == "PUT" else documents.post
    now = shop.clock()
    shop.writer.run(lambda conn: act(conn, place, document_id, content_type, call.body, now, check))
    return Answer(204)


def _conditions(call: Call, place: Place) -> Check:
    """What must hold of the document that is there, by the headers and the version of the request (3.1, Concurrency).

    PUT without If-Match and If-None-Match: in 2.0 refused where a document is there (409); in 1.0.3 so for profiles
    only, which moreover demand a header for a new document (400).
    """
    must, must_not = call.header("if-match"), call.header("if-none-match")
    strict = call.version == V1 and place.kind != "state"

    def check(there: Document | None) -> None:
        if must is not None and (there is None or not _names(must, there)):
            raise PreconditionFailed("The document is another one than If-Match names.", rule="if-match")
        if must_not is not None and there is not None and _names(must_not, there):
            raise PreconditionFailed("The document is one that If-None-Match names.", rule="if-none-match")
        if call.method == "PUT" and must is None and must_not is None:
            if there is not None and (strict or call.version != V1):
                raise Conflict(
                    "A document is there: read it, then send its ETag as If-Match, or If-None-Match: * to keep it.",
                    rule="etag-needed",
                )
            if there is None and strict:
                raise BadRequest("This needs the header If-Match or If-None-Match.", rule="etag-needed")

    return check


def _names(header: str, document: Document) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    # Some clients of 1.0.x send the tag without its quotes.
    return "*" in tags or f'"{document.etag}"' in tags or document.etag in tags
