"""Columns that follow their modules: after a new version of a programme they get the new names, each once."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.ecvet import store as ecvet
from lti_tool.ecvet.terms import Programme
from lti_tool.gradebook import columns, pace, store, tokens
from lti_tool.gradebook.ags import Gradebook, Trouble
from lti_tool.gradebook.columns import Change
from lti_tool.gradebook.titles import Titled
from lti_tool.gradebook.worker import CONCURRENCY, worker_name
from lti_tool.launch import platforms
from lti_tool.wiring import Wiring

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Brings columns up to date. Any number may run."""

    wiring: Wiring
    sign: tokens.Sign
    name: str = field(default_factory=worker_name)

    def run_due(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """The columns whose names or maximum are out of date were changed, as far as platforms could be reached; how
        many were looked at."""
        with reading(self.wiring.engine) as conn:
            wanted = outdated(conn)
        by_platform: dict[int, list[Change]] = defaultdict(list)
        for change in wanted:
            by_platform[change.item.platform_id].append(change)
        return sum(self._serve(platform, changes, stopping) for platform, changes in sorted(by_platform.items()))

    def _serve(self, platform: int, changes: Iterable[Change], stopping: Callable[[], bool]) -> int:
        now = self.wiring.clock()
        with reading(self.wiring.engine) as conn:
            registration = platforms.get(conn, platform)
            trouble = pace.of(conn, [platform]).get(platform)
        if (
            registration is None
            or registration.status != "approved"
            or (trouble and trouble.until and trouble.until > now)
        ):
            return 0
        most = pace.limit(registration.product, trouble.failures if trouble else 0, CONCURRENCY)
        slot = self.wiring.writer.run(lambda conn: pace.take_slot(conn, platform, most, self.name, now, store.LEASE))
        if slot is None:
            return 0
        book, done = Gradebook(self.wiring, registration, self.sign), 0
        try:
            for change in changes:
                if stopping() or not self._keep(platform, slot):
                    break
                done += columns.bring_up_to_date(self.wiring, book, change, self.name)
            now = self.wiring.clock()
            self.wiring.writer.run(lambda conn: pace.works(conn, platform, now))
        except Trouble as error:
            log.warning("columns of platform %s: %s", platform, error)
            verdict, detail, now = error.verdict, str(error), self.wiring.clock()
            until = now + pace.length(trouble.failures if trouble else 0, 0.5, verdict.code, verdict.wait)
            self.wiring.writer.run(lambda conn: pace.pause(conn, platform, until, verdict.code, detail, now))
        finally:
            self.wiring.writer.run(lambda conn: pace.give_back(conn, platform, slot, self.name))
        return done

    def _keep(self, platform: int, slot: int) -> bool:
        until = self.wiring.clock() + store.LEASE
        return self.wiring.writer.run(lambda conn: pace.keep_slot(conn, platform, slot, self.name, until))


def outdated(conn: Connection) -> list[Change]:
    """The columns that are not called, or not scaled, as they should be by the current versions of the programmes."""
    current = ecvet.current(conn)
    now = _titled(current)
    items = [item for item in store.columns(conn) if item.activity in now]
    before: dict[str, list[Titled]] = defaultdict(list)
    versions = sa.select(ecvet.programmes.c.id, ecvet.programmes.c.version).where(~ecvet.programmes.c.current)
    for id, version in conn.execute(versions).all() if items else ():
        old = ecvet.get(conn, id, version)
        for iri, thing in _titled([old] if old else []).items():
            before[iri].append(thing)
    return columns.outdated(items, now, before)


def _titled(programmes: Iterable[Programme]) -> dict[str, Titled]:
    found: dict[str, Titled] = {}
    for programme in programmes:
        found |= {module.iri: module for module in programme.modules}
        found |= {unit.iri: unit for unit in programme.units}
    return found
