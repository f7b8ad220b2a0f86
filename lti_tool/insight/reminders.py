"""Mails that say how much waits for somebody, at most one a day, where the installation sends them at all.

A mail holds numbers and a link, and no name of a learner. Who takes one out of the list by the link in it gets no more.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import sqlalchemy as sa
from babel.support import NullTranslations, Translations
from sqlalchemy import Connection

from lti_tool.db import UTCDateTime, insert, metadata, reading
from lti_tool.ecvet import decisions, entries, learners, store
from lti_tool.ecvet.entries import MAY_ENTER, Author
from lti_tool.ecvet.record import many
from lti_tool.errors import N_
from lti_tool.evidence import prior, works
from lti_tool.evidence.signed import Signed
from lti_tool.insight.waiting import Unsigneds, nothing_unsigned
from lti_tool.people import mail
from lti_tool.people import store as people
from lti_tool.people.roles import Action, may, may_somewhere
from lti_tool.people.store import Account
from lti_tool.wiring import Wiring
from xapi import personas

log = logging.getLogger(__name__)

PURPOSE: Final = "stop reminders"
PAUSE: Final = timedelta(hours=24)
"""Between two reminders to one person."""
ACTIONS: Final[tuple[Action, ...]] = ("assess", "validate", "recognise", "confirm_hours", "accept_prior")
"""What waits about learners. Whoever signs agreements may do one of these as well."""

reminders = sa.Table(
    "reminders",
    metadata,
    sa.Column("actor_key", sa.String, primary_key=True),
    sa.Column("sent_at", UTCDateTime),
    sa.Column("stopped_at", UTCDateTime),
)

SUBJECT: Final = N_("Something waits for you")
OPEN: Final = N_("Sign in and look at the list:")
STOP: Final = N_("You get this at most once a day. No more of these mails:")


def counts(conn: Connection, by: Author, now: datetime, base_url: str) -> Counter[str]:
    """How much waits for `by`, by kind: units to assess, validate, recognise; hours to confirm; prior learning; project
    work to rate."""
    found: Counter[str] = Counter()
    for programme in store.current(conn):
        within = [
            learner
            for learner, one in learners.enrolled(conn, programme.id)
            if not set(learner.keys) & set(by.keys)
            and any(may(by.grants, action, institution=one.institution, programme=programme.id) for action in ACTIONS)
        ]
        claims = [one for one in prior.in_programme(conn, programme.id) if one.state == "waiting"]
        works_waiting = works.waiting_in(conn, programme.id)
        for record in (one for some in many(conn, within, now, base_url, programme.id).values() for one in some):
            for unit in record.units:
                kind = decisions.waits(unit.judged.state)
                if kind and kind in decisions.open_to(record, unit, by, base_url):
                    found[kind] += 1
            if any(line.waiting for line in record.judgement.hours.values()):
                found["hours"] += sum(
                    one.waiting and not one.returned and by.may_any(MAY_ENTER[one.mode], record)
                    for one in entries.entries(record, base_url)
                )
            if by.may_any(prior.MAY_DECIDE, record):
                found["prior"] += sum(one.actor_key in record.learner.keys for one in claims)
            if by.may_any(works.MAY_RATE, record):
                found["work"] += sum(key in record.learner.keys for key in works_waiting)
    return +found


def remind(wiring: Wiring, stopping: Callable[[], bool] = lambda: False, unsigned: Unsigneds = nothing_unsigned) -> int:
    """Everyone who is due was written to, if something waits; how many mails those were. `unsigned` tells which
    agreements wait for a signature.

    The turn is taken before the mail is sent, so that of many workers one sends it; a mail that fails is tried again
    the next day.
    """
    if wiring.settings.reminders == "off" or not wiring.settings.smtp_url:
        return 0
    sent = 0
    with reading(wiring.engine) as conn:
        holders = _holders(conn)
    for account in holders:
        if stopping():
            break
        now = wiring.clock()
        with reading(wiring.engine) as conn:
            if not _due(conn, account.key, now):
                continue
            by = _author(conn, account)
            waiting = counts(conn, by, now, wiring.settings.base_url)
            waiting.update({kind: one.count for kind, one in unsigned(conn, by).items()})
        mine = wiring.writer.run(_turn(account.key, now)) if waiting else False
        if mine:
            sent += _send(wiring, account, waiting)
    return sent


def stop(conn: Connection, key: str, now: datetime) -> None:
    """The account gets no more reminders."""
    conn.execute(
        insert(conn, reminders)
        .values(actor_key=key, stopped_at=now)
        .on_conflict_do_update(index_elements=["actor_key"], set_={"stopped_at": now})
    )


def _holders(conn: Connection) -> list[Account]:
    """Accounts with an address whose roles include something that can wait, each address once."""
    found: dict[str, Account] = {}
    for account, grant in people.holders(conn):
        if account.email and any(may_somewhere([grant], action) for action in ACTIONS):
            found.setdefault(account.email.lower(), account)
    return list(found.values())


def _author(conn: Connection, account: Account) -> Author:
    person = personas.find_persona(conn, account.actor)
    keys = people.keys_of(conn, person) if person else [account.key]
    return Author(tuple(keys), account.actor, account.name or "", tuple(people.grants_of(conn, keys)))


def _due(conn: Connection, key: str, now: datetime) -> bool:
    row = conn.execute(sa.select(reminders).where(reminders.c.actor_key == key)).one_or_none()
    return row is None or (row.stopped_at is None and (row.sent_at is None or row.sent_at <= now - PAUSE))


def _turn(key: str, now: datetime) -> Callable[[Connection], bool]:
    def work(conn: Connection) -> bool:
        done = conn.execute(
            insert(conn, reminders)
            .values(actor_key=key, sent_at=now)
            .on_conflict_do_update(
                index_elements=["actor_key"],
                set_={"sent_at": now},
                where=sa.and_(
                    reminders.c.stopped_at.is_(None),
                    sa.or_(reminders.c.sent_at.is_(None), reminders.c.sent_at <= now - PAUSE),
                ),
            )
            .returning(reminders.c.actor_key)
        )
        return done.one_or_none() is not None

    return work


def lines_of(waiting: Counter[str], ngettext: Callable[[str, str, int], str]) -> list[str]:
    """What waits, a sentence for each kind."""
    one = waiting
    said = {
        "assess": ngettext(
            "%(num)s unit waits for your assessment.", "%(num)s units wait for your assessment.", one["assess"]
        ),
        "validate": ngettext(
            "%(num)s unit waits for your validation.", "%(num)s units wait for your validation.", one["validate"]
        ),
        "recognise": ngettext(
            "%(num)s unit waits for your recognition.", "%(num)s units wait for your recognition.", one["recognise"]
        ),
        "hours": ngettext(
            "%(num)s entry of hours waits for you.", "%(num)s entries of hours wait for you.", one["hours"]
        ),
        "prior": ngettext(
            "%(num)s claim of prior learning waits for you.",
            "%(num)s claims of prior learning wait for you.",
            one["prior"],
        ),
        "work": ngettext(
            "%(num)s project work waits for your rating.", "%(num)s project works wait for your rating.", one["work"]
        ),
        "learning": ngettext(
            "%(num)s learning agreement waits for your signature.",
            "%(num)s learning agreements wait for your signature.",
            one["learning"],
        ),
        "memorandum": ngettext(
            "%(num)s memorandum of understanding waits for your signature.",
            "%(num)s memoranda of understanding wait for your signature.",
            one["memorandum"],
        ),
    }
    return [sentence % {"num": one[kind]} for kind, sentence in said.items() if one[kind]]


def _send(wiring: Wiring, account: Account, waiting: Counter[str]) -> bool:
    base_url = wiring.settings.base_url
    said: NullTranslations = Translations.load(
        str(Path(__file__).parents[1] / "translations"), [account.locale or "en"]
    )
    lines = lines_of(waiting, said.ngettext)
    leave = f"{base_url}/reminders/stop/{Signed(wiring.settings.secret_key, PURPOSE).token(account.key)}"
    text = "\n\n".join(
        ["\n".join(lines), f"{said.gettext(OPEN)}\n{base_url}/sign-in", f"{said.gettext(STOP)}\n{leave}"]
    )
    try:
        mail.send(
            wiring.settings.smtp_url,
            sender=f"no-reply@{urlsplit(base_url).hostname}",
            to=str(account.email),
            subject=said.gettext(SUBJECT),
            text=text + "\n",
        )
    except mail.MailFailed as error:
        log.warning("a reminder could not be sent: %s", error.detail)
        return False
    return True
