"""The language of a page, and how numbers and dates are written in it."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from lti_tool import i18n
from tests.looks.guide import MOMENT


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("lv", "lv"),
        ("bg", "bg"),
        ("el", "el"),
        ("it", "it"),
        ("en", "en"),
        ("en_us", "en"),
        ("en-GB", "en"),
        ("el_GR.UTF-8", "el"),
        ("it_wp", "it"),
        ("LV-lv", "lv"),
        ("gre", "el"),
        ("pt_br", None),
        ("de_du", None),
        ("elx", None),
        ("", None),
        (None, None),
    ],
)
def test_locales_of_platforms_are_understood(tag: str | None, language: str | None) -> None:
    assert i18n.language_of(tag) == language


@given(st.lists(st.none() | st.text(max_size=8)), st.lists(st.text(max_size=8)))
def test_there_is_always_a_language_of_ours(choices: list[str | None], accepted: list[str]) -> None:
    assert i18n.language_for(choices, accepted) in i18n.LANGUAGES


def app_launched_in(launch: str | None) -> Flask:
    app = Flask("language_test")
    i18n.set_up(app, lambda: launch)
    app.add_url_rule("/page", "page", lambda: i18n.current_language())
    app.add_url_rule("/link", "link", lambda: app.url_for("page"))
    return app


def test_the_launch_decides_before_the_browser() -> None:
    client = app_launched_in("lv").test_client()
    assert client.get("/page", headers={"Accept-Language": "it"}).text == "lv"


def test_a_language_that_we_lack_leaves_it_to_the_browser_and_then_to_english() -> None:
    client = app_launched_in("pt_br").test_client()
    assert client.get("/page", headers={"Accept-Language": "pt-BR, el;q=0.8, it;q=0.5"}).text == "el"
    assert client.get("/page").text == "en"


def test_what_the_reader_chooses_holds_against_the_launch() -> None:
    client = app_launched_in("lv").test_client()
    assert client.get("/page?lang=bg").text == "bg"
    assert client.get("/page").text == "bg"


def test_an_unknown_choice_changes_nothing() -> None:
    client = app_launched_in("lv").test_client()
    answer = client.get("/page?lang=<script>")
    assert answer.text == "lv"
    assert "Set-Cookie" not in answer.headers


def test_a_choice_in_one_page_session_stays_in_it() -> None:
    client = app_launched_in("lv").test_client()
    answer = client.get("/page?lang=it", base_url="https://tool.example/s/one")
    assert answer.headers["Set-Cookie"].startswith("lang_here=it;")
    assert "Path=/s/one/" in answer.headers["Set-Cookie"]
    assert "Partitioned" in answer.headers["Set-Cookie"]
    assert client.get("/page", base_url="https://tool.example/s/one").text == "it"
    assert client.get("/page", base_url="https://tool.example/s/two").text == "lv"


def test_without_cookies_the_addresses_carry_the_choice_within_a_session() -> None:
    client = app_launched_in("lv").test_client(use_cookies=False)
    assert client.get("/link?lang=it", base_url="https://tool.example/s/one").text == "/s/one/page?lang=it"
    assert client.get("/link", base_url="https://tool.example/s/one").text == "/s/one/page"
    assert client.get("/link?lang=it").text == "/page"


@pytest.mark.parametrize(
    ("language", "hours", "day", "when"),
    [
        ("en", "1,012.5\u00a0h", "3 March 2023", "3 Mar 2023, 12:02 UTC"),
        ("lv", "1\u00a0012,5\u00a0", "2023. gada 3. marts", "2023. gada 3. marts, 14:02"),
        ("bg", "1\u00a0012,5\u00a0", "3 март 2023\u202fг.", "3.03.2023\u202fг., 14:02"),
        ("el", "1.012,5\u00a0", "3 Μαρτίου 2023", "3 Μαρ 2023, 14:02"),
        ("it", "1.012,5\u00a0", "3 marzo 2023", "3 mar 2023, 13:02"),
    ],
)
def test_each_language_writes_in_its_own_way(app: Flask, language: str, hours: str, day: str, when: str) -> None:
    with app.test_request_context(f"/?lang={language}"):
        assert i18n.hours(1012.5).startswith(hours)
        assert i18n.day(MOMENT) == i18n.day(date(2023, 3, 3)) == day
        assert i18n.when(MOMENT) == when
        assert i18n.clock_time(MOMENT) == when.removesuffix(" UTC")[-5:]


def test_the_day_is_the_readers_day(app: Flask) -> None:
    late = MOMENT.replace(hour=23)
    with app.test_request_context("/?lang=el"):
        assert i18n.day(late) == "4 Μαρτίου 2023"
    with app.test_request_context("/"):
        assert i18n.day(late) == "3 March 2023"


def test_a_moment_without_a_zone_is_refused(app: Flask) -> None:
    with app.test_request_context("/"), pytest.raises(ValueError, match="time zone"):
        i18n.when(datetime(2023, 3, 3))  # noqa: DTZ001  # the fault that is being tested


@pytest.mark.parametrize(("value", "said"), [(0, "0 points"), (1, "1 point"), (1.5, "1.5 points"), (16, "16 points")])
def test_points_are_counted(app: Flask, value: float, said: str) -> None:
    with app.test_request_context("/"):
        assert i18n.points(value) == said


def test_outside_of_a_request_it_is_english() -> None:
    assert i18n.current_language() == "en"
