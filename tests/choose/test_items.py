"""What is picked becomes what the LMS asked for, and nothing that it can't take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.choose.items import (
    MAXIMUM,
    RECORD,
    TEXT_LENGTH,
    Asked,
    Pick,
    Words,
    build,
    expand,
    one_line,
    presentation,
    text_of,
)
from lti_tool.ecvet.load import load_all
from lti_tool.ecvet.terms import LANGUAGES, Text
from lti_tool.launch.configuration import CUSTOM

PROGRAMMES = load_all(Path(__file__).parents[2] / "config" / "programmes")
VALUES = sorted(
    {RECORD}
    | {f"{p.id}/programme" for p in PROGRAMMES}
    | {f"{p.id}/unit/{u.id}" for p in PROGRAMMES for u in p.units}
    | {f"{p.id}/progress/{u.id}" for p in PROGRAMMES for u in p.units}
    | {f"{p.id}/module/{m.id}" for p in PROGRAMMES for m in p.modules}
)
WITH_QUIZ = frozenset({"M01", "M02", "M20", "M38"})
WORDS = Words("Mans ieraksts", "Ko esat sasnieguši.")


def asked(**settings: Any) -> Asked:
    return Asked.read({"deep_link_return_url": "https://lms.example.org/back", "accept_multiple": True, **settings})


def items(values: list[str], wanted: Asked | None = None, locale: str = "en") -> list[dict[str, Any]]:
    return build(
        expand(values, PROGRAMMES).picks,
        PROGRAMMES,
        locale=locale,
        base_url="https://tool.example.org",
        icon_url="https://tool.example.org/icon.svg",
        asked=wanted or asked(),
        graded=WITH_QUIZ.__contains__,
        words=WORDS,
    )


def test_a_graded_module_is_an_activity_with_a_column() -> None:
    assert items(["CECO/module/M01"], asked(accept_presentation_document_targets=["iframe", "window"])) == [
        {
            "type": "ltiResourceLink",
            "title": "M01 Browsing, searching and filtering information",
            "text": text_of(PROGRAMMES[0].modules[0], "en"),
            "url": "https://tool.example.org/lti/launch",
            "custom": {"content": "module/M01", "programme": "CECO", **CUSTOM},
            "icon": {"url": "https://tool.example.org/icon.svg", "width": 64, "height": 64},
            "iframe": {"width": 800, "height": 600},
            "lineItem": {
                "label": "M01 Browsing, searching and filtering information",
                "scoreMaximum": 100,
                "resourceId": "module/M01",
                "tag": "ecvet",
                "submissionReview": {"url": "https://tool.example.org/lti/launch"},
            },
        }
    ]


def test_a_unit_is_one_activity_with_one_column() -> None:
    [item] = items(["CECO/progress/BIB-U1"])
    assert item["custom"] == {"content": "unit/BIB-U1", "programme": "CECO", **CUSTOM}
    assert item["title"].startswith("BIB-U1 ")
    assert item["lineItem"]["label"] == item["title"]
    assert (item["lineItem"]["resourceId"], item["lineItem"]["scoreMaximum"]) == ("unit/BIB-U1", 100)
    assert "lineItem" not in items(["CECO/progress/BIB-U1"], asked(accept_lineitem=False))[0]


def test_the_whole_unit_is_its_modules_and_not_its_progress() -> None:
    picked = expand(["CECO/unit/BIB-U1"], PROGRAMMES)
    assert picked.modules == len(picked.picks) > 1
    assert expand(["CECO/progress/BIB-U1", "CECO/module/M01"], PROGRAMMES).modules == 1


def test_a_module_without_quiz_has_no_column() -> None:
    [item] = items(["CECO/module/M10"])
    assert "lineItem" not in item


def test_no_column_is_sent_where_the_lms_refuses_them_and_one_where_it_says_nothing() -> None:
    assert "lineItem" not in items(["CECO/module/M01"], asked(accept_lineitem=False))[0]
    assert "lineItem" in items(["CECO/module/M01"], asked(accept_lineitem=True))[0]
    assert "lineItem" in items(["CECO/module/M01"], asked())[0]


def test_my_record_belongs_to_no_programme_and_is_never_graded() -> None:
    [item] = items(["record"], locale="lv")
    assert (item["title"], item["custom"]) == ("Mans ieraksts", {"content": "record", **CUSTOM})
    assert "lineItem" not in item


@pytest.mark.parametrize("locale", LANGUAGES)
def test_titles_are_in_the_language_of_the_page(locale: str) -> None:
    [item] = items(["DIGY/module/M12"], locale=locale)
    module = PROGRAMMES[1].module("M12")
    assert module is not None
    assert item["title"] == f"M12 {module.title[locale]}"


def test_a_whole_programme_is_each_of_its_modules_once() -> None:
    found = expand(["CECO/programme", "CECO/unit/BIB-U1", "CECO/module/M01"], PROGRAMMES).picks
    assert [pick.content for pick in found] == [f"module/M{n:02}" for n in range(1, 35)]


def test_all_38_modules_at_once() -> None:
    found = items(["CECO/programme", "DIGY/unit/DIGY-U5", "DIGY/unit/DIGY-U6"])
    assert len({item["custom"]["content"] for item in found}) == 38


def test_what_means_nothing_is_told_and_not_sent() -> None:
    picked = expand(["CECO/module/M99", "CECO/module/M01", "M01", "../x", "CECO/module/M35"], PROGRAMMES)
    assert picked.picks == (Pick("module/M01", "CECO"),)
    assert picked.unknown == ("CECO/module/M99", "M01", "../x", "CECO/module/M35")


def test_a_window_is_named_only_where_frames_are_not_taken() -> None:
    assert presentation(["window", "iframe"]) == {"iframe": {"width": 800, "height": 600}}
    assert presentation(["window"]) == {"window": {"targetName": "_blank"}}
    assert presentation(["embed"]) == {}


def values_of(value: Any) -> list[Any]:
    """Every value at any depth."""
    if isinstance(value, dict):
        return [value, *(v for part in value.values() for v in values_of(part))]
    return [value]


@given(
    st.lists(st.sampled_from(VALUES), max_size=12),
    st.sampled_from(LANGUAGES),
    st.sampled_from([None, True, False]),
    st.lists(st.sampled_from(["iframe", "window", "frame", "embed"]), max_size=3),
)
def test_whatever_is_picked_the_lms_can_take_it(
    picked: list[str], locale: str, line_items: bool | None, targets: list[str]
) -> None:
    wanted = asked(accept_lineitem=line_items, accept_presentation_document_targets=targets)
    found = items(picked, wanted, locale)
    contents = [(item["custom"]["content"], item["custom"].get("programme")) for item in found]
    assert len(set(contents)) == len(contents)
    assert found == items(list(reversed(picked)), wanted, locale)
    for item in found:
        assert item["type"] == "ltiResourceLink"
        assert item["title"].strip()
        assert None not in values_of(item)
        assert all(isinstance(v, str) and "\n" not in v for v in item["custom"].values())
        if "lineItem" in item:
            maximum = item["lineItem"]["scoreMaximum"]
            assert type(maximum) is int
            assert 1 <= maximum <= MAXIMUM
            assert item["lineItem"]["resourceId"] == item["custom"]["content"]


@given(st.text(max_size=900))
def test_a_long_description_is_cut_where_it_reads_well(text: str) -> None:
    module = replace(PROGRAMMES[0].modules[0], description=Text({"en": text}))
    cut = text_of(module, "en")
    assert len(cut) <= TEXT_LENGTH
    assert cut == one_line(text) or one_line(text).startswith(cut.rstrip("…"))
    assert cut or not text.strip()


@given(
    st.dictionaries(
        st.sampled_from(["accept_multiple", "accept_lineitem", "data", "deep_link_return_url"]),
        st.none() | st.booleans() | st.text() | st.integers() | st.lists(st.integers()),
    )
)
def test_strange_settings_are_read_all_the_same(settings: dict[str, Any]) -> None:
    found = Asked.read(settings)
    assert found.several is (settings.get("accept_multiple") is True)
    assert ("data" in found.echo) == (settings.get("data") is not None)
