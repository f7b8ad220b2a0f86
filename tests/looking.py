"""How a page is looked at in tests: in a scheme, by axe-core, and past its right edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page

Scheme = Literal["light", "dark"]


def dress(page: Page, scheme: str) -> None:
    """Shows the page in light or dark, at once.

    Whoever wants motion reduced sees no transition. Without that, what fades from one scheme's colours into the
    other's is judged halfway, when the machine is quick, and nothing that anybody reads is wrong.
    """
    page.emulate_media(color_scheme=cast("Scheme", scheme), reduced_motion="reduce")


def violations(page: Page | Frame, tags: Sequence[str] = ()) -> list[str]:
    """What axe-core finds wrong with the page (or frame), as lines; empty where nothing is.

    All its rules are asked, or those with one of the tags.
    """
    # Of what passes, only that it does: to describe each element for nobody takes longer than to judge it.
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if tags:
        options["runOnly"] = {"type": "tag", "values": list(tags)}
    found = Axe().run(page, options=options)  # type: ignore[arg-type]  # it only evaluates script, which a frame does as well
    return [
        f"{one['id']}: {one['help']} at {[node['target'] for node in one['nodes']][:3]}: "
        f"{one['nodes'][0].get('failureSummary', '')}"
        for one in found.response["violations"]
    ]


def beyond_the_edge(page: Page | Frame) -> int:
    """How many pixels of the page can only be reached by scrolling sideways."""
    return int(page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))
