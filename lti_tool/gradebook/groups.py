"""The groups of a course, read from the platform: Course Groups Service 1.0.

https://www.imsglobal.org/spec/lti-gs/v1p0. Who is in which group comes with the list of members. No transaction is open
while a platform is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lti_tool.gradebook import links, tokens
from lti_tool.gradebook.membership import identifier, text
from lti_tool.gradebook.refusals import ListRefused, refuse
from lti_tool.gradebook.service import Services
from lti_tool.launch import fetch
from lti_tool.launch.claims import SCOPE_GROUPS
from lti_tool.people.groups import Addresses, Group

GROUPS_TYPE: Final = "application/vnd.ims.lti-gs.v1.contextgroupcontainer+json"
SETS_TYPE: Final = "application/vnd.ims.lti-gs.v1.contextgroupsetcontainer+json"
MOST_PAGES: Final = 100
MOST_GROUPS: Final = 2_000
MOST_BYTES: Final = 4_000_000


def read(services: Services, addresses: Addresses, course: int | None = None) -> list[Group]:
    """All groups of the course, each with the name of its set. Raises ListRefused.

    Sets are worth less than groups: where they can't be read, the groups come without.
    """
    sets: dict[str, str] = {}
    if addresses.sets is not None:
        try:
            sets = {id: name for id, name, _set in _all(services, addresses.sets, SETS_TYPE, "sets", course)}
        except ListRefused:
            sets = {}
    return [
        Group(id, name, sets.get(identifier(one.get("set_id")) or "", ""))
        for id, name, one in _all(services, addresses.groups, GROUPS_TYPE, "groups", course)
    ]


def _all(
    services: Services, url: str, media_type: str, key: str, course: int | None
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Id, name and whole of everything listed under `url`, page by page."""
    address: str | None = url
    seen: set[str] = set()
    count = 0
    while address is not None:
        if address in seen or len(seen) >= MOST_PAGES:
            raise ListRefused("ROSTER-LINK", "the pages of the groups go round in a circle, or on for ever")
        seen.add(address)
        answer, found = _page(services, address, media_type, key, course)
        count += len(found)
        if count > MOST_GROUPS:
            raise ListRefused("ROSTER-SIZE", f"{count} groups")
        for one in found:
            id = identifier(one.get("id")) if isinstance(one, Mapping) else None
            if id is not None:
                yield id, text(one.get("name")) or id, one
        address = links.find(answer.headers.get("Link"), "next", answer.url)
        if address is not None and not links.same_site(address, answer.url):
            # The access token goes with the question: it is nobody else's.
            raise ListRefused("ROSTER-LINK", f"the groups go on at {address[:200]!r}, which is another site")


def _page(
    services: Services, url: str, media_type: str, key: str, course: int | None
) -> tuple[fetch.Answer, list[Any]]:
    try:
        answer = services.call(
            "roster", "GET", url, SCOPE_GROUPS, {"Accept": media_type}, course=course, limit=MOST_BYTES
        )
        refuse(answer, services.wiring.clock())
        body = answer.json()
    except tokens.TokenRefused as error:
        raise ListRefused("ROSTER-TOKEN", str(error), passing=not error.final) from error
    except fetch.FetchError as error:
        raise ListRefused("ROSTER-UNREACHABLE", str(error), passing=True) from error
    found = body.get(key) if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise ListRefused("ROSTER-FORMAT", f"the answer holds no list of {key}")
    return answer, found
