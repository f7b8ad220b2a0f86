"""Signing in without an LMS: by a link that works once, by mail where there is a mail server, and out again."""

from __future__ import annotations

import email
import logging
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from email.header import decode_header, make_header
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lti_tool import web
from lti_tool.app import create_app
from lti_tool.launch import keys
from lti_tool.people import post, postman, store
from lti_tool.people.roles import Grant
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.conftest import Clock

Make = Callable[..., Flask]


class _Smtp(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a mail needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                for part in self.rfile:
                    if part == b".\r\n":
                        break
                    lines.append(part)
                self.server.mails.append(b"".join(lines).decode())  # type: ignore[attr-defined]  # set by the fixture
            elif verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 fine\r\n")


class Mailbox(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.mails: list[str] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    server = Mailbox()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def make(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Make]:
    made: list[Flask] = []

    def application(smtp_url: str = "", contact: str = "") -> Flask:
        settings = Settings(
            database_url=database_url,
            secret_key="s" * 40,
            keys_dir=tmp_path / "keys",
            data_dir=tmp_path,
            config_dir=Path(__file__).parents[2] / "config",
            smtp_url=smtp_url,
            contact=contact,
        )
        keys.make_first(settings.keys_dir)
        made.append(create_app(settings, clock))
        return made[-1]

    yield application
    for app in made:
        app.extensions["lti_tool"].engine.dispose()


def invite(app: Flask, clock: Clock, email: str | None = None, role: str = "mentor") -> str:
    wiring: Wiring = app.extensions["lti_tool"]

    def work(conn: store.Connection) -> str:
        key = store.person_here(conn, wiring.settings.base_url, "Andrejs Kalniņš", clock(), email)
        store.grant(conn, key, Grant(role, None, None), "test", clock())  # type: ignore[arg-type]  # a Role
        return store.invite(conn, key, clock())

    return wiring.writer.run(work)


def ask(app: Flask, address: str, **headers: str) -> TestResponse:
    """Somebody asks for a link."""
    return app.test_client().post("/sign-in", data={"email": address}, headers=headers)


def delivered(app: Flask) -> int:
    """The worker looks after the mails; how many it tried."""
    return postman.deliver(app.extensions["lti_tool"], "worker")


def signed_in(client: FlaskClient) -> bool:
    return client.get("/to-do").status_code == 200


def test_looking_at_the_link_uses_nothing_up_and_pressing_the_button_does(make: Make, clock: Clock) -> None:
    app = make()
    token = invite(app, clock)
    client = app.test_client()
    for _scanner in range(3):
        assert "Sign in as Andrejs Kalniņš" in client.get(f"/sign-in/{token}").text
    assert not signed_in(client)
    assert client.post(f"/sign-in/{token}").status_code == 303
    assert signed_in(client)
    other = app.test_client()
    again = other.post(f"/sign-in/{token}")
    assert again.status_code == 404
    assert "PEOPLE-LINK" in again.text
    assert not signed_in(other)


def test_one_goes_to_the_page_of_ones_role_and_out_again(make: Make, clock: Clock) -> None:
    app = make()
    client = app.test_client()
    client.post(f"/sign-in/{invite(app, clock, role='admin')}")
    assert client.get("/home").location == "/admin"
    assert client.post("/sign-out").status_code == 303
    assert client.get("/home").location == "/"
    assert client.get("/admin").status_code == 401


def test_a_sign_in_ends_after_eight_hours(make: Make, clock: Clock) -> None:
    app = make()
    client = app.test_client()
    client.post(f"/sign-in/{invite(app, clock)}")
    clock.forward(hours=8)
    assert not signed_in(client)


def test_a_form_of_another_site_signs_nobody_in_or_out(make: Make, clock: Clock) -> None:
    app = make()
    token = invite(app, clock)
    client = app.test_client()
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = client.post(f"/sign-in/{token}", headers=headers)
        assert answer.status_code == 403
        assert "FORM-FOREIGN" in answer.text
    assert client.post(f"/sign-in/{token}", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_a_link_comes_by_mail_once_in_five_minutes_and_works(make: Make, clock: Clock, mailbox: Mailbox) -> None:
    app = make(mailbox.url)
    invite(app, clock, "andrejs@example.lv")
    clock.forward(hours=1)
    client = app.test_client()
    for _impatient in range(3):
        assert "on its way" in client.post("/sign-in", data={"email": "Andrejs@Example.lv"}).text
    assert mailbox.mails == [], "the page sends nothing itself"
    assert delivered(app) == 3
    (mail,) = mailbox.mails
    assert "To: andrejs@example.lv" in mail
    link = re.search(r"http://127\.0\.0\.1:8000(/sign-in/\S+)", mail.replace("=\r\n", ""))
    assert link is not None
    assert client.post(link[1]).status_code == 303
    assert signed_in(client)


def test_the_page_does_not_tell_who_is_known(make: Make, clock: Clock, mailbox: Mailbox) -> None:
    app = make(mailbox.url)
    invite(app, clock, "andrejs@example.lv")
    clock.forward(hours=1)
    known = app.test_client().post("/sign-in", data={"email": "andrejs@example.lv"})
    unknown = app.test_client().post("/sign-in", data={"email": "nobody@example.lv"})
    assert known.text == unknown.text
    delivered(app)
    assert len(mailbox.mails) == 1
    with app.extensions["lti_tool"].engine.connect() as conn:
        assert conn.execute(sa.select(post.mails)).all() == [], "nothing is kept of who asked"


def test_a_known_address_costs_the_page_the_same_statements_as_an_unknown_one(make: Make, clock: Clock) -> None:
    """And the mail server is not asked: whether it is up, and how long it takes, tells nothing."""
    app = make("smtp://127.0.0.1:9")
    invite(app, clock, "andrejs@example.lv")
    clock.forward(hours=1)
    engine = app.extensions["lti_tool"].engine
    ran: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *given: ran.append(given[2]))
    seen = []
    for address in ("andrejs@example.lv", "nobody@example.lv"):
        ran.clear()
        answer = ask(app, address)
        seen.append((answer.status_code, answer.text, list(ran)))
    assert seen[0] == seen[1]
    assert any("mails" in statement for statement in seen[0][2])


def test_the_mail_is_in_the_language_of_the_page(make: Make, clock: Clock, mailbox: Mailbox) -> None:
    app = make(mailbox.url)
    invite(app, clock, "andrejs@example.lv")
    clock.forward(hours=1)
    ask(app, "andrejs@example.lv", **{"Accept-Language": "it"})
    delivered(app)
    (mail,) = mailbox.mails
    subject = email.message_from_string(mail)["Subject"]
    assert str(make_header(decode_header(subject))) == "Il suo link di accesso"


def test_requests_beyond_a_thousand_are_dropped(make: Make, clock: Clock, mailbox: Mailbox) -> None:
    app = make(mailbox.url)
    wiring: Wiring = app.extensions["lti_tool"]
    rows = [{"address": "x@example.org", "locale": "en", "asked_at": clock(), "due_at": clock()}] * post.MOST_WAITING
    wiring.writer.run(lambda conn: conn.execute(post.mails.insert(), rows))
    assert ask(app, "y@example.org").status_code == 200
    with wiring.engine.connect() as conn:
        count = conn.scalar(sa.select(sa.func.count()).select_from(post.mails))
    assert count == post.MOST_WAITING


@pytest.mark.parametrize("email", ["", "andrejs", "a@b.lv\r\nBcc: all@example.org", "a" * 300 + "@example.lv"])
def test_what_is_no_address_is_refused(make: Make, clock: Clock, mailbox: Mailbox, email: str) -> None:
    answer = make(mailbox.url).test_client().post("/sign-in", data={"email": email})
    assert answer.status_code == 400
    assert "PEOPLE-EMAIL" in answer.text
    assert mailbox.mails == []


def test_without_a_mail_server_the_page_says_whom_to_ask(make: Make) -> None:
    client = make().test_client()
    assert "Ask the administrator" in client.get("/sign-in").text
    assert "To reach" not in client.get("/sign-in").text
    assert client.post("/sign-in", data={"email": "a@example.lv"}).status_code == 404
    told = make(contact="Zane, zane@example.lv").test_client().get("/sign-in").text
    assert "To reach the administrator: Zane, zane@example.lv" in told


def test_a_mail_server_that_is_down_is_tried_five_times_and_told_to_administrators_alone(
    make: Make, clock: Clock, mailbox: Mailbox
) -> None:
    app = make("smtp://127.0.0.1:9")
    invite(app, clock, "andrejs@example.lv")
    token = invite(app, clock, role="admin")
    clock.forward(hours=1)
    assert ask(app, "andrejs@example.lv").status_code == 200
    admin = app.test_client()
    admin.post(f"/sign-in/{token}")
    for minutes in (0, 1, 2, 4, 8):
        clock.forward(minutes=minutes)
        assert delivered(app) == 1
        assert delivered(app) == 0, "not again at once"
    clock.forward(days=1)
    assert delivered(app) == 0, "given up"
    page = make("smtp://127.0.0.1:9").test_client()
    assert page.get("/admin/mail").status_code == 401
    admin.post(f"/sign-in/{invite(app, clock, role='admin')}")
    shown = admin.get("/admin/mail").text
    assert "andrejs@example.lv" in shown and "given up" in shown
    wiring: Wiring = app.extensions["lti_tool"]
    with wiring.engine.connect() as conn:
        (row,) = conn.execute(sa.select(post.mails)).all()
        left = conn.scalar(
            sa.select(sa.func.count()).select_from(store.invitations).where(store.invitations.c.used_at.is_(None))
        )
    assert left == 1, "links that reached nobody are gone; Andrejs' first one was never used"
    assert admin.post(f"/admin/mail/{row.id}").status_code == 303
    assert admin.post("/admin/mail/999").status_code == 404
    again = make(mailbox.url)
    assert delivered(again) == 1
    assert len(mailbox.mails) == 1
    clock.forward(days=31)
    assert wiring.writer.run(lambda conn: post.purge(conn, clock())) == 0


def test_a_mail_goes_to_the_known_address_whoever_asks_through_whichever_host(
    make: Make, clock: Clock, mailbox: Mailbox
) -> None:
    app = make(mailbox.url)
    invite(app, clock, "kalnins@example.lv")
    clock.forward(hours=1)
    # The Kelvin sign is a "k" in small letters, and another mailbox.
    sent = {"email": "\u212aalnins@example.lv"}
    assert app.test_client().post("/sign-in", data=sent, headers={"Host": "evil.example"}).status_code == 200
    assert delivered(app) == 1
    for mail in mailbox.mails:
        assert "To: kalnins@example.lv" in mail
        assert "evil.example" not in mail
    assert mailbox.mails


@pytest.mark.parametrize("key", ["anything", "any.thing"])
def test_below_a_page_session_nobody_signs_in_and_no_link_is_used_up(
    make: Make, clock: Clock, mailbox: Mailbox, key: str
) -> None:
    """A link that somebody else had sent from their own session must not lead the reader into that session."""
    app = make(mailbox.url)
    token = invite(app, clock, "andrejs@example.lv")
    clock.forward(hours=1)
    client = app.test_client()
    asked = client.post(f"/s/{key}/sign-in", data={"email": "andrejs@example.lv"})
    assert (asked.status_code, asked.location) == (307, "/sign-in")
    assert mailbox.mails == []
    for method, status in (("GET", 303), ("POST", 307)):
        answer = client.open(f"/s/{key}/sign-in/{token}", method=method)
        assert (answer.status_code, answer.location) == (status, f"/sign-in/{token}")
    assert client.post(f"/sign-in/{token}").status_code == 303
    assert signed_in(client)


def test_who_signed_in_by_a_link_finds_the_way_out_on_every_page(make: Make, clock: Clock) -> None:
    client = make().test_client()
    assert 'action="/sign-out"' not in client.get("/").text
    client.post(f"/sign-in/{invite(client.application, clock)}")
    for page in ("/", "/to-do", "/programme"):
        assert 'action="/sign-out"' in client.get(page).text


def test_a_link_that_works_is_in_no_log_and_a_line_is_a_line(
    make: Make, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make()
    app.testing = False
    token = invite(app, clock)

    def break_down(*_given: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(store, "use_invitation", break_down)
    assert app.test_client().post(f"/sign-in/{token}").status_code == 500
    assert "a fault of the tool at POST /sign-in/<token>" in caplog.text
    assert token not in caplog.text
    record = logging.makeLogRecord({"name": "lti_tool", "levelname": "WARNING", "msg": "GET /a\n2022 ERROR forged"})
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        web.set_up_logs(app.extensions["lti_tool"].settings)
        assert len(root.handlers[0].format(record).splitlines()) == 1
    finally:
        root.handlers[:], root.level = before
