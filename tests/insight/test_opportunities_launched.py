"""What is open to a learner who came from an LMS: each module opens from there, and the way back to the course."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Engine

from tests.conftest import Clock
from tests.world import world


def test_modules_open_and_the_course_is_named(sqlite_engine: Engine, tmp_path: Path, clock: Clock) -> None:
    with world(sqlite_engine.url.render_as_string(hide_password=False), tmp_path, clock) as made:
        assert made.register().status == 200
        made.add("CECO/module/M01")
        anna = made.person("anna")
        launched = anna.open(made.activities()["module/M01"]["id"])
        session = launched.url[: launched.url.index("/module/")]
        page = anna.go(f"{session}/record/opportunities?programme=CECO&lang=en")
        assert page.status == 200
        links = re.findall(r'href="([^"]*/module/(M\d\d))["?]', page.text)
        assert {"M01", "M02", "M30"} <= {module for _address, module in links}
        (back,) = set(re.findall(r'<a href="([^"]+)" target="_top">In your course', page.text))
        assert back.startswith("http")
        opened = anna.go(next(address for address, module in links if module == "M02"))
        assert (opened.status, "/module/M02" in opened.url) == (200, True)
