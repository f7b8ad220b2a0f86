"""The whole tool, with people of every role and something of each kind on its pages, for whoever looks at them all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import sqlalchemy as sa
from lxml import html as parser
from werkzeug.exceptions import HTTPException

from lti_tool.app import create_app
from lti_tool.db import writing
from lti_tool.evidence.signed import Signed
from lti_tool.insight.reminders import PURPOSE
from lti_tool.launch import keys, platforms
from lti_tool.launch import store as launches
from lti_tool.launch.session import Tokens
from lti_tool.people import store as people
from lti_tool.people.roles import ROLES, Role
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring
from tests.agreements.conftest import LEARNING, agreement, all_sign, changed, learning_of, memorandum, sign
from tests.builders import registration, verified_launch
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
    rating: str
    """The link of a mentor who is asked for a rating."""
    leave: str
    """The link that stops a learner's reminders."""
    agreement: str
    """A learning agreement that stands: its page."""
    version: str
    """The number of its version that stands."""
    paper: str
    """The number of a learner's paper."""

    def browser(self, name: str, language: str) -> Browser:
        """Of one of them, in a language; "guest" has no session."""
        if name == "guest":
            return Browser(self.place, None)
        who, changes = self.sessions[name]
        return self.place.browser(who, **{"deployment": DEPLOYMENT, **changes, "locale": language})

    def endpoint(self, path: str, method: str = "GET") -> str:
        """What the application calls the page under an address; empty where there is none."""
        try:
            found, _arguments = self.place.app.url_map.bind("localhost").match(urlsplit(path).path, method=method)
        except HTTPException:
            return ""
        return str(found)


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
        smtp_url="smtp://127.0.0.1:9",  # the worker's, which does not run
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
        lms = platforms.add(conn, new, "approved", clock())
        assert lms is not None
        platforms.set_institution(conn, lms, "LV-KISC", clock())  # its learners below came before
    course = place.course(title="Digitālās prasmes, 1. grupa")
    anna, _staff, _seminar, rating = prepared(place)
    coordinator = place.holder("coordinator", name="Māra Liepiņa")
    elena = place.learner("Елена Димитрова", "CECO", course=course)
    validated(place, elena, coordinator)
    first = issue(place, coordinator, elena)
    issue(place, coordinator, elena, kind="transcript")
    withdraw(place, coordinator, elena, first.number)
    shared = _portfolio(place, elena)
    agreed = _agreements(place, coordinator, elena)
    place.browser(coordinator).post(
        "/announcements",
        {"audience": "CECO|", "text": ANNOUNCED, "language": "lv", "until": "2022-10-20"},
    )
    nikos = place.learner("Νίκος Παπαδόπουλος", "DIGY", course=course, known_as=None)
    place.passes(nikos, "M01", "M02")
    failed = place.browser(anna, course=course, module="M03", programme="CECO")
    assert failed.post("/module/M03/quiz", {"attempt": "1", "anyway": "yes"}).status_code == 303
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
    teacher = sessions["teacher"][0]
    for name, choosing in (("chooser", True), ("teacher-of-empty-activity", False)):
        launch = replace(
            verified_launch(choosing, roles=[]), registration=registration(deployments={DEPLOYMENT: "approved"})
        )
        with writing(engine) as conn:
            launches.add_launch(conn, name, launch, clock())
        told = {"sid": name, "module": None, "programme": None, "role": "instructor"}
        sessions[name] = (teacher, {**in_course, **told, **({"message": "deep_linking"} if choosing else {})})
    for role in ROLES:
        sessions[role] = (_holder(place, role), {"platform": None, "deployment": None})
    leave = f"/reminders/stop/{Signed(SECRET, PURPOSE).token(anna.key)}"
    number = awards(place, elena)[0].number
    first = {
        "guest": (
            "/",
            "/sign-in",
            "/check",
            "/privacy",
            f"/check/{number}",
            rating,
            leave,
            "/attend",
            shared,
            *agreed.checked,
        ),
        "new-learner": ("/record", "/programme/choose", "/link"),
        "chooser": ("/choose", "/choose?q=a", "/choose?pick=CECO/module/M02"),
        "teacher-of-empty-activity": ("/link",),
        "teacher": ("/course", "/module/M02", "/module/M02/quiz?key=show"),
        **dict.fromkeys(
            ("learner", "learner-with-papers", "learner-of-other-programme"),
            ("/module/M02", "/module/M02/2", "/module/M02/quiz", "/module/M02/finish", "/record", "/attend"),
        ),
        **dict.fromkeys(ROLES, ("/home",)),
    }
    first["coordinator"] += agreed.coordinators
    first["learner-with-papers"] += agreed.learners
    return Furnished(place, sessions, first, rating, leave, agreed.page, agreed.stands, number)


def _holder(place: Place, role: Role) -> Somebody:
    name = f"Pēteris {role}"
    if role == "institution_admin":
        return place.holder(role, None, "LV-KISC", name)
    return place.holder(role, None if role == "admin" else "CECO", name=name)


def _portfolio(place: Place, who: Somebody) -> str:
    """Two portfolios, one of them taken back; the link of the other."""
    browser, page = place.browser(who), "/record/portfolio?programme=CECO"
    ticked = re.findall(r'name="statement" value="([^"]+)"', browser.get(page).text)[:3]
    for title in ("Darbs ar bērniem, Valmieras bibliotēkai", "Моите умения за библиотеката във Варна"):
        form = {"programme": "CECO", "title": title, "statement": ticked, "days": "30"}
        assert browser.post("/record/portfolio", form).status_code == 303
        place.clock.forward(minutes=1)
    shown = browser.get(page).text
    browser.post(re.findall(r"(/record/portfolio/[^/\"]+/revoke)", shown)[-1])
    return re.findall(r"(/shared/[^\"]+)", shown)[0]


@dataclass(frozen=True)
class Agreed:
    """Where agreements in every state are seen: by the coordinator, by the learner, by who checks a number."""

    coordinators: tuple[str, ...]
    learners: tuple[str, ...]
    checked: tuple[str, ...]
    page: str
    stands: str


def _agreements(place: Place, by: Somebody, learner: Somebody) -> Agreed:
    """A memorandum in force, one that was changed, one that was withdrawn; a learning agreement that was superseded,
    stands, and whose third version waits for signatures."""
    yearly = "Katru septembri, abas puses kopā."
    under = all_sign(place, by, memorandum(place, by, review=yearly))
    said = {
        **LEARNING,
        "name": learner.name,
        "activities": "Детски отдел на градската библиотека във Варна.",
        "assess_how": "Портфолио и разговор през последната седмица.",
    }
    oldest = all_sign(place, by, agreement(place, by, learner, **said, memorandum=under.series), learner)
    stands = all_sign(place, by, changed(place, by, oldest, said, ends="2023-01-31"), learner)
    waits = changed(place, by, stands, said, ends="2023-02-28")
    sign(place, by, waits, "0")
    begun = memorandum(place, by, starts="2023-10-01", ends="2025-09-30", review=yearly)
    old = memorandum(place, by, starts="2021-10-01", ends="2022-10-01", review=yearly)
    place.browser(by).post(f"/agreements/{old.series}/withdraw", {"version": old.number, "reason": "Сгрешен партньор."})
    versions = [(one.series, one.number) for one in (under, begun, old, oldest, stands, waits)]
    return Agreed(
        (
            *(f"/agreements/{series}?version={number}" for series, number in versions),
            "/agreements?kind=memorandum",
            "/agreements/new?programme=CECO",
            f"{learning_of(learner)}/new?memorandum={under.series}",
            f"/agreements/{under.series}/change",
            f"/agreements/{waits.series}/change",
        ),
        ("/record/agreements", *(f"/record/agreements/{one.number}" for one in (waits, stands, oldest))),
        tuple(f"/check/{number}" for _series, number in versions),
        f"/agreements/{stands.series}",
        stands.number,
    )


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
    wanted, known = list(first), set(first)
    kinds: Counter[str] = Counter()
    while wanted:
        path = wanted.pop(0)
        endpoint = here.endpoint(path)
        assert endpoint, path
        if kinds[endpoint] >= OF_A_KIND and path not in first:
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
