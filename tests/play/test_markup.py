"""Text of any author becomes HTML that is safe in our name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as parser

from lti_tool.play.markup import media_name, render

MEDIA = {"a.svg", "film.mp4", "film.lv.vtt", "sheet.ods", "mute.webm"}
ALLOWED = {
    *(
        "p",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "em",
        "strong",
        "br",
        "hr",
        "a",
    ),
    *("span", "img", "video", "track", "div", "table", "thead", "tbody", "tr", "th", "td"),
}

PIECES = st.sampled_from(
    [
        *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<iframe src='//x'>", "<style>*{}</style>"),
        *("[a](javascript:alert(1))", "[a](<javascript:alert(1)>)", "![a](data:text/html,x)", "[a](//evil.example)"),
        *('![a](media/a.svg" onload="alert(1))', '[a](https://x.example/" onclick="x)', "<a href='x' style='y'>"),
        *("# H", "###### H", "> ", "* x\n", "| a |\n|--:|\n| b |\n", "`", "```", "![x](media/../../keys/a.svg)"),
        *(
            "![f](media/film.mp4)",
            "&lt;script&gt;",
            "\n\n",
            " ",
            "&#x6a;avascript:",
            "[a](media/sheet.ods)",
            "<svg/onload=1>",
        ),
        *(
            "[x]: javascript:alert(1)\n\n[x]",
            "<!--",
            "-->",
            "\x00",
            "![a](media/%2e%2e/x.svg)",
            "<video src=x autoplay>",
        ),
    ]
)


@given(st.lists(PIECES | st.text(max_size=8), max_size=12).map("".join), st.text(max_size=10))
def test_nothing_that_runs_or_styles_comes_through(text: str, title: str) -> None:
    shown, _faults = render(text, title, MEDIA)
    for element in parser.fragment_fromstring(shown, create_parent="main").iterdescendants():
        assert element.tag in ALLOWED
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert name != "style"
            if name == "src":
                assert value.startswith(("media/", "https://"))
                assert ".." not in value
            if name == "href":
                assert value.startswith(("media/", "https://", "http://", "mailto:"))


def test_raw_html_is_shown_as_the_text_it_is() -> None:
    shown, _ = render("a <b onclick='x'>b</b>", "t", ())
    assert "&lt;b onclick" in shown


def test_headings_begin_below_the_title_and_leave_no_level_out() -> None:
    shown, _ = render("### A\n\n##### B\n\n### C", "t", ())
    assert [element.tag for element in parser.fragments_fromstring(shown)] == ["h2", "h3", "h2"]


def test_links_open_in_a_new_tab_and_say_so() -> None:
    shown, faults = render("[Portal](https://data.europa.eu/)", "t", ())
    link = parser.fragment_fromstring(shown).find(".//a")
    assert link is not None
    assert (link.get("target"), link.get("rel")) == ("_blank", "noopener noreferrer")
    assert link.find("span[@class='hidden-text new-tab']") is not None
    assert not faults


def test_a_picture_keeps_its_description() -> None:
    shown, faults = render("![Three *steps*](media/a.svg)", "t", MEDIA)
    picture = parser.fragment_fromstring(shown).find(".//img")
    assert picture is not None
    assert (picture.get("src"), picture.get("alt")) == ("media/a.svg", "Three steps")
    assert not faults


def test_a_film_has_controls_captions_and_a_link() -> None:
    shown, faults = render("![How to search](media/film.mp4)", "t", MEDIA)
    film = parser.fragment_fromstring(shown).find(".//video")
    assert film is not None
    assert (film.get("src"), film.get("aria-label"), film.get("autoplay")) == ("media/film.mp4", "How to search", None)
    track = film.find("track")
    assert track is not None
    assert (track.get("src"), track.get("srclang"), track.get("kind")) == ("media/film.lv.vtt", "lv", "captions")
    assert not faults


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("\n![](media/a.svg)", "no description"),
        ("\n![x](media/none.svg)", 'no file "none.svg"'),
        ("\n![x](media/mute.webm)", "no captions"),
        ("\n![x](media/sheet.ods)", "neither picture nor video"),
        ("\n![x](http://example.org/a.png)", "cannot be shown"),
        ("\n![x](../../keys/a.svg)", "cannot be shown"),
        ("\n[x](/lti/launch)", "leads nowhere"),
        ("\n[x](media/none.pdf)", 'no file "none.pdf"'),
    ],
)
def test_what_cannot_be_shown_is_said_with_its_line(text: str, what: str) -> None:
    _, faults = render(text, "t", MEDIA)
    assert [(fault.line, what in fault.what) for fault in faults] == [(2, True)]


def test_a_wide_table_scrolls_by_itself_and_numbers_stand_right() -> None:
    shown, _ = render("| a | b |\n|---|--:|\n| c | 1 |", 'Title "x"', ())
    frame = parser.fragment_fromstring(shown)
    assert (frame.get("role"), frame.get("tabindex"), frame.get("aria-label")) == ("region", "0", 'Title "x"')
    assert [cell.get("scope") for cell in frame.iter("th")] == ["col", "col"]
    assert [cell.get("class") for cell in frame.iter("td")] == [None, "num"]
    assert "style" not in shown


@pytest.mark.parametrize(
    "address",
    [
        *(
            "media/../x.svg",
            "media/a/b.svg",
            "media/.x.svg",
            "media/x.html",
            "media/x",
            "media/",
            "x.svg",
            "/media/x.svg",
        ),
        *("media/%2e%2e%2fx.svg", "media/x.svg\n", "media/x\\y.svg", "media/x.js"),
    ],
)
def test_only_plain_names_of_known_kinds_are_media(address: str) -> None:
    assert media_name(address) is None
