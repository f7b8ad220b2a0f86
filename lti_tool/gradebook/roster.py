"""The list of a course's members: read from the platform page by page, and kept as far as it changes something here.

Names and Role Provisioning Services 2.0: https://www.imsglobal.org/spec/lti-nrps/v2p0/. No transaction is open while a
platform is asked. Each page is kept before the next is read, so a list of any length needs the memory of one page, and
a try that breaks off loses nothing. Only a list that was read to its end says who is there no more.
"""

from __future__ import annotations

import logging
import random
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.gradebook import comparing, groups, links, membership, tokens
from lti_tool.gradebook.ags import Gradebook
from lti_tool.gradebook.membership import Told
from lti_tool.gradebook.refusals import ListRefused as ListRefused
from lti_tool.gradebook.refusals import refuse as refuse
from lti_tool.gradebook.service import Services
from lti_tool.launch import fetch, platforms
from lti_tool.launch.claims import SCOPE_ROSTER, Registration, role_of
from lti_tool.people import groups as course_groups
from lti_tool.people import roster as store
from lti_tool.people.roster import Due
from lti_tool.wiring import Wiring
from xapi.statement import actor_key

# Moodle takes this type to the letter, or in a list; application/json is answered with 400 (moodle-facts B7).
MEMBERS_TYPE: Final = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
A_PAGE: Final = 500
"""Members asked for at a time. Canvas gives 50 whatever is asked, Moodle without a limit all at once."""
MOST_PAGES: Final = 2_000
MOST_MEMBERS: Final = 50_000
MOST_BYTES: Final = 8_000_000
"""Of one page, for platforms that know no pages."""
MOST_BYTES_IN_ALL: Final = 200_000_000
PAGE_SECONDS: Final = 60.0
WHOLE_EVERY: Final = timedelta(days=7)
"""A platform that tells differences is asked for the whole list so often all the same."""
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=6)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list. Addresses are absolute and on the platform's own site; None where there is none."""

    members: tuple[Told, ...]
    following: str | None
    differences: str | None
    size: int


def pages(
    services: Services,
    url: str,
    *,
    course: int | None = None,
    role: str | None = None,
    link: str | None = None,
    with_groups: bool = False,
) -> Iterator[Page]:
    """The list under `url`, page by page; raises ListRefused, also after some pages.

    `role` (the full name of one) is asked for and looked at here again, for Moodle drops it on the next page.
    `link`: only who may open this resource link (`rlid`); Moodle crashes for a link of another course.
    `with_groups`: each member comes with their groups, where the platform tells them.
    """
    asked = {"limit": str(A_PAGE)} | ({"role": role} if role else {}) | ({"rlid": link} if link else {})
    if with_groups:
        asked["groups"] = "true"
    address: str | None = url
    seen: set[str] = set()
    count = size = 0
    while address is not None:
        seen.add(address)
        page = _page(services, address, asked if address == url and "limit=" not in url else {}, course)
        count, size = count + len(page.members), size + page.size
        if count > MOST_MEMBERS or size > MOST_BYTES_IN_ALL:
            raise ListRefused("ROSTER-SIZE", f"{count} members, {size} bytes")
        wanted = role_of([role]) if role else None
        yield Page(
            tuple(one for one in page.members if wanted is None or one.role == wanted),
            page.following,
            page.differences,
            page.size,
        )
        address = page.following
        if address in seen or len(seen) >= MOST_PAGES:
            raise ListRefused("ROSTER-LINK", "the pages of the list go round in a circle, or on for ever")


def _page(services: Services, url: str, asked: Mapping[str, str], course: int | None) -> Page:
    try:
        answer = services.call(
            "roster",
            "GET",
            url,
            SCOPE_ROSTER,
            {"Accept": MEMBERS_TYPE},
            course=course,
            params=asked,
            limit=MOST_BYTES,
            total=PAGE_SECONDS,
        )
        refuse(answer, services.wiring.clock())
        body = answer.json()
    except tokens.TokenRefused as error:
        raise ListRefused("ROSTER-TOKEN", str(error), passing=not error.final) from error
    except fetch.FetchError as error:
        raise ListRefused("ROSTER-UNREACHABLE", str(error), passing=True) from error
    found = body.get("members") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise ListRefused("ROSTER-FORMAT", "the answer holds no list of members")
    told = (membership.read(one) for one in found)
    return Page(
        tuple(one for one in told if one is not None),
        _link(answer, "next"),
        _link(answer, "differences"),
        len(answer.content),
    )


def _link(answer: fetch.Answer, relation: str) -> str | None:
    address = links.find(answer.headers.get("Link"), relation, answer.url)
    if address is not None and not links.same_site(address, answer.url):
        # The access token goes with the question: it is nobody else's.
        raise ListRefused("ROSTER-LINK", f"the list goes on at {address[:200]!r}, which is another site")
    return address


def pause(attempts: int, spread: float, wait: timedelta | None) -> timedelta:
    """The pause after `attempts` failures before this one: from a minute, doubled each time, six hours at most; what
    the platform asks for is never undercut. `spread` in [0, 1) is drawn by the caller. Zero asks for no pause."""
    if wait == timedelta(0):
        return wait
    own = min(FIRST_PAUSE * (1 << min(attempts, 20)), LONGEST_PAUSE) * (1 + 0.5 * spread)
    return max(own, wait or own)


class _LeaseLost(Exception):
    """Another worker has the course now."""


def _name() -> str:
    return f"{socket.gethostname()}-{uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class Rosters:
    """Reads the lists that are due. Any number may run, in any number of processes."""

    wiring: Wiring
    sign: tokens.Sign
    name: str = field(default_factory=_name)
    spread: Callable[[], float] = random.random

    def run_due(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """Every list that was due was asked for once; how many those were. Ends early where `stopped` says so."""
        read = 0
        while not stopped():
            due = self.wiring.writer.run(lambda conn: store.claim(conn, self.name, self.wiring.clock()))
            if due is None:
                break
            read += 1
            self._read(due, stopped)
        return read

    def _read(self, due: Due, stopped: Callable[[], bool]) -> None:
        whole = self._asks_whole(due)
        try:
            self._keep(due, whole, stopped)
        except _LeaseLost:
            log.info("the list of course %s is another worker's now", due.course)
        except ListRefused as error:
            self._failed(due, error, whole)
        except Exception as error:  # one course must not stop the others; its teacher sees why
            log.exception("the list of course %s could not be kept", due.course)
            self._failed(due, ListRefused("ROSTER-FAULT", type(error).__name__, passing=True), whole)

    def _asks_whole(self, due: Due) -> bool:
        old = due.whole_at is None or self.wiring.clock() - due.whole_at >= WHOLE_EVERY
        return old or due.differences_url is None or not links.same_site(due.differences_url, due.url)

    def _keep(self, due: Due, whole: bool, stopped: Callable[[], bool]) -> None:
        with reading(self.wiring.engine) as conn:
            registration = platforms.get(conn, due.platform)
        if registration is None or registration.status != "approved":
            raise ListRefused("ROSTER-PLATFORM-OFF", "the platform is not approved")
        begun = self.wiring.clock()
        named: set[str] = set()
        here = 0
        differences = None
        url = due.url if whole or due.differences_url is None else due.differences_url
        services = Services(self.wiring, registration, self.sign)
        with_groups = self._keep_groups(due, services)
        for page in pages(services, url, course=due.course, with_groups=with_groups):
            for start in range(0, len(page.members), store.SOME):
                self._keep_some(due, registration, page.members[start : start + store.SOME])
            named |= {one.user_id for one in page.members}
            here += sum(1 for one in page.members if one.here and one.role)
            differences = page.differences or differences
            if stopped() and page.following:
                raise ListRefused("ROSTER-STOPPED", "the worker was told to stop", passing=True, wait=timedelta(0))
        if whole and not here:
            raise ListRefused("ROSTER-EMPTY", "the list names nobody")
        self._write(due, lambda conn: self._finish(conn, due, begun, named if whole else None, here, differences))
        comparing.compare(self.wiring, Gradebook(self.wiring, registration, self.sign), due.course)

    def _keep_groups(self, due: Due, services: Services) -> bool:
        """The groups of the course are known, if the platform offers them; whether it does. A platform that gives none
        today keeps nobody from the list of members: what was known of groups stays."""
        with reading(self.wiring.engine) as conn:
            addresses = course_groups.addresses_of(conn, due.course)
        if addresses is None:
            return False
        try:
            found = groups.read(services, addresses, due.course)
        except ListRefused as error:
            log.warning("the groups of course %s: %s (%s)", due.course, error.code, error)
            return False
        self._write(due, lambda conn: course_groups.keep(conn, due.course, found))
        return True

    def _keep_some(self, due: Due, registration: Registration, told: tuple[Told, ...]) -> None:
        now, issuer = self.wiring.clock(), registration.issuer
        if registration.anonymous:
            told = tuple(replace(one, name=None, email=None) for one in told)
        keys = {actor_key(store.actor_of(issuer, one.user_id)) for one in told}

        def keep(conn: Connection) -> None:
            changes = membership.difference(store.known(conn, due.course, keys), told, now)
            store.apply(conn, due.course, issuer, changes, now)
            course_groups.join(conn, due.course, {one.user_id: one.groups for one in told if one.groups is not None})

        self._write(due, keep)

    def _finish(
        self, conn: Connection, due: Due, begun: datetime, named: set[str] | None, here: int, differences: str | None
    ) -> None:
        now = self.wiring.clock()
        if named is not None:
            gone = membership.vanished(store.present(conn, due.course), named, begun)
            store.leave(conn, due.course, gone, now)
        store.done(
            conn,
            due,
            self.name,
            now,
            next_at=now + store.DAILY * (1 + 0.1 * self.spread()),
            told=None if named is None else here,
            differences_url=differences,
        )

    def _write(self, due: Due, work: Callable[[Connection], None]) -> None:
        def held(conn: Connection) -> None:
            if not store.hold(conn, due.course, self.name, self.wiring.clock()):
                raise _LeaseLost
            work(conn)

        self.wiring.writer.run(held)

    def _failed(self, due: Due, error: ListRefused, whole: bool) -> None:
        now = self.wiring.clock()
        if error.passing:
            again_at = now + pause(due.attempts, self.spread(), error.wait)
        else:
            # What only people can mend is looked at daily; a platform that forgot our differences, at once.
            again_at = now + store.DAILY if whole else now
        log.warning("the list of course %s: %s (%s)", due.course, error.code, error)
        self.wiring.writer.run(
            lambda conn: store.failed(conn, due, self.name, error.code, str(error), again_at, whole=not error.passing)
        )
