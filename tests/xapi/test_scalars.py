from __future__ import annotations

from datetime import UTC, datetime

import pytest

from xapi import scalars


@pytest.mark.parametrize(
    "text", ["P3Y", "PT1H", "P4W", "P3Y1M29DT4H35M59.14S", "PT16559.14S", "PT0.123456S", "PT1,5H", "P1M"]
)
def test_durations(text: str) -> None:
    assert scalars.is_duration(text)


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "P4W1D", "P1H", "PA1H0M0S", "PT1.5H3M", "P-1D", "1H", "P0003-06-04T12:30:05", "PT１H"],
)
def test_no_durations(text: str) -> None:
    assert not scalars.is_duration(text)


def test_durations_are_compared_at_a_hundredth_of_a_second() -> None:
    assert scalars.read_duration("PT1M0.129S") == scalars.read_duration("PT60.121S")
    assert scalars.read_duration("PT1M0.12S") != scalars.read_duration("PT60.13S")
    assert scalars.read_duration("P1Y") == scalars.read_duration("P12M")
    assert scalars.read_duration("P1M") != scalars.read_duration("PT1M")


@pytest.mark.parametrize(
    "text", ["en", "en-US", "lv", "zh-Hant-TW", "sl-rozaj-biske", "x-private", "i-klingon", "EN-us", "und"]
)
def test_languages(text: str) -> None:
    assert scalars.is_language(text)


@pytest.mark.parametrize(
    "text", ["", "a12345678", "e", "en_US", "en-", "english-language-tag-too-longsubtag", "-en", "лв"]
)
def test_no_languages(text: str) -> None:
    assert not scalars.is_language(text)


@pytest.mark.parametrize(
    "text", ["http://a.example/x?y#z", "tag:biblio-project.eu,2022:module/M01", "urn:x:ā", "mailto:a@b.c", "a:b%20"]
)
def test_iris(text: str) -> None:
    assert scalars.is_iri(text)


@pytest.mark.parametrize(
    "text", ["", "no scheme", "http:", "//a.example", "a:b c", "a:<b>", "1a:b", "a:b%2", "a:b\n", "a:b\x00", 'a:"']
)
def test_no_iris(text: str) -> None:
    assert not scalars.is_iri(text)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2022-10-07T09:30:00Z", datetime(2022, 10, 7, 9, 30, tzinfo=UTC)),
        ("2022-10-07T09:30:00+02:00", datetime(2022, 10, 7, 7, 30, tzinfo=UTC)),
        ("2022-10-07T09:30:00-0330", datetime(2022, 10, 7, 13, 0, tzinfo=UTC)),
        ("2022-10-07T09:30:00+02", datetime(2022, 10, 7, 7, 30, tzinfo=UTC)),
        ("2022-10-07T09:30:00.123456789Z", datetime(2022, 10, 7, 9, 30, 0, 123456, UTC)),
        ("2022-10-07T09:30:00", datetime(2022, 10, 7, 9, 30, tzinfo=UTC)),
        ("20221007T093000Z", datetime(2022, 10, 7, 9, 30, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, 999999, UTC)),
    ],
)
def test_timestamps(text: str, utc: datetime) -> None:
    assert scalars.read_time(text) == utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01/011/2015",
        "2022-10-07",
        "2022-02-30T00:00:00Z",
        "2022-10-07T25:00:00Z",
        "2022-10-07T09:30:00-00",
        "2022-10-07T09:30:00-0000",
        "2022-10-07T09:30:00-00:00",
        "2022-10-07T09:30:00+24:00",
        "2022-10-07T09:30:00+01:60",
        "0001-01-01T00:00:00+05:00",
        "2022-10-07 09:30:00Z",
        "２０22-10-07T09:30:00Z",
    ],
)
def test_no_timestamps(text: str) -> None:
    assert scalars.read_time(text) is None


def test_timestamps_in_utc_keep_every_digit() -> None:
    assert scalars.in_utc("2022-10-07T09:30:00.123456789+02:00") == "2022-10-07T07:30:00.123456789Z"
    assert scalars.in_utc("2022-10-07T09:30:00.10Z") == "2022-10-07T09:30:00.10Z"
    assert scalars.in_utc("2022-10-07T23:30:00-01:00") == "2022-10-08T00:30:00Z"
