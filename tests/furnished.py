"""The whole tool, with people of every role and something of each kind on its pages, for whoever looks at them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import sqlalchemy as sa
from lxml import html as parser

from lti_tool.app import create_app
from lti_tool.db import writing
from lti_tool.evidence.signed import Signed
from lti_tool.insight.reminders import PURPOSE
from lti_tool.launch import keys, platforms
from lti_tool.launch.session import Tokens
from lti_tool.people import store as people
from lti_tool.people.roles import ROLES, Role
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.conftest import Clock
from tests.evidence.test_every_page import prepared
from tests.learning import BASE, MOODLE, ROOT, SECRET, Browser, Place, Somebody, imported
from tests.papers.conftest import awards, issue, validated, withdraw

DEPLOYMENT = "1"
ANNOUNCED = "Piektdien seminārs Valmieras bibliotēkā, pulksten 10.\nPaņemiet līdzi grāmatu, kas jums palīdzēja!"
LEARNERS_FIRST = ("/module/M02", "/module/M02/2", "/module/M02/quiz", "/module/M02/finish", "/record", "/attend")


@dataclass
class Furnished:
    """The tool, and who looks at it: a session for each."""

    place: Place
    sessions: Mapping[str, tuple[Somebody, dict[str, Any]]]
    """By what they are called: somebody and what differs in their session."""
    first: Mapping[str, tuple[str, ...]]
    """Where each begins to look; what a one-time link or a form leads to stands here as well."""

    def browser(self, name: str, language: str) -> Browser:
        """Of one of them, in a language; "guest" has no session."""
        if name == "guest":
            return Browser(self.place, None)
        who, changes = self.sessions[name]
        return self.place.browser(who, **{"deployment": DEPLOYMENT, **changes, "locale": language})


def furnished(engine: sa.Engine, url: str, clock: Clock, folder: Path) -> Furnished:
    """On a migrated database: two programmes, an LMS with a course, learners at several points of their way, staff."""
    keys.make_first(folder / "keys")
    settings = Settings(
        base_url=BASE,
        database_url=url,
        secret_key=SECRET,
        keys_dir=folder / "keys",
        config_dir=ROOT / "config",
        data_dir=folder,
        contact="help@example.org",
        funding_note="Co-funded by a programme, grant 000-000",
    )
    app = create_app(settings, clock)
    app.testing = True
    wiring: Wiring = app.extensions["lti_tool"]
    imported(engine, clock)
    place = Place(engine, clock, app, Tokens(SECRET), wiring)
    with writing(engine) as conn:
        new = platforms.NewPlatform(
            "Riga", MOODLE, "client-1", f"{MOODLE}/auth", f"{MOODLE}/token", f"{MOODLE}/jwks", (DEPLOYMENT,)
        )
        platforms.add(conn, new, "approved", clock())
    course = place.course(title="Digitālās prasmes, 1. grupa")
    anna, _staff, _seminar, link = prepared(place)
    coordinator = place.holder("coordinator", name="Māra Liepiņa")
    elena = place.learner("Елена Димитрова", "CECO", course=course)
    validated(place, elena, coordinator)
    first = issue(place, coordinator, elena)
    issue(place, coordinator, elena, kind="transcript")
    withdraw(place, coordinator, elena, first.number)
    place.browser(coordinator).post(
        "/announcements",
        {"audience": "CECO|", "text": ANNOUNCED, "language": "lv", "until": "2022-10-20"},
    )
    nikos = place.learner("Νίκος Παπαδόπουλος", "DIGY", course=course, known_as=None)
    place.passes(nikos, "M01", "M02")
    for module in ("M01", "M02"):
        place.column(course, module)
    with writing(engine) as conn:
        people.join_course(conn, course, anna.actor, "anna", "learner", clock())
    in_course = {"course": course, "link": "link-M02", "module": "M02", "programme": "CECO", "role": "learner"}
    sessions: dict[str, tuple[Somebody, dict[str, Any]]] = {
        "learner": (anna, in_course),
        "learner-with-papers": (elena, in_course),
        "learner-of-other-programme": (nikos, {**in_course, "programme": "DIGY"}),
        "new-learner": (place.learner("Jānis"), {**in_course, "programme": None, "module": None}),
        "teacher": (place.teacher(course), {**in_course, "role": "instructor"}),
    }
    for role in ROLES:
        sessions[role] = (_holder(place, role), {"platform": None, "deployment": None})
    leave = Signed(SECRET, PURPOSE).token(anna.key)
    number = awards(place, elena)[0].number
    first = {
        "guest": (
            "/",
            "/sign-in",
            "/check",
            "/privacy",
            f"/check/{number}",
            link,
            f"/reminders/stop/{leave}",
            "/attend",
        ),
        "new-learner": ("/record", "/programme/choose"),
        "teacher": ("/course", "/module/M02", "/module/M02/quiz?key=show"),
        **dict.fromkeys(
            ("learner", "learner-with-papers", "learner-of-other-programme"),
            ("/module/M02", "/module/M02/2", "/module/M02/quiz", "/module/M02/finish", "/record", "/attend"),
        ),
        **dict.fromkeys(ROLES, ("/home",)),
    }
    return Furnished(place, sessions, first)


def _holder(place: Place, role: Role) -> Somebody:
    name = f"Pēteris {role}"
    if role == "institution_admin":
        return place.holder(role, None, "LV-KISC", name)
    return place.holder(role, None if role == "admin" else "CECO", name=name)


@dataclass(frozen=True)
class Seen:
    """A page that somebody came to."""

    who: str
    path: str
    endpoint: str
    status: int
    html: str


# Two pages of a kind show what one does not: a unit that is validated beside one that is begun.
OF_A_KIND = 2
FILES = (".csv", ".zip", ".pdf", ".json", ".jsonld", ".xml", ".svg", ".png")


def walk(here: Furnished, who: str, language: str) -> Iterator[Seen]:
    """Every kind of page that links lead somebody to, from the first ones on."""
    first = here.first[who]
    browser = here.browser(who, language)
    adapter = here.place.app.url_map.bind("localhost")
    wanted, known = list(first), set(first)
    kinds: Counter[str] = Counter()
    while wanted:
        path = wanted.pop(0)
        endpoint, _arguments = adapter.match(urlsplit(path).path, method="GET")
        if kinds[endpoint] >= OF_A_KIND:
            continue
        kinds[endpoint] += 1
        answer = browser.get(path, headers={"Accept-Language": language}, follow_redirects=True)
        if answer.mimetype != "text/html":
            answer.close()
            continue
        yield Seen(who, path, endpoint, answer.status_code, answer.text)
        for link in parser.fromstring(answer.text).iterlinks():
            element, attribute, target, _position = link
            below = _below(browser.prefix, target) if (element.tag, attribute) == ("a", "href") else None
            if below and below not in known and not urlsplit(below).path.endswith(FILES):
                known.add(below)
                wanted.append(below)


def _below(prefix: str, target: str) -> str | None:
    """The path of a link to another page of the tool, in the same session."""
    told = urlsplit(target)
    if (told.scheme and not target.startswith(BASE)) or target.startswith("#"):
        return None
    path = told.path
    if not path.startswith(prefix + "/") or path.startswith(prefix + "/static"):
        return None
    asked = [(name, value) for name, value in parse_qsl(told.query) if name != "lang"]
    return path[len(prefix) :] + ("?" + "&".join(f"{name}={value}" for name, value in asked) if asked else "")
