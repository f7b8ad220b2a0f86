"""An institution's administrator: gives and withdraws roles there, sees who holds them, and decides nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from lti_tool import audit
from lti_tool.cli import cli
from lti_tool.db import reading, writing
from lti_tool.people import grants
from lti_tool.people import store as people
from lti_tool.people.roles import GIVEN, Grant
from tests.conftest import Clock
from tests.learning import BASE, Browser, Place, Somebody, open_place

HOME, ABROAD = "LV-KISC", "EL-HOU"


@pytest.fixture
def place(engine: sa.Engine, clock: Clock) -> Place:
    """On both databases."""
    return open_place(engine, clock)


@pytest.fixture
def here(sqlite_engine: sa.Engine, clock: Clock) -> Place:
    """For promises that have nothing to do with the kind of database."""
    return open_place(sqlite_engine, clock)


def boss(place: Place, programme: str | None = None, institution: str = HOME) -> Somebody:
    return place.holder("institution_admin", programme, institution, name="Inga")


def form(**more: str) -> dict[str, str]:
    return {"name": "Andris Bērziņš", "email": "", "role": "assessor", "institution": HOME, "programme": "CECO", **more}


def held(place: Place, who: str) -> list[Grant]:
    with reading(place.engine) as conn:
        return [grant for account, grant in people.holders(conn) if account.name == who]


def numbers(page: str) -> list[str]:
    return re.findall(r'name="grant" value="(\d+)"', page)


def test_gives_a_role_with_a_link_that_signs_in_and_withdraws_it(place: Place) -> None:
    inga = boss(place)
    browser = place.browser(inga)
    answer = browser.post("/roles", form())
    assert answer.status_code == 200
    assert held(place, "Andris Bērziņš") == [Grant("assessor", HOME, "CECO")]
    found = re.search(rf"{BASE}/sign-in/([\w-]+)", answer.text)
    assert found
    with reading(place.engine) as conn:
        account = people.invited(conn, found[1], place.clock())
        assert account is not None and account.name == "Andris Bērziņš"
        assert [one.by for one in grants.history(conn, [account.key])] == [inga.key]
    page = browser.get("/roles").text
    (number,) = numbers(page)
    assert found[1] not in page, "a link is shown once"
    assert browser.post("/roles/withdraw", {"grant": number, f"why-{number}": "has left"}).status_code == 303
    assert held(place, "Andris Bērziņš") == [] and numbers(browser.get("/roles").text) == []
    with reading(place.engine) as conn:
        told = [(act.kind, act.by, act.why, act.detail["role"]) for act in audit.acts(conn)]
    assert told == [("role_withdrawn", "Inga", "has left", "assessor"), ("role_granted", "Inga", "", "assessor")]
    assert browser.post("/roles/withdraw", {"grant": number}).status_code == 404


@pytest.mark.parametrize("role", GIVEN)
def test_each_role_of_the_institution_can_be_given_for_a_programme_or_for_all(here: Place, role: str) -> None:
    browser = here.browser(boss(here))
    for programme in ("CECO", ""):
        assert browser.post("/roles", form(role=role, programme=programme)).status_code == 200
    assert {(one.role, one.programme) for one in held(here, "Andris Bērziņš")} == {(role, "CECO"), (role, None)}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"institution": ABROAD}, 403),
        ({"institution": ""}, 403),
        ({"role": "admin"}, 400),
        ({"role": "institution_admin"}, 400),
        ({"name": " "}, 400),
        ({"email": "nobody"}, 400),
        ({"programme": "NONE"}, 400),
    ],
)
def test_what_is_not_theirs_to_give_is_refused(here: Place, sent: dict[str, str], status: int) -> None:
    answer = here.browser(boss(here)).post("/roles", form(**sent))
    assert answer.status_code == status
    assert held(here, "Andris Bērziņš") == []


def test_a_role_for_one_programme_gives_roles_in_that_programme_alone(here: Place) -> None:
    browser = here.browser(boss(here, "CECO"))
    assert [browser.post("/roles", form(programme=one)).status_code for one in ("CECO", "DIGY", "")] == [200, 403, 403]
    digy = here.holder("mentor", "DIGY", HOME, name="Dace")
    page = browser.get("/roles").text
    assert "Dace" in page and len(numbers(page)) == 1
    with reading(here.engine) as conn:
        number = next(one.id for one in grants.within(conn, [HOME], GIVEN) if one.account.key == digy.key)
    assert browser.post("/roles/withdraw", {"grant": str(number)}).status_code == 403
    assert held(here, "Dace") == [Grant("mentor", HOME, "DIGY")]


def test_sees_people_of_the_own_institution_and_no_others(here: Place) -> None:
    for name, role, institution in (("Ada", "mentor", HOME), ("Bo", "mentor", ABROAD), ("Cy", "coordinator", None)):
        here.holder(role, "CECO", institution, name=name)  # type: ignore[arg-type]  # a Role
    text = here.browser(boss(here)).text("/roles")
    assert "Ada" in text and "Bo" not in text.split() and "Cy" not in text.split()
    with reading(here.engine) as conn:
        abroad = next(one.id for one in grants.within(conn, [ABROAD], GIVEN))
    assert here.browser(boss(here)).post("/roles/withdraw", {"grant": str(abroad)}).status_code == 404


def test_nobody_gives_a_role_to_themselves(here: Place) -> None:
    inga = boss(here)
    with writing(here.engine) as conn:
        mine = people.accounts.c.actor_key == inga.key
        conn.execute(people.accounts.update().where(mine).values(email="inga@kisc.example"))
    answer = here.browser(inga).post("/roles", form(role="coordinator", email="Inga@kisc.example"))
    assert answer.status_code == 403 and "PEOPLE-OWN-ROLE" in answer.text
    assert held(here, "Inga") == [Grant("institution_admin", HOME, None)]


def test_somebody_with_an_account_gets_the_role_there_and_no_link_into_it_is_shown(here: Place) -> None:
    other = here.holder("mentor", "DIGY", ABROAD, name="Eleni")
    with writing(here.engine) as conn:
        mine = people.accounts.c.actor_key == other.key
        conn.execute(people.accounts.update().where(mine).values(email="eleni@hou.example"))
    answer = here.browser(boss(here)).post("/roles", form(name="Anybody", email="eleni@hou.example"))
    assert answer.status_code == 200 and "/sign-in/" not in answer.text
    assert Grant("assessor", HOME, "CECO") in held(here, "Eleni") and held(here, "Anybody") == []


def test_with_a_mail_server_the_link_goes_by_mail(here: Place) -> None:
    settings = replace(here.wiring.settings, smtp_url="smtp://localhost")
    object.__setattr__(here.wiring, "settings", settings)
    answer = here.browser(boss(here)).post("/roles", form(email="andris@kisc.example"))
    assert answer.status_code == 200 and "/sign-in/" not in answer.text and "andris@kisc.example" in answer.text
    with reading(here.engine) as conn:
        assert conn.execute(sa.text("SELECT address FROM mails")).scalars().all() == ["andris@kisc.example"]


def test_sees_figures_of_the_own_institution_and_no_learner(here: Place) -> None:
    anna = here.learner("Anna", "CECO", institution=HOME)
    browser = here.browser(boss(here))
    assert browser.get("/insight").status_code == 200
    for path in ("/to-do", f"/programme/CECO/learner/{anna.person}", "/programme?programme=CECO"):
        assert browser.get(path).status_code == 403, path


def others(here: Place) -> list[Browser]:
    return [here.browser(here.holder(role)) for role in (*GIVEN, "admin")] + [here.browser(here.learner("Anna"))]


def test_no_other_role_gives_roles(here: Place) -> None:
    for browser in others(here):
        assert browser.get("/roles").status_code == 403
        assert browser.post("/roles", form()).status_code == 403
        assert browser.post("/roles/withdraw", {"grant": "1"}).status_code in (403, 404)
    assert here.browser(None).get("/roles").status_code == 401


def test_the_command_asks_for_the_institution(
    monkeypatch: pytest.MonkeyPatch, here: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = here.engine.url.render_as_string(hide_password=False)
    values = {"DATABASE_URL": url, "SECRET_KEY": "s" * 40, "DATA_DIR": str(tmp_path_factory.mktemp("data"))}
    for name, value in values.items():
        monkeypatch.setenv(f"LTI_TOOL_{name}", value)
    words = ["people", "invite", "Inga", "--role", "institution_admin"]
    assert "PEOPLE-INSTITUTION" in str(CliRunner().invoke(cli, words).exception)
    assert CliRunner().invoke(cli, [*words, "--institution", HOME]).exit_code == 0
    assert held(here, "Inga") == [Grant("institution_admin", HOME, None)]
