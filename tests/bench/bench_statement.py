"""Prints how many statements a second one core checks, completes and compares, and how fast both databases take them.

python -m tests.bench.bench_statement [postgresql://…]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from tests.xapi.builders import MODULE, PROGRAMME, REGISTRATION, full_statement, learner, principal, statement
from xapi import Writer, complete, metadata, open_engine, record, same, validate
from xapi.store import Stored

ORDINARY = statement(
    "answered",
    what=f"{MODULE}#q1",
    result={"score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10}, "success": True, "duration": "PT1M30S"},
    context={
        "registration": REGISTRATION,
        "contextActivities": {"parent": [{"id": MODULE}], "grouping": [{"id": PROGRAMME}]},
        "language": "lv",
    },
    timestamp="2022-10-07T09:30:00.123Z",
)


def measure(what: str, work: Callable[[], Any], count: int, each: int = 1) -> None:
    """Prints the best of three runs, in CPU time."""
    best = 0.0
    for _ in range(3):
        start = time.process_time()
        for _ in range(count):
            work()
        best = max(best, count * each / (time.process_time() - start))
    print(f"{what:<48}{best:>12,.0f} statements/s of CPU")


def bench_rules() -> None:
    for name, given in (("ordinary", ORDINARY), ("with every part", full_statement())):
        text = orjson.dumps(given)
        measure(f"validate, {name} ({len(text)} B)", lambda given=given: validate(given), 10_000)  # type: ignore[misc]  # mypy can't infer a lambda's default
        measure(f"parse and validate, {name}", lambda text=text: validate(orjson.loads(text)), 10_000)  # type: ignore[misc]  # the same
    measure("complete", lambda: complete(ORDINARY, learner(), "2022-10-08T00:00:00Z", lambda: "x"), 20_000)
    measure("same", lambda: same(ORDINARY, ORDINARY), 10_000)


def bench_store(url: str) -> None:
    engine = open_engine(url)
    metadata.drop_all(engine)
    metadata.create_all(engine)
    writer = Writer(engine)

    def listen(_conn: object, _stored: tuple[Stored, ...]) -> None:
        """Nobody listens."""

    for batch, rounds in ((1, 200), (100, 20), (500, 6)):
        start = time.perf_counter()
        for _ in range(rounds):
            record(writer, principal(), [ORDINARY] * batch, listen, datetime.now(UTC))
        rate = batch * rounds / (time.perf_counter() - start)
        print(f"{engine.dialect.name}, batches of {batch:<4} {'':<24}{rate:>12,.0f} statements/s by the clock")
    metadata.drop_all(engine)
    engine.dispose()


if __name__ == "__main__":
    bench_rules()
    with tempfile.TemporaryDirectory() as folder:
        bench_store(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
    for address in sys.argv[1:]:
        bench_store(address)
