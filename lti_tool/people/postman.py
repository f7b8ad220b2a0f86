"""Sends the sign-in mails that were asked for. No transaction is open while the mail server is called.

The link is made when the mail is sent: what waits in the database opens no door.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from babel.support import Translations
from sqlalchemy import Connection

from lti_tool.errors import N_
from lti_tool.people import mail, post, store
from lti_tool.people.post import Mail
from lti_tool.wiring import Wiring

log = logging.getLogger(__name__)

SUBJECT: Final = N_("Your sign-in link")
TEXT: Final = N_("Open this link to sign in. It works once, within an hour:")


def deliver(wiring: Wiring, worker: str, stopped: Callable[[], bool] = lambda: False) -> int:
    """Every mail that was due was tried once; how many those were. Nothing is done where no mail server is set."""
    tried = 0
    while wiring.settings.smtp_url and not stopped():
        now = wiring.clock()
        due = wiring.writer.run(partial(post.claim, worker=worker, now=now))
        if due is None:
            break
        tried += 1
        _send(wiring, due)
    return tried


def _send(wiring: Wiring, due: Mail) -> None:
    now = wiring.clock()

    def prepare(conn: Connection) -> tuple[str, str] | None:
        account = store.account_by_email(conn, due.address, wiring.settings.base_url)
        # Who asks twice gets one mail; who was not reached before is tried again.
        known = account is not None and account.email
        if account is None or not known or (not due.again and store.invited_lately(conn, account.key, now)):
            post.done(conn, due.id)
            return None
        return str(account.email), store.invite(conn, account.key, now, store.MAILED_LIFE)

    made = wiring.writer.run(prepare)
    if made is None:
        return
    to, token = made
    say = Translations.load(str(Path(__file__).parents[1] / "translations"), [due.locale]).gettext
    base_url = wiring.settings.base_url
    try:
        mail.send(
            wiring.settings.smtp_url,
            # Neither the host nor the address that a request names: what only looks the same once it is in small
            # letters is another mailbox.
            sender=f"no-reply@{urlsplit(base_url).hostname}",
            to=to,
            subject=say(SUBJECT),
            text=f"{say(TEXT)}\n\n{base_url}/sign-in/{token}\n",
        )
    except mail.MailFailed as error:
        detail, later = error.detail, wiring.clock()
        log.warning("mail %s could not be sent: %s", due.id, detail)

        def failed(conn: Connection) -> None:
            store.withdraw(conn, token)  # nobody has it
            post.failed(conn, due, detail, later)

        wiring.writer.run(failed)
    else:
        wiring.writer.run(lambda conn: post.done(conn, due.id))
