"""What a verified launch means to the features: who came, to which course, for what; where to go.

It runs in the transaction that burns the launch's state, so a launch is either known to all of them or did not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool import migration
from lti_tool.ecvet import store as ecvet
from lti_tool.ecvet.places import at_first
from lti_tool.ecvet.programme import Programme
from lti_tool.gradebook import store as gradebook
from lti_tool.gradebook.columns import makes_own_columns, opens_several
from lti_tool.launch.addresses import web_address
from lti_tool.launch.claims import GROUPS, SCOPE_GROUPS, SCOPE_LINE_ITEM, SCOPE_SCORE, Launch, service
from lti_tool.launch.legacy_claim import Before
from lti_tool.launch.rules import TEXT
from lti_tool.launch.session import Grant, Handover
from lti_tool.launch.views import OnLaunch
from lti_tool.people import copies, groups, roster
from lti_tool.people import store as people
from lti_tool.wiring import Wiring
from xapi import personas
from xapi.statement import actor_key

# Names of our own in an activity's custom parameters: small letters only, for Moodle sends others twice.
CONTENT, PROGRAMME, HISTORY, LINKS = "content", "programme", "context_history", "link_history"
MOST_ANCESTORS: Final = 20


@dataclass(frozen=True, slots=True)
class Content:
    """What an activity of the LMS stands for: `kind` module | unit | record | course, and its id where it has one."""

    kind: str
    id: str
    programme: str | None


def read_content(content: str, programme: str, programmes: Collection[Programme]) -> Content | None:
    """The content that the custom parameters name, if it is one of ours now; None otherwise.

    The programme is left out where the content isn't part of it: a hand-made parameter must not enrol in anything.
    """
    kind, _slash, id = content.partition("/")
    known = {p.id: p for p in programmes}
    if kind in {"record", "course"} and not id:
        return Content(kind, "", programme if programme in known else None)
    within = {
        p.id
        for p in programmes
        if (kind == "module" and any(m.id == id for m in p.modules))
        or (kind == "unit" and any(u.id == id for u in p.units))
    }
    if not within:
        return None
    return Content(kind, id, programme if programme in within else None)


def on_launch(wiring: Wiring, graded: Callable[[str], bool]) -> OnLaunch:
    """The function that the launch hands over to. `graded` says of a module's code whether it makes scores."""

    def arrive(conn: Connection, launch: Launch) -> Handover:
        now = wiring.clock()
        person = people.arrive(
            conn,
            launch.actor,
            now,
            name=launch.name or f"{launch.given_name} {launch.family_name}".strip() or None,
            email=launch.email or None,
            locale=launch.locale or None,
        )
        if launch.message == "privacy":
            return Handover("privacy.show", {}, Grant(person))
        old = migration.before(conn, launch, person, wiring.settings.secret_key, now)
        course = _course(conn, wiring, launch, old)
        grant = Grant(person, launch.role, course.id if course else None)
        if launch.message == "deep_linking":
            return Handover("choose.index", {}, grant)
        programmes = ecvet.current(conn)
        content = read_content(
            launch.custom.get(CONTENT, ""), launch.custom.get(PROGRAMME, ""), programmes
        ) or _chosen_later(conn, launch, course, old, programmes, now)
        if content is None:
            return Handover("choose.link", {}, grant)
        if content.programme and launch.role == "learner":
            chosen = next(p for p in programmes if p.id == content.programme)
            begins = at_first(chosen, launch.registration.institution)
            people.enrol(conn, launch.actor, chosen.id, chosen.version, now, begins)
        grant = Grant(
            person, launch.role, grant.course, None, content.id if content.kind == "module" else None, content.programme
        )
        placed = _graded(content, programmes, graded)
        if course and placed:
            _place(conn, wiring, launch, course.id, placed)
        # Moodle sends a learner's own gradebook link as a review too: they read their own result in the module.
        if launch.message == "review" and launch.role == "instructor" and course:
            return _reviewed(conn, launch, course.id, content, grant)
        if content.kind != "module":
            return _elsewhere(content, launch, grant)
        return Handover("play.module", {"code": content.id}, grant)

    return arrive


def _course(conn: Connection, wiring: Wiring, launch: Launch, old: Before | None) -> people.Course | None:
    context = launch.context.get("id")
    if not context:
        return None
    now = wiring.clock()
    roster_url = web_address(launch.nrps.get("context_memberships_url"))
    course = people.course(
        conn,
        launch.registration.id,
        context,
        now,
        title=str(launch.context.get("title") or ""),
        label=str(launch.context.get("label") or ""),
        history=_ancestors(launch.custom.get(HISTORY, ""), context, old.context if old else None),
        roster_url=roster_url,
    )
    if launch.role == "instructor":
        groups.offered(conn, course.id, _groups(launch))
    if roster_url and launch.role == "instructor":
        roster.teacher_came(conn, course.id, now)
    if launch.role != "none":
        people.join_course(conn, course.id, launch.actor, launch.subject, launch.role, now)
    return course


def _groups(launch: Launch) -> groups.Addresses | None:
    """Where the groups of the course may be read, if they may."""
    told = service(launch.claims.get(GROUPS), "context_groups_url", "context_group_sets_url")
    url = told.get("context_groups_url")
    if SCOPE_GROUPS not in told["scope"] or not url:
        return None
    return groups.Addresses(str(url), told.get("context_group_sets_url"))


def _ancestors(history: str, own: str, *more: str | None) -> list[str]:
    """The ids of a history, nearest first, and then `more`. An LMS that doesn't know the variable sends it back as it
    is, which says nothing; none is its own ancestor."""
    listed = [] if history.startswith("$") else [part.strip() for part in history.split(",")]
    found = [one for one in (*listed, *more) if one and one != own and len(one) <= TEXT]
    return list(dict.fromkeys(found))[:MOST_ANCESTORS]


def _chosen_later(
    conn: Connection,
    launch: Launch,
    course: people.Course | None,
    old: Before | None,
    programmes: Collection[Programme],
    now: datetime,
) -> Content | None:
    """What a teacher chose, on our own page, for a link without content, or for the one it was copied from."""
    link = launch.link.get("id", "")
    chosen = copies.content_of(
        conn,
        launch.registration.id,
        link,
        course,
        now,
        title=str(launch.link.get("title") or ""),
        ancestors=_ancestors(launch.custom.get(LINKS, ""), link, old.link if old else None),
    )
    return read_content(*chosen, programmes) if chosen else None


def _reviewed(conn: Connection, launch: Launch, course: int, content: Content, grant: Grant) -> Handover:
    """What the learner did in this activity, for the teacher who opened their grade in the LMS."""
    user = launch.for_user.get("user_id")
    if not user:  # the whole column was opened
        return Handover("insight.course", {}, grant)
    actor = conn.scalar(
        sa.select(people.accounts.c.actor)
        .join(people.members, people.members.c.actor_key == people.accounts.c.actor_key)
        .where(
            people.members.c.course_id == course,
            people.members.c.user_id == str(user),
            people.members.c.role == "learner",
            people.members.c.left_at.is_(None),
        )
    )
    person = personas.find_persona(conn, actor) if actor else None
    if person and content.kind == "module":
        return Handover("insight.module", {"number": course, "person": person, "code": content.id}, grant)
    if person and content.kind == "unit":
        return Handover("insight.unit", {"number": course, "person": person, "unit": content.id}, grant)
    return Handover("insight.course", {"learner": str(user)}, grant)


def _elsewhere(content: Content, launch: Launch, grant: Grant) -> Handover:
    if launch.role == "instructor":
        return Handover("insight.course", {}, grant)
    if content.kind == "unit":
        return Handover("ecvet.unit", {"unit": content.id}, grant)
    return Handover("ecvet.record", {}, grant)


@dataclass(frozen=True, slots=True)
class Graded:
    """What a gradebook column is for: an activity, and for a unit its programme. `resource` is our own content id;
    `scores` tells whether there are ever scores for it."""

    activity: str
    programme: str | None
    resource: str
    scores: Callable[[], bool]


def _graded(content: Content, programmes: Collection[Programme], graded: Callable[[str], bool]) -> Graded | None:
    """What a column is for where this content is opened; None where it can't have one."""
    if content.kind == "module":
        module = next(m for p in programmes for m in p.modules if m.id == content.id)
        return Graded(module.iri, None, f"module/{content.id}", lambda: graded(content.id))
    if content.kind != "unit":
        return None
    # A shared unit is judged by the rules of one programme: the one that was chosen, else the first that has it.
    ranked = sorted(programmes, key=lambda one: one.id != content.programme)
    found = next((p, u) for p in ranked for u in p.units if u.id == content.id)
    return Graded(found[1].iri, found[0].id, f"unit/{content.id}", lambda: True)


def _place(conn: Connection, wiring: Wiring, launch: Launch, course: int, placed: Graded) -> None:
    """The gradebook column is known, and what this learner did elsewhere is worth a look."""
    ags = launch.ags
    scopes = ags.get("scope") or []
    if SCOPE_SCORE not in scopes or not launch.link.get("id"):
        return
    product = str(launch.platform.get("product_family_code") or launch.registration.product)
    if not ags.get("lineitem"):
        # No column was made for this activity: it isn't graded, and none is forced on it. Where the LMS leaves columns
        # to tools, one is looked for (and made) as soon as there is a score for it.
        if makes_own_columns(product) or not ags.get("lineitems") or SCOPE_LINE_ITEM not in scopes:
            return
        if not placed.scores():
            return
    now = wiring.clock()
    item = gradebook.place(
        conn,
        platform_id=launch.registration.id,
        course_id=course,
        link_id=str(launch.link["id"]),
        activity=placed.activity,
        label=str(launch.link.get("title") or ""),
        url=ags.get("lineitem"),
        items_url=ags.get("lineitems"),
        scopes=scopes,
        now=now,
        programme=placed.programme,
        resource_id=placed.resource,
        several=SCOPE_LINE_ITEM in scopes and opens_several(product, ags.get("lineitems")),
    )
    if launch.role == "learner":
        gradebook.mark_new(conn, item, launch.subject, actor_key(launch.actor), now)
