"""Pages that no link leads to: refused launches, registrations, forms that came back, what an act is answered with.

`moments(here)` of a furnished tool (tests/furnished.py) names each of them. They may change what the tool holds, so
whoever walks the pages as well does that first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from werkzeug.test import TestResponse

from lti_tool.db import writing
from lti_tool.errors import Busy
from lti_tool.launch import platforms, registration
from lti_tool.launch.claims import Status
from lti_tool.people import store as people
from tests.furnished import DEPLOYMENT, Furnished, Seen
from tests.launch.test_fetch import server
from tests.launch.test_registration import Moodle
from tests.learning import BASE, MOODLE

PENDING, DISABLED, SILENT = "https://waits.example.org", "https://off.example.org", "http://127.0.0.1:9"
LOGIN = {
    "iss": MOODLE,
    "client_id": "client-1",
    "login_hint": "7",
    "lti_deployment_id": DEPLOYMENT,
    "target_link_uri": f"{BASE}/lti/launch",
}


@dataclass(frozen=True)
class Moment:
    """A page that somebody comes to by an act, or by mistake."""

    name: str
    who: str
    path: str
    status: int
    ask: Callable[[str], TestResponse]
    """The answer, in a language."""
    method: str = "GET"
    scripts: bool = True
    """False where its script leads away at once."""

    def seen(self, here: Furnished, language: str) -> Seen:
        """The page, as `walk` gives those that links lead to. Another status, or no page, is a fault of whoever named
        this moment."""
        with self.ask(language) as answer:
            assert (answer.status_code, answer.mimetype) == (self.status, "text/html"), (
                self.name,
                answer.status_code,
                answer.text[:3000],
            )
            endpoint = here.endpoint(self.path, self.method) or self.name
            return Seen(f"{self.who}-{self.name}", self.path, endpoint, self.status, answer.text)


def moments(here: Furnished) -> list[Moment]:
    """All of them, in an order in which each can happen, for each language again."""
    silent = _tenants(here)
    return [
        *_errors(here),
        *_sign_in(here),
        *_launches(here),
        *_registrations(here),
        *_refused_forms(here),
        _sent(here, "checked", "admin", f"/admin/platforms/{silent}/check", {}, 200),
        _got(here, "last-check", "admin", f"/admin/platforms/{silent}/check", 200),
    ]


def _got(here: Furnished, name: str, who: str, path: str, status: int) -> Moment:
    def ask(language: str) -> TestResponse:
        return here.browser(who, language).get(path, headers={"Accept-Language": language})

    return Moment(name, who, path, status, ask)


def _sent(
    here: Furnished, name: str, who: str, path: str, data: Mapping[str, Any], status: int = 400, *, scripts: bool = True
) -> Moment:
    def ask(language: str) -> TestResponse:
        return here.browser(who, language).post(path, dict(data), headers={"Accept-Language": language})

    return Moment(name, who, path, status, ask, "POST", scripts)


def _tenants(here: Furnished) -> int:
    """An LMS that waits for approval, one that is switched off, and one that does not answer: the number of that."""

    def added(issuer: str, status: Status) -> int:
        new = platforms.NewPlatform(
            urlsplit(issuer).netloc, issuer, "client-1", f"{issuer}/auth", f"{issuer}/token", f"{issuer}/jwks"
        )
        number = platforms.add(conn, new, status, here.place.clock())
        assert number is not None
        return number

    with writing(here.place.engine) as conn:
        added(PENDING, "pending")
        added(DISABLED, "disabled")
        return added(SILENT, "approved")


# --- errors ---


def _errors(here: Furnished) -> Iterator[Moment]:
    yield _got(here, "no-such-page", "guest", "/no-such-page", 404)
    yield _got(here, "session-over", "guest", "/record", 401)
    yield _got(here, "not-your-role", "mentor", "/admin", 403)
    yield _got(here, "no-such-number", "guest", "/check/ABCD-EFGH-JKMN", 404)
    yield _got(here, "link-ended", "guest", "/shared/no-such-link", 404)
    yield _got(here, "observation-link-ended", "guest", "/observe/no-such-link", 404)
    yield _got(here, "no-such-module", "learner", "/module/M99", 404)
    yield _got(here, "choice-not-asked", "teacher", "/choose", 403)
    yield _sent(here, "method", "guest", "/privacy", {}, 405)
    yield Moment("foreign-form", "guest", "/sign-in", 403, lambda language: _foreign(here, language), "POST")
    yield Moment("busy", "guest", "/privacy", 503, lambda language: _failing(here, Busy(), language))
    yield Moment("fault", "guest", "/privacy", 500, lambda language: _failing(here, RuntimeError("no"), language))


def _foreign(here: Furnished, language: str) -> TestResponse:
    headers = {"Accept-Language": language, "Origin": "https://elsewhere.example.org"}
    return here.browser("guest", language).post("/sign-in", {"email": "a@example.org"}, headers=headers)


def _failing(here: Furnished, error: Exception, language: str) -> TestResponse:
    def fails() -> str:
        raise error

    with patch.dict(here.place.app.view_functions, {"privacy.show": fails}):
        return here.browser("guest", language).get("/privacy", headers={"Accept-Language": language})


# --- signing in ---


def _sign_in(here: Furnished) -> Iterator[Moment]:
    place = here.place
    with writing(place.engine) as conn:
        account = people.person_here(conn, BASE, "Inga Niedra", place.clock())
        link = people.invite(conn, account, place.clock())
    yield _got(here, "link-opened", "guest", f"/sign-in/{link}", 200)
    yield _got(here, "link-used", "guest", "/sign-in/used-already", 404)
    yield _sent(here, "link-used-again", "guest", "/sign-in/used-already", {}, 404)
    yield _sent(here, "mail-sent", "guest", "/sign-in", {"email": "inga@example.org"}, 200)
    yield _sent(here, "no-address", "guest", "/sign-in", {"email": "inga"})


# --- launches ---


def _launches(here: Furnished) -> Iterator[Moment]:
    def login(name: str, status: int, *, frame: bool = False, scripts: bool = True, **changes: str) -> Moment:
        def ask(language: str) -> TestResponse:
            headers = {"Accept-Language": language, **({"Sec-Fetch-Dest": "iframe"} if frame else {})}
            client = here.place.app.test_client()
            return client.post("/lti/login", data={**LOGIN, **changes}, base_url=BASE, headers=headers)

        return Moment(name, "guest", "/lti/login", status, ask, "POST", scripts)

    def launch(name: str, status: int, *, storage: str = "", keep: bool = True, **sent: str) -> Moment:
        """A launch that answers a login, with the browser's cookies (`keep`) or without."""

        def ask(language: str) -> TestResponse:
            headers = {"Accept-Language": language}
            client = here.place.app.test_client(use_cookies=keep)
            more = {"lti_storage_target": storage} if storage else {}
            begun = client.post("/lti/login", data={**LOGIN, **more}, base_url=BASE)
            state = parse_qs(urlsplit(_way(begun)).query)["state"][0]
            data = {"state": state, **({} if "error" in sent else {"id_token": "e30.e30.e30"}), **sent}
            return client.post("/lti/launch", data=data, base_url=BASE, headers=headers)

        return Moment(name, "guest", "/lti/launch", status, ask, "POST", scripts=False)

    yield login("lms-unknown", 403, iss="https://unknown.example.org")
    yield login("lms-waits", 403, iss=PENDING)
    yield login("lms-off", 403, iss=DISABLED)
    yield login("new-tab", 401, frame=True, lti_probed="1")
    yield login("storage-put", 200, scripts=False, lti_storage_target="_parent")
    yield launch("storage-get", 401, storage="_parent", keep=False)
    yield launch("new-tab-after-storage", 401, storage="_parent", keep=False, binding="")
    yield launch("launch-refused", 403)
    yield launch("launch-not-a-token", 400, id_token="not.a.token")
    yield launch("lms-could-not", 400, error="login_required")
    yield _got(here, "launch-typed", "guest", "/lti/launch", 405)


def _way(begun: TestResponse) -> str:
    """Where a login leads: by a redirect, or by the page that lays its secret down first."""
    if begun.status_code == 302:
        return begun.headers["Location"]
    return begun.text.partition('data-next="')[2].partition('"')[0].replace("&amp;", "&")


# --- registration ---


@contextmanager
def _lms() -> Iterator[str]:
    """An LMS that can be asked for its configuration: the query that it opens the page with."""
    moodle = Moodle()
    with server(moodle) as moodle.url:
        yield f"openid_configuration={moodle.url}/mod/lti/openid-configuration.php&registration_token=token-1"


def _registrations(here: Furnished) -> Iterator[Moment]:
    def opened(language: str) -> TestResponse:
        with _lms() as asked:
            return _guest(here, language, "GET", f"/lti/register?{asked}")

    def confirmed(invited: bool) -> Callable[[str], TestResponse]:
        def ask(language: str) -> TestResponse:
            with _lms() as asked:
                page = _guest(here, language, "GET", f"/lti/register?{asked}{_invitation(here) if invited else ''}")
                ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
                return _guest(here, language, "POST", "/lti/register", ticket=ticket)

        return ask

    yield Moment("register", "guest", "/lti/register", 200, opened)
    yield Moment("registered", "guest", "/lti/register", 200, confirmed(invited=True), "POST")
    yield Moment("registered-waits", "guest", "/lti/register", 200, confirmed(invited=False), "POST")
    yield _got(here, "invitation-used", "guest", "/lti/register?invite=used", 403)
    yield _got(here, "register-typed", "guest", "/lti/register", 400)
    yield _sent(here, "register-old", "guest", "/lti/register", {"ticket": "x"})
    unreachable = "/lti/register?openid_configuration=http%3A%2F%2F127.0.0.1%3A9%2Fnothing"
    yield _got(here, "register-unreachable", "guest", unreachable, 424)
    yield _got(here, "register-unfit", "guest", "/lti/register?openid_configuration=http%3A%2F%2F10.0.0.1%2F", 400)


def _invitation(here: Furnished) -> str:
    with writing(here.place.engine) as conn:
        return "&" + registration.invite(conn, "Rīgas Tehniskā koledža", BASE, here.place.clock()).partition("?")[2]


def _guest(here: Furnished, language: str, method: str, path: str, **data: str) -> TestResponse:
    client = here.place.app.test_client()
    return client.open(path, method=method, data=data, base_url=BASE, headers={"Accept-Language": language})


# --- forms that came back ---


def _refused_forms(here: Furnished) -> Iterator[Moment]:
    elena, anna = here.sessions["learner-with-papers"][0], here.sessions["learner"][0]
    of_elena, of_anna = (f"/programme/CECO/learner/{one.person}" for one in (elena, anna))
    tomorrow = (here.place.clock().date() + timedelta(days=1)).isoformat()
    yield _sent(here, "nothing-ticked", "chooser", "/choose", {})
    yield _sent(here, "chosen", "chooser", "/choose", {"pick": ["CECO/module/M02", "record"]}, 200, scripts=False)
    yield _sent(here, "no-module", "teacher-of-empty-activity", "/link", {"pick": ""})
    yield _sent(here, "memorandum", "coordinator", "/agreements/new", {"programme": "CECO"})
    yield _sent(here, "agreement", "coordinator", f"{of_elena}/agreements/new", {})
    yield _sent(here, "nothing-shared", "learner-with-papers", "/record/portfolio", {"programme": "CECO", "title": "A"})
    yield _sent(here, "work", "learner", "/record/unit/BIB-U7/work", {"programme": "CECO"})
    yield _sent(here, "prior", "learner", "/record/prior", {"programme": "CECO", "day": tomorrow})
    yield _sent(here, "hours", "learner", "/record/unit/CECO-U8/hours?programme=CECO", {"hours": "many"})
    yield _sent(here, "wrong-code", "learner", "/attend", {"code": "ABC-234"})
    yield _sent(here, "rating", "guest", here.rating, {})
    yield _sent(here, "decision", "coordinator", f"{of_anna}/unit/CECO-U8/decide", {"act": "validate"})
    yield _sent(here, "question", "mentor", f"{of_anna}/unit/CECO-U8/observations", {})
    yield _sent(here, "seminar", "trainer", "/programme/CECO/seminars", {"unit": "BIB-U1"})
    yield _sent(here, "announcement", "coordinator", "/announcements", {})
    yield _sent(here, "paper", "coordinator", f"{of_anna}/papers", {"kind": "unit", "unit": "BIB-U1"})
    yield _sent(here, "role", "institution_admin", "/roles", {})
    yield _sent(here, "platform", "admin", "/admin/add/platform", {})
    yield _sent(here, "client", "admin", "/admin/clients", {})
    yield _sent(here, "invitation", "admin", "/admin/add/invitation", {"name": "Valmieras bibliotēka"}, 200)
    yield _sent(here, "account", "learner", "/record/accounts/look", {"code": "1234"}, 404)
    yield _sent(here, "quiz", "learner", "/module/M02/quiz", {"attempt": "1"}, 422)
    yield _sent(here, "quiz-tried-out", "teacher", "/module/M02/quiz", {}, 200)
    u8, u7 = f"{of_anna}/unit/CECO-U8", f"{of_anna}/unit/BIB-U7"
    for name, who, path, data, status in (
        ("sign", "coordinator", f"{here.agreement}/sign", {"version": here.version}, 400),
        ("end", "coordinator", f"{here.agreement}/end", {"version": here.version}, 400),
        ("withdraw-agreement", "coordinator", f"{here.agreement}/withdraw", {"version": here.version}, 400),
        ("change-agreement", "coordinator", f"{here.agreement}/change", {"base": "old"}, 409),
        ("agree-again", "learner-with-papers", f"/record/agreements/{here.version}/agree", {}, 409),
        ("shows", "learner-with-papers", f"/record/agreements/{here.version}/shows", {}, 400),
        ("paper-shows", "learner-with-papers", f"/record/papers/{here.paper}/shows", {}, 400),
        ("withdraw-paper", "coordinator", f"{of_elena}/papers/{here.paper}/withdraw", {}, 400),
        ("confirm-hours", "mentor", f"{u8}/confirm", {}, 404),
        ("return-hours", "mentor", f"{u8}/return", {}, 404),
        ("enter-hours", "mentor", f"{u8}/hours", {}, 400),
        ("enter-done", "mentor", f"{u8}/done", {}, 404),
        ("take-back", "mentor", f"{u8}/take-back", {}, 404),
        ("withdraw-decision", "coordinator", f"{u8}/withdraw", {}, 404),
        ("take-back-own", "learner", "/record/unit/CECO-U8/take-back?programme=CECO", {}, 404),
        ("self-study", "learner", "/record/unit/CECO-U8/self-study?programme=CECO", {}, 400),
        ("no-self-study", "learner", "/record/unit/CECO-U8/self-study/take-back?programme=CECO", {}, 404),
        ("join", "coordinator", f"{of_anna}/join", {}, 400),
        ("part", "coordinator", f"{of_anna}/part", {}, 400),
        ("move", "coordinator", "/programme/CECO/move", {}, 400),
        ("enrol", "new-learner", "/programme/choose", {}, 400),
        ("decide-prior", "coordinator", f"{of_anna}/prior", {}, 404),
        ("decide-work", "assessor", f"{u7}/work", {}, 404),
        ("no-claim", "learner", "/record/prior/take-back", {}, 404),
        ("no-invitation", "mentor", f"{u8}/observations/withdraw", {}, 404),
        ("todo", "mentor", "/to-do/confirm", {}, 404),
        ("undo", "mentor", "/to-do/undo", {}, 404),
        ("no-announcement", "coordinator", "/announcements/none/take-back", {}, 404),
        ("accounts-answer", "learner", "/record/accounts/answer", {}, 404),
        ("accounts-ask", "learner", "/record/accounts/ask", {}, 404),
        ("accounts-part", "learner", "/record/accounts/part", {}, 404),
        ("not-their-role", "institution_admin", "/roles/withdraw", {}, 404),
        ("platform-status", "admin", "/admin/platforms/1", {}, 400),
        ("no-such-platform", "admin", "/admin/platforms/99/check", {}, 404),
        ("no-such-institution", "admin", "/admin/platforms/1/institution", {"institution": "XX-NONE"}, 400),
        ("delete-platform", "admin", "/admin/platforms/1/delete", {}, 400),
        ("merge-platform", "admin", "/admin/platforms/1/merge", {}, 400),
        ("no-merge", "admin", "/admin/merges/99/undo", {}, 404),
        ("no-client", "admin", "/admin/clients/none/revoke", {}, 404),
        ("no-mail", "admin", "/admin/mail/99", {}, 404),
        ("no-portfolio", "learner", "/record/portfolio/none/revoke", {}, 404),
        ("no-reminders", "guest", here.leave, {}, 200),
        ("same-modules", "teacher", "/link/copy", {}, 401),
    ):
        yield _sent(here, name, who, path, data, status)
    yield _sent(here, "quiz-elsewhere", "learner", "/module/M02/quiz", {}, 409)
