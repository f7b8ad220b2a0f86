"""What people do with agreements: make a version, sign it, end or withdraw it. Each is a role checked, and a row.

Who acts for an institution has a role there; nobody signs for an institution that their role does not reach, or about
themselves for an institution. A learner signs signed in, or on paper, which a coordinator of a party records. The same
holds for a partner from outside, whom nobody represents here.

All functions must be called after `take_turn`, with versions read in this transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection

from lti_tool.agreements import store
from lti_tool.agreements.content import content_of
from lti_tool.agreements.terms import (
    LEARNER,
    MOST_VERSIONS,
    Act,
    Agreement,
    LearningWish,
    MemorandumWish,
    Party,
    PartyWish,
    Wish,
    fits,
    latest,
)
from lti_tool.ecvet.entries import Author
from lti_tool.ecvet.terms import Programme
from lti_tool.errors import N_, BadInput, Conflict, Forbidden, NotFound
from lti_tool.papers.award import digest
from lti_tool.papers.issue import MOST_NAME, MOST_TEXT, one_line
from lti_tool.people.roles import Action, may, reach

AGREE: Final[Action] = "agree"


@dataclass(frozen=True, slots=True)
class Learner:
    """Whom a learning agreement is about: the account it is kept under, and all accounts of the person."""

    key: str
    keys: Collection[str]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed for a party, in which position, when (an ISO day), and whether here or on paper."""

    person: str
    position: str
    day: str
    how: str


def reaches(by: Author, one: Agreement) -> bool:
    """Whether a role of `by` reaches a party of this version."""
    return any(_may(by, party.institution, one.programme) for party in one.parties)


def own(by: Author, one: Agreement) -> bool:
    """Whether the agreement is about `by` themselves."""
    return one.learner_key in by.keys


def may_sign(by: Author, one: Agreement) -> tuple[str, ...]:
    """The parties that have not signed yet and for whom `by` may sign, or record what was signed on paper."""
    if not reaches(by, one) or own(by, one):
        return ()
    return tuple(place for place in one.open_for if _may_for(by, one, place))


def waits_for(by: Author, one: Agreement, today: date) -> bool:
    """Whether this version waits for a signature that `by` gives here, for an institution."""
    return one.state(today) == "draft" and any(_here(one, place) for place in may_sign(by, one))


def make(
    conn: Connection,
    wish: Wish,
    programme: Programme,
    learner: Learner | None,
    by: Author,
    now: datetime,
    number: str,
    series: str,
    before: Sequence[Agreement] = (),
) -> Agreement:
    """The next version of the series (`before`: those there are) stands, as a draft; drafts before it are superseded.

    Raises Forbidden (role, oneself), BadInput (AGREEMENT-MEMORANDUM), Conflict (AGREEMENT-VERSIONS, AGREEMENT-SAME).
    """
    sides = _sides(wish, programme)
    _must(by, sides, programme.id)
    if learner is not None and set(learner.keys) & set(by.keys):
        raise _itself()
    under = _memorandum(conn, wish, programme, by, now.date()) if isinstance(wish, LearningWish) else None
    content = content_of(wish, programme, under)
    made = Agreement(
        number=number,
        kind="memorandum" if isinstance(wish, MemorandumWish) else "learning",
        series=series,
        version=latest(before).version + 1 if before else 1,
        learner_key=learner.key if learner else None,
        learner_name=wish.name if isinstance(wish, LearningWish) else "",
        programme=programme.id,
        memorandum=under.series if under else "",
        starts=date.fromisoformat(wish.starts),
        ends=date.fromisoformat(wish.ends),
        snapshot=content,
        digest=digest(content),
        made_at=now,
        made_by=by.name,
        parties=sides,
    )
    if made.version > MOST_VERSIONS:
        raise Conflict("AGREEMENT-VERSIONS", N_("This agreement has too many versions."), N_("Make a new agreement."))
    standing = [one for one in before if one.state(now.date()) in ("draft", "agreed")]
    if any(one.digest == made.digest for one in standing):
        raise Conflict("AGREEMENT-SAME", N_("Nothing was changed."), N_("There is nothing to do."))
    store.add(conn, made, by.keys[0])
    for one in standing:
        if not one.agreed:  # what all have signed stands until all have signed the next one
            store.add_act(conn, one.number, Act("supersede", "", now, by.name, successor=number), by.keys[0])
    return made


def sign(
    conn: Connection,
    versions: Sequence[Agreement],
    number: str,
    party: str,
    signed: Signature,
    by: Author,
    now: datetime,
    *,
    learner: bool = False,
) -> Agreement:
    """The party (a place, or LEARNER) has signed this version; where it was the last, earlier ones are superseded.

    `learner`: the learner signs, signed in. Raises Forbidden, NotFound (AGREEMENT-NONE), BadInput (AGREEMENT-DAY,
    AGREEMENT-SIGNER), Conflict (AGREEMENT-STATE, AGREEMENT-SIGNED).
    """
    one = version(versions, number)
    today = now.date()
    if learner:
        if not own(by, one) or party != LEARNER:
            raise _role()
    else:
        _must_act(by, one)
        if party not in one.signers:
            raise BadInput("AGREEMENT-PARTY", N_("There is no such party."), N_("Reload the page."))
        if not _may_for(by, one, party):
            raise _role()
    if one.state(today) != "draft" and party not in one.signatures:
        raise _state()
    if party in one.signatures:
        raise Conflict("AGREEMENT-SIGNED", N_("This party has signed already."), N_("There is nothing to do."))
    here = learner or (signed.how == "here" and _here(one, party))
    act = Act(
        "sign",
        party,
        now,
        by.name,
        by.name if here else one_line(signed.person, MOST_NAME),  # here, whoever is signed in signs, and now
        one_line(signed.position, MOST_NAME),
        (today if here else _day(signed.day, date(2000, 1, 1), today)).isoformat(),
        "here" if here else "paper",
    )
    if not act.person:
        raise BadInput("AGREEMENT-SIGNER", N_("The name of who signed is missing."), N_("Go back and write it."))
    store.add_act(conn, number, act, by.keys[0])
    if one.open_for == (party,):
        for earlier in versions:
            if earlier.version < one.version and earlier.state(today) in ("agreed", "ended"):
                done = Act("supersede", "", now, by.name, successor=number)
                store.add_act(conn, earlier.number, done, by.keys[0])
    return one


def withdraw(
    conn: Connection, versions: Sequence[Agreement], number: str, reason: str, by: Author, now: datetime
) -> None:
    """The version does not count any more; why is written down. Raises Forbidden, NotFound, BadInput, Conflict."""
    one = version(versions, number)
    _must_act(by, one)
    if one.state(now.date()) not in ("draft", "agreed"):
        raise _state()
    store.add_act(conn, number, Act("withdraw", "", now, by.name, reason=_reason(reason)), by.keys[0])


def end(
    conn: Connection, versions: Sequence[Agreement], number: str, day: str, reason: str, by: Author, now: datetime
) -> None:
    """What was agreed ends earlier, with this day. Raises as `withdraw`, and BadInput (AGREEMENT-DAY)."""
    one = version(versions, number)
    _must_act(by, one)
    if one.state(now.date()) != "agreed" or one.act("end"):
        raise _state()
    last = _day(day, one.starts, one.ends)
    act = Act("end", "", now, by.name, day=last.isoformat(), reason=_reason(reason))
    store.add_act(conn, number, act, by.keys[0])


def version(versions: Sequence[Agreement], number: str) -> Agreement:
    """The version with this number. Raises NotFound (AGREEMENT-NONE)."""
    found = next((one for one in versions if one.number == number), None)
    if found is None:
        raise no_such()
    return found


def no_such() -> NotFound:
    """One answer for what is not there and what is out of reach."""
    return NotFound("AGREEMENT-NONE", N_("There is no such agreement for you."), N_("Go back to the list."))


def usable(conn: Connection, programme: str, by: Author, today: date) -> list[Agreement]:
    """Memoranda in reach under which a learning agreement can be made now, newest first: in force, or a draft."""
    found = []
    for versions in store.memoranda(conn, programme, reach(by.grants, AGREE)):
        states = {one.state(today): one for one in reversed(versions)}
        one = states.get("agreed") or states.get("draft")
        if one is not None:
            found.append(one)
    return found


def _memorandum(
    conn: Connection, wish: LearningWish, programme: Programme, by: Author, today: date
) -> Agreement | None:
    if not wish.memorandum:
        return None
    found = next((one for one in usable(conn, programme.id, by, today) if one.series == wish.memorandum), None)
    ids = [one.institution for one in (wish.home, wish.host) if one.institution]
    if found is None or not fits(found, programme.id, ids):
        raise BadInput(
            "AGREEMENT-MEMORANDUM",
            N_("This memorandum is not one between these institutions."),
            N_("Choose another one, or none."),
        )
    return found


def _sides(wish: Wish, programme: Programme) -> tuple[Party, ...]:
    told: list[tuple[str, PartyWish]] = (
        [("party", one) for one in wish.parties]
        if isinstance(wish, MemorandumWish)
        else [("home", wish.home), ("host", wish.host)]
    )
    return tuple(Party(str(place), part, one.institution or None) for place, (part, one) in enumerate(told))


def _may(by: Author, institution: str | None, programme: str) -> bool:
    return may(by.grants, AGREE, institution=institution, programme=programme)


def _may_for(by: Author, one: Agreement, place: str) -> bool:
    party = one.party(place)
    # Whom nobody represents here: the learner's and an outside partner's signature on paper any party may record.
    return party is None or party.institution is None or _may(by, party.institution, one.programme)


def _here(one: Agreement, place: str) -> bool:
    """Whether somebody with a role here can sign for this party."""
    party = one.party(place)
    return party is not None and party.institution is not None


def _must(by: Author, sides: Sequence[Party], programme: str) -> None:
    if not any(_may(by, party.institution, programme) for party in sides):
        raise Forbidden(
            "AGREEMENT-REACH",
            N_("Your role includes none of these institutions."),
            N_("Choose your own institution as one of them."),
            whom="administrator",
        )


def _must_act(by: Author, one: Agreement) -> None:
    if own(by, one):
        raise _itself()
    if not reaches(by, one):
        raise no_such()


def _role() -> Forbidden:
    return Forbidden(
        "PEOPLE-ROLE",
        N_("Your role does not include this."),
        N_("Ask the coordinator of the programme who may do it."),
        whom="administrator",
    )


def _itself() -> Forbidden:
    return Forbidden(
        "ECVET-SELF",
        N_("Nobody decides about themselves."),
        N_("Ask somebody else of your institution."),
        whom="administrator",
    )


def _state() -> Conflict:
    return Conflict("AGREEMENT-STATE", N_("This version is closed for that."), N_("Reload the page."))


def _day(text: str, first: date, last: date) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = date.min
    if not first <= day <= last:
        raise BadInput("AGREEMENT-DAY", N_("This day can't be."), N_("Go back and choose the day in the calendar."))
    return day


def _reason(text: str) -> str:
    said = one_line(text, MOST_TEXT)
    if not said:
        raise BadInput("AGREEMENT-REASON", N_("Say why."), N_("Go back and say in a sentence or two why."))
    return said
