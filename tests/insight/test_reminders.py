"""Reminders by mail: numbers and no names, once a day at most, off by default, ended by a link."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lti_tool.db import reading, writing
from lti_tool.insight.reminders import counts, remind
from lti_tool.people import mail
from lti_tool.people import store as people
from lti_tool.people.mail import MailFailed
from lti_tool.people.roles import Grant, Role
from lti_tool.settings import Settings, SettingsError
from lti_tool.wiring import Wiring
from tests.insight.test_views_todo import claim
from tests.learning import BASE, Browser, Place, text_of

Sent = list[dict[str, Any]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    found: Sent = []
    monkeypatch.setattr(mail, "send", lambda _url, **parts: found.append(parts))
    return found


def wiring_of(place: Place, reminders: str = "daily", smtp_url: str = "smtp://127.0.0.1:1") -> Wiring:
    told = replace(place.wiring.settings, reminders=reminders, smtp_url=smtp_url)  # type: ignore[arg-type]  # a choice
    return replace(place.wiring, settings=told)


def holder(place: Place, role: Role, email: str | None, programme: str = "CECO", locale: str = "en") -> str:
    with writing(place.engine) as conn:
        key = people.person_here(conn, BASE, f"The {role}", place.clock(), email=email)
        people.grant(conn, key, Grant(role, None, programme), "test", place.clock())
        people.choose_locale(conn, [key], locale)
    return key


def ready(place: Place, name: str = "Anna") -> None:
    """A learner whose first unit waits for assessment, and who has entered hours."""
    anna = place.learner(name, "CECO")
    place.demonstrates_u1(anna)
    data = {"mode": "work_based", "day": "2022-10-12", "hours": "3", "tasks": "x"}
    assert place.browser(anna).post("/record/unit/CECO-U8/hours?programme=CECO", data).status_code == 303


def test_each_is_told_what_waits_for_them_and_no_name_of_a_learner(place: Place, sent: Sent) -> None:
    ready(place)
    ready(place, "Boris")
    holder(place, "assessor", "assessor@example.org")
    holder(place, "mentor", "mentor@example.org")
    for nobody, role in (("moderator@example.org", "moderator"), (None, "coordinator")):
        holder(place, role, nobody)  # type: ignore[arg-type]  # a Role
    holder(place, "assessor", "digy@example.org", "DIGY")
    assert remind(wiring_of(place)) == 2
    mails = {one["to"]: one["text"] for one in sent}
    assert set(mails) == {"assessor@example.org", "mentor@example.org"}
    assert "2 units wait for your assessment." in mails["assessor@example.org"]
    assert "2 entries of hours wait for you." in mails["mentor@example.org"]
    assert not re.search("Anna|Boris|assessment", mails["mentor@example.org"])


def test_one_mail_a_day_and_none_where_nothing_waits(place: Place, sent: Sent) -> None:
    holder(place, "assessor", "assessor@example.org")
    wiring = wiring_of(place)
    assert remind(wiring) == 0
    ready(place)
    assert [remind(wiring), remind(wiring)] == [1, 0]
    place.clock.forward(hours=23)
    assert remind(wiring) == 0
    place.clock.forward(hours=1)
    assert remind(wiring) == 1


@pytest.mark.parametrize(("reminders", "smtp_url"), [("off", "smtp://127.0.0.1:1"), ("daily", "")])
def test_off_is_off(here: Place, sent: Sent, reminders: str, smtp_url: str) -> None:
    ready(here)
    holder(here, "assessor", "assessor@example.org")
    assert remind(wiring_of(here, reminders, smtp_url)) == 0
    assert sent == []


def test_a_mail_that_fails_is_no_end_and_comes_the_next_day(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(here)
    holder(here, "assessor", "a@example.org")
    holder(here, "mentor", "b@example.org")
    tried: list[str] = []

    def fail(_url: str, *, to: str, **_parts: Any) -> None:
        tried.append(to)
        if to == "a@example.org":
            raise MailFailed("MAIL-FAILED", "no")

    monkeypatch.setattr(mail, "send", fail)
    assert remind(wiring_of(here)) == 1
    assert sorted(tried) == ["a@example.org", "b@example.org"]
    here.clock.forward(hours=24)
    remind(wiring_of(here))
    assert tried.count("a@example.org") == 2


def test_the_link_of_a_mail_ends_them_by_its_button_alone(place: Place, sent: Sent) -> None:
    ready(place)
    holder(place, "assessor", "assessor@example.org")
    remind(wiring_of(place))
    path = re.findall(re.escape(BASE) + r"(/reminders/stop/\S+)", sent[0]["text"])[0]
    guest = Browser(place, None)
    for _scanner in range(2):
        assert "Send me no more of them" in guest.get(path).text
    place.clock.forward(hours=24)
    assert remind(wiring_of(place)) == 1
    assert "No more reminders" in text_of(guest.post(path).text)
    place.clock.forward(hours=24)
    assert remind(wiring_of(place)) == 0
    assert guest.post(path[:-3]).status_code == 404


def test_nothing_about_oneself_waits(here: Place) -> None:
    anna = here.learner("Anna", "CECO")
    here.demonstrates_u1(anna)
    here.grant(anna, "coordinator")
    with reading(here.engine) as conn:
        assert not counts(conn, here.by(anna), here.clock(), BASE)


def test_reminders_need_a_mail_server() -> None:
    secret = {"LTI_TOOL_SECRET_KEY": "s" * 40}
    assert Settings.read(secret).reminders == "off"
    with pytest.raises(SettingsError, match="SMTP_URL"):
        Settings.read({**secret, "LTI_TOOL_REMINDERS": "daily"})
    with pytest.raises(SettingsError, match="REMINDERS"):
        Settings.read({**secret, "LTI_TOOL_REMINDERS": "hourly", "LTI_TOOL_SMTP_URL": "smtp://h:25"})


def test_claims_of_prior_learning_are_counted_until_they_are_decided(
    place: Place, sent: Sent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # DATA_DIR is relative by default
    anna = place.learner("Anna", "CECO")
    id = claim(place, anna)
    claim(place, anna, "Another")
    holder(place, "assessor", "assessor@example.org")
    holder(place, "mentor", "mentor@example.org")
    assert remind(wiring_of(place)) == 1
    assert "2 claims of prior learning wait for you." in sent[0]["text"]
    decided = {"claim": id, "result": "refused", "reason": "x"}
    assessor = place.browser(place.holder("assessor"))
    assert assessor.post(f"/programme/CECO/learner/{anna.person}/prior", decided).status_code == 303
    place.clock.forward(hours=24)
    assert remind(wiring_of(place)) == 1
    assert "1 claim of prior learning waits for you." in sent[1]["text"]
