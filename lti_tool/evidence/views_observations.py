"""Pages of rated observations: who asks, who was asked, and the one page of somebody without an account."""

from __future__ import annotations

import logging
from typing import get_args
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from lti_tool.db import reading
from lti_tool.ecvet import store as programmes
from lti_tool.ecvet.once import first_time
from lti_tool.ecvet.terms import Programme, Unit
from lti_tool.ecvet.views_staff import of_unit
from lti_tool.ecvet.views_words import name_of
from lti_tool.errors import N_, BadInput, Conflict, NotFound, ToolError
from lti_tool.evidence import observations
from lti_tool.evidence.observations import LIVES, MAY_INVITE, Link, Rating
from lti_tool.evidence.reach import own_unit, theirs
from lti_tool.evidence.signed import Signed, qr
from lti_tool.i18n import current_language, day, language_for
from lti_tool.people import mail
from lti_tool.people import store as people
from lti_tool.people.mail import MailFailed
from lti_tool.people.views import visitor
from lti_tool.wiring import Wiring
from xapi.recording import OnStored

log = logging.getLogger(__name__)


def add_pages(pages: Blueprint, wiring: Wiring, on_stored: OnStored) -> None:
    """`/programme/…/unit/<unit>/observations`, `/record/unit/<unit>/observations`, `/observe/<token>`."""
    signed = Signed(wiring.settings.secret_key, "rated observation")

    def address(link: Link) -> str:
        # Never below the key of somebody's page session: the one who rates has none.
        return f"{wiring.settings.base_url}/observe/{signed.token(link.id)}?lang={link.language}"

    def address_if_open(link: Link) -> str:
        return address(link) if link.state == "open" else ""

    # Those who ask

    @pages.get("/programme/<programme>/learner/<person>/unit/<unit>/observations")
    def observations_of(programme: str, person: str, unit: str) -> str:
        return asking_page(programme, person, unit)

    def asking_page(programme: str, person: str, unit: str, problem: ToolError | None = None) -> str:
        who, now = visitor(), wiring.clock()
        with reading(wiring.engine) as conn:
            record, _by = theirs(conn, who, programme, person, wiring, MAY_INVITE)
            one = of_unit(record, unit)
            found = [
                link
                for link in observations.of_learner(conn, record.learner.keys, unit, now)
                if link.programme == programme
            ]
        return render_template(
            "evidence/observations.html",
            record=record,
            programme=record.programme,
            one=one,
            name=name_of(record.learner),
            links=[(link, url, qr(url) if url else "") for link in found for url in [address_if_open(link)]],
            lives=LIVES,
            by_mail=bool(wiring.settings.smtp_url),
            problem=problem,
            form=request.form,
        )

    @pages.post("/programme/<programme>/learner/<person>/unit/<unit>/observations")
    def ask_for_rating(programme: str, person: str, unit: str) -> Response | tuple[str, int]:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> Link | None:
            record, by = theirs(conn, who, programme, person, wiring, MAY_INVITE)
            one = of_unit(record, unit)
            language = language_for((request.form.get("language"), current_language()))
            sent = {**request.form.to_dict(), "language": language}
            wish = observations.read_wish(sent, request.form.getlist("outcome"), one.unit)
            if not first_time(conn, request.form.items(multi=True), now):
                return None
            return observations.invite(conn, record, unit, wish, by, now, name_of(record.learner))

        try:
            made = wiring.writer.run(work)
        except (BadInput, Conflict) as error:
            return asking_page(programme, person, unit, error), error.status
        how = "made"
        if made is not None and made.email and wiring.settings.smtp_url:
            how = "sent" if mailed(made, address(made)) else "unsent"
        page = url_for("evidence.observations_of", programme=programme, person=person, unit=unit, done=how)
        return redirect(page, 303)

    @pages.post("/programme/<programme>/learner/<person>/unit/<unit>/observations/withdraw")
    def withdraw_invitation(programme: str, person: str, unit: str) -> Response | tuple[str, int]:
        who, now = visitor(), wiring.clock()

        def work(conn: Connection) -> None:
            record, by = theirs(conn, who, programme, person, wiring, MAY_INVITE)
            observations.withdraw(conn, record, request.form.get("link", ""), by, now)

        try:
            wiring.writer.run(work)
        except Conflict as error:
            return asking_page(programme, person, unit, error), error.status
        page = url_for("evidence.observations_of", programme=programme, person=person, unit=unit, done="withdrawn")
        return redirect(page, 303)

    def mailed(link: Link, url: str) -> bool:
        """Whether the mail server took the invitation; it stands on the page in either case."""
        with force_locale(link.language):
            until = day(link.expires_at)
            subject = _("Please say what you have seen: %(task)s", task=link.task[:80])
            text = "\n\n".join(
                [
                    _("Dear %(name)s,", name=link.name),
                    _(
                        "%(by)s asks you to rate a task that you have seen %(learner)s do: %(task)s",
                        by=link.by_name,
                        learner=link.learner_name,
                        task=link.task,
                    ),
                    _("Open this link. It needs no account and works once, until %(day)s:", day=until),
                    url,
                ]
            )
        return sent(link.email or "", subject, text + "\n")

    def sent(to: str, subject: str, text: str) -> bool:
        sender = f"no-reply@{urlsplit(wiring.settings.base_url).hostname}"
        # A subject is one line: what somebody typed as a task must not begin another header.
        subject = " ".join(subject.split())
        try:
            mail.send(wiring.settings.smtp_url, sender=sender, to=to, subject=subject, text=text)
        except MailFailed as error:
            log.warning("a mail about an observation: %s", error)
            return False
        return True

    # The learner

    @pages.get("/record/unit/<unit>/observations")
    def own_observations(unit: str) -> str:
        who, now = visitor(), wiring.clock()
        with reading(wiring.engine) as conn:
            record, one = own_unit(conn, who, request.args.get("programme", ""), unit, wiring)
            found = [
                link
                for link in observations.of_learner(conn, record.learner.keys, unit, now)
                if link.programme == record.programme.id
            ]
        return render_template(
            "evidence/own_observations.html", record=record, programme=record.programme, one=one, links=found
        )

    # Who rates

    @pages.get("/observe/<token>")
    def observe(token: str) -> str:
        # GET only shows: scanners of mail programs open links, and would use it up.
        return rating_page(token)

    def rating_page(token: str, problem: ToolError | None = None) -> str:
        now = wiring.clock()
        with reading(wiring.engine) as conn:
            link = known(conn, token)
            programme, unit = about(conn, link)
        if link.state != "open":
            raise over(link)
        return render_template(
            "evidence/observe.html",
            link=link,
            token=token,
            programme=programme,
            unit=unit,
            outcomes=[one for one in unit.outcomes if one.id in link.outcomes],
            days=max((link.expires_at - now).days, 0),
            by_mail=bool(wiring.settings.smtp_url),
            who={"name": None, "programme": link.programme},
            problem=problem,
            form=request.form,
        )

    @pages.post("/observe/<token>")
    def send_rating(token: str) -> str | tuple[str, int]:
        now = wiring.clock()
        rating = next((one for one in get_args(Rating) if one == request.form.get("rating")), None)
        comment = " ".join(request.form.get("comment", "").split())[: observations.MOST_WORDS]
        copy_to = request.form.get("copy", "").strip()
        try:
            if rating is None:
                raise BadInput("ECVET-RATING", N_("Choose one of the three ratings."), N_("Tick one."))
            if copy_to and ("@" not in copy_to or len(copy_to) > 254 or any(c in copy_to for c in "\r\n ")):
                raise BadInput("PEOPLE-EMAIL", N_("This is not an e-mail address."), N_("Go back and check it."))
        except BadInput as error:
            return rating_page(token, error), error.status

        def work(conn: Connection) -> tuple[Link, Unit, bool]:
            link = known(conn, token)
            programme, unit = about(conn, link)
            account = people.accounts_of(conn, [link.actor_key]).get(link.actor_key)
            if account is None:
                raise unknown()
            rated = tuple(one for one in unit.outcomes if one.id in link.outcomes)
            parts = (account.actor, unit, rated, programme.activity)
            added = observations.rate(conn, link, rating, comment, parts, now, wiring.settings.base_url)
            if added is not None:
                on_stored(conn, added.stored)
            return link, unit, added is not None

        link, unit, taken = wiring.writer.run(work)
        if not taken:
            raise over(link)
        copied = bool(copy_to and wiring.settings.smtp_url) and copy(link, unit, rating, comment, copy_to)
        return render_template(
            "evidence/observed.html",
            link=link,
            rating=rating_word(rating),
            copied=copied,
            wanted=bool(copy_to),
            who={"name": None, "programme": link.programme},
        )

    def copy(link: Link, unit: Unit, rating: Rating, comment: str, to: str) -> bool:
        lines = [
            _("What you sent about %(learner)s:", learner=link.learner_name),
            link.task,
            *(one.text.in_(current_language()) for one in unit.outcomes if one.id in link.outcomes),
            rating_word(rating),
            *([comment] if comment else []),
            _("It was asked for by %(by)s. You need not do anything more.", by=link.by_name),
        ]
        return sent(to, _("Copy of your rating: %(task)s", task=link.task[:80]), "\n\n".join(lines) + "\n")

    def known(conn: Connection, token: str) -> Link:
        id = signed.read(token)
        link = observations.get(conn, id, wiring.clock()) if id else None
        if link is None:
            raise unknown()
        return link

    def about(conn: Connection, link: Link) -> tuple[Programme, Unit]:
        programme = programmes.get(conn, link.programme, link.version) or programmes.get(conn, link.programme)
        unit = programme.unit(link.unit) if programme else None
        if programme is None or unit is None:
            raise unknown()
        return programme, unit

    pages.app_template_global("rating_word")(rating_word)


def rating_word(rating: str) -> str:
    """A rating in words; always the same ones."""
    words = {
        "alone": _("Does it alone"),
        "helped": _("Does it with some help"),
        "not_yet": _("Does not do it yet"),
    }
    return str(words[rating])


def unknown() -> NotFound:
    return NotFound(
        "ECVET-LINK",
        N_("This link is not complete, or not one of ours."),
        N_("Copy the whole link from the mail, or ask the person who sent it."),
        whom="nobody",
    )


def over(link: Link) -> ToolError:
    """Why a link opens nothing any more, in words for who holds it."""
    said = {
        "used": N_("This link was used already: the rating has arrived. Thank you."),
        "withdrawn": N_("This link was withdrawn by the person who sent it."),
        "expired": N_("This link has run out."),
    }
    do = "" if link.state == "used" else N_("Ask the person who sent it for a new one.")
    return ToolError("ECVET-LINK-OVER", said.get(link.state, said["used"]), do, status=410, whom="nobody")
