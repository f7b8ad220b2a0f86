"""Colours can be told apart by people who see less: WCAG 2.2, 1.4.3 (text 4.5:1) and 1.4.11 (shapes 3:1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.looks.guide import STATIC

TOKENS = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
ACCENTS = ("", "CECO", "DIGY")
SCHEMES = ("light", "dark")
KINDS = (
    "not-started",
    "in-progress",
    "demonstrated",
    "not-yet",
    "assessed",
    "validated",
    "recognised",
    "bad",
)


def blocks(css: str) -> Iterator[tuple[str, str]]:
    """Selector and body of each rule; of a media query, its head and all that is in it."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    depth, start, head = 0, 0, ""
    for at, sign in enumerate(css):
        if sign == "{":
            if depth == 0:
                head, start = css[start:at].strip(), at + 1
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                yield head, css[start:at]
                start = at + 1


def colours(scheme: str, programme: str) -> dict[str, str]:
    """The colours in force: what a browser would compute from the cascade of this file."""
    rules = list(blocks(TOKENS))
    if scheme == "dark":
        rules += [rule for head, body in rules if "prefers-color-scheme: dark" in head for rule in blocks(body)]
    found: dict[str, str] = {}
    for wanted in (":root", f'[data-programme="{programme}"]'):
        for head, body in rules:
            if wanted in head:
                found.update(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", body))
    return found


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


TEXT = [
    *((ink, paper) for ink in ("ink", "ink-soft", "accent", "accent-strong") for paper in ("paper", "sheet", "well")),
    *((ink, "accent-soft") for ink in ("ink", "ink-soft", "accent")),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    *((kind, f"{kind}-soft") for kind in KINDS),
    *(("ink", f"{kind}-soft") for kind in ("in-progress", "validated", "not-yet", "bad")),
    *(("ink-soft", f"{kind}-soft") for kind in ("validated", "not-yet", "bad")),
    *((kind, "paper") for kind in ("validated", "not-yet", "bad")),
    ("not-yet", "sheet"),
]
SHAPES = [
    *((edge, paper) for edge in ("edge", "focus", "accent") for paper in ("paper", "sheet")),
    ("edge", "well"),
    ("accent", "well"),
    ("focus", "accent-soft"),
    *((kind, "paper") for kind in KINDS if kind != "recognised"),
    ("recognised-soft", "paper"),
]


def test_the_formula_gives_the_known_ratios() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("programme", ACCENTS)
def test_text_stands_out_from_its_ground(scheme: str, programme: str) -> None:
    found = colours(scheme, programme)
    weak = {pair: round(contrast(found[pair[0]], found[pair[1]]), 2) for pair in TEXT}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("programme", ACCENTS)
def test_edges_icons_and_focus_stand_out(scheme: str, programme: str) -> None:
    found = colours(scheme, programme)
    weak = {pair: round(contrast(found[pair[0]], found[pair[1]]), 2) for pair in SHAPES}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 3} == {}


@pytest.mark.parametrize("programme", ACCENTS)
def test_dark_changes_every_colour_that_light_has(programme: str) -> None:
    light, dark = colours("light", programme), colours("dark", programme)
    assert {name for name in light if light[name] == dark[name]} == set()


def test_programmes_have_accents_of_their_own() -> None:
    for scheme in SCHEMES:
        assert len({colours(scheme, programme)["accent"] for programme in ACCENTS}) == len(ACCENTS)


def test_style_sheets_take_colours_from_the_tokens_only() -> None:
    for sheet in sorted((STATIC / "css").glob("*.css")):
        if sheet.name == "tokens.css":
            continue
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
        strange = set(re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\([^)]*\)", text)) - {"#ffffff", "#000"}
        assert strange == set(), sheet.name
        used = set(re.findall(r"var\(--([\w-]+)", text))
        defined = set(
            re.findall(r"--([\w-]+):", TOKENS + text + (STATIC / "css" / "parts.css").read_text(encoding="utf-8"))
        )
        assert used - defined == set(), sheet.name
