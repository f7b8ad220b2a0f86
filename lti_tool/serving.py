"""The two kinds of process: web (gunicorn) and worker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication
from sqlalchemy import Connection

from lti_tool import calls
from lti_tool.agreements.told import unsigned
from lti_tool.app import create_app
from lti_tool.ecvet import once as forms
from lti_tool.ecvet import settling as summaries
from lti_tool.gradebook.marking import lapsed
from lti_tool.gradebook.roster import Rosters
from lti_tool.gradebook.upkeep import Upkeep
from lti_tool.gradebook.worker import Worker
from lti_tool.insight import reminders
from lti_tool.launch import store as launches
from lti_tool.launch.keys import ToolKeys
from lti_tool.people import joins, post, postman
from lti_tool.settings import Settings
from lti_tool.web import set_up_logs
from lti_tool.wiring import Wiring, utc_now
from xapi.errors import Busy

PAUSE: Final = 1.0
"""Seconds between two looks for what is due: a grade is on its way within that time."""
UPKEEP_EVERY: Final = 300.0
"""Seconds between two looks for columns that are called as their modules were once called."""
TIDY_EVERY: Final = 3600
"""Looks between two clean-ups of what has run out, about an hour."""

log = logging.getLogger(__name__)


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self.settings = settings
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            if name in self.cfg.settings:  # older releases lack the control socket, and the setting
                self.cfg.set(name, value)

    def load(self) -> Flask:
        # Called in each process after the fork: connections and locks are never shared.
        set_up_logs(self.settings)
        return create_app(self.settings)


def run(settings: Settings, host: str, port: int, workers: int, threads: int) -> None:
    """Serves until the process is told to stop; requests under way are finished first."""
    _Server(
        settings,
        {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "workers": workers,
            "worker_class": "gthread",
            "threads": threads,
            "timeout": 60,
            "graceful_timeout": 20,
            "keepalive": 5,
            # Without cookies a page's address holds its token; the longest is far below this.
            "limit_request_line": 8190,
            # Tokens are in addresses where the browser keeps no cookies: no access log, ever.
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "control_socket_disable": True,
        },
    ).run()


def work(settings: Settings, stop: threading.Event, *, once: bool = False) -> None:
    """Delivers grades and reads lists of learners that are due, again and again until `stop` is set; with `once`, a
    single time."""
    wiring = Wiring.open(settings, lapsed=lapsed(utc_now))
    sign = ToolKeys(settings.keys_dir, wiring.clock).sign
    grades, rosters, upkeep = Worker(wiring, sign, wiring.authority), Rosters(wiring, sign), Upkeep(wiring, sign)

    def read_lists() -> int:
        return rosters.run_due(stop.is_set)

    def judge_again() -> int:
        return summaries.settle(wiring)

    def remind() -> int:
        reminders.remind(wiring, stop.is_set, unsigned)
        return 0

    def rename() -> int:
        upkeep.run_due(stop.is_set)
        return 0

    def send_mails() -> int:
        return postman.deliver(wiring, grades.name, stop.is_set)

    def tidy(conn: Connection) -> None:
        launches.purge(conn, wiring.clock())
        calls.purge(conn, wiring.clock())
        post.purge(conn, wiring.clock())
        forms.purge(conn, wiring.clock())
        summaries.tidy(conn)
        joins.purge(conn, wiring.clock())

    if not once:
        # Beside the grades: a list may take minutes, and no grade waits for it. What ends in the middle of a list is
        # gone on with by the next worker.
        threading.Thread(target=_repeat, args=(read_lists, stop), name="rosters", daemon=True).start()
        threading.Thread(target=_repeat, args=(send_mails, stop), name="mail", daemon=True).start()
        threading.Thread(target=_repeat, args=(judge_again, stop), name="summaries", daemon=True).start()
        threading.Thread(target=_repeat, args=(remind, stop, UPKEEP_EVERY), name="reminders", daemon=True).start()
        threading.Thread(target=_repeat, args=(rename, stop, UPKEEP_EVERY), name="columns", daemon=True).start()
    looks = 0
    while not stop.is_set():
        dealt = _look(lambda: grades.run_due(stop.is_set))
        if looks % TIDY_EVERY == 0:
            _look(lambda: wiring.writer.run(tidy) or 0)
        looks += 1
        if once:
            _look(read_lists)
            _look(send_mails)
            _look(remind)
            _look(rename)
            while _look(judge_again):
                pass
            return
        if dealt == 0:
            stop.wait(PAUSE)


def _repeat(work: Callable[[], int], stop: threading.Event, pause: float = PAUSE) -> None:
    while not stop.is_set():
        try:
            dealt = _look(work)
        except Exception:  # what keeps it from being done today must not keep it from it for ever
            log.exception("%s could not be looked after", threading.current_thread().name)
            dealt = 0
        if dealt == 0:
            stop.wait(pause)


def _look(work: Callable[[], int]) -> int:
    """How much there was to do; 0 as well where the database is busy, and the next look comes in a moment."""
    try:
        return work()
    except Busy:
        log.info("the database is busy; the next look comes in a moment")
        return 0
