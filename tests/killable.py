"""`lti-tool …`, with points at which it can be killed: `python -m tests.killable serve|worker …`.

The file that KILL_FILE names arms one point: the process that comes by there first takes the file away and dies by
SIGKILL, so nothing is finished, flushed or told. Leases are short (KILL_LEASE seconds): the next worker need not wait
for minutes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal


@dataclass(frozen=True, slots=True)
class Point:
    """Before or after this function runs, in a request to an address that ends so (if one is named)."""

    module: str
    name: str
    when: Literal["before", "after"]
    path: str = ""


WEB: Final = {
    "launch committed, not answered": Point("xapi.writer", "Writer.run", "after", "/lti/launch"),
    "statement not begun": Point("xapi.writer", "Writer.run", "before", "/xapi/statements"),
    "statement stored, not committed": Point("xapi.recording", "add_admitted", "after"),
    "statement committed, not answered": Point("xapi.writer", "Writer.run", "after", "/xapi/statements"),
    "attempt stored, not committed": Point("lti_tool.play.acts", "hand_in", "after"),
    "attempt committed, not answered": Point("xapi.writer", "Writer.run", "after", "/quiz"),
}
_WORKER: Final = "lti_tool.gradebook.worker"
WORKER: Final = {
    "claim not committed": Point("lti_tool.gradebook.store", "claim", "after"),
    "claimed": Point(_WORKER, "Worker._judge_and_send", "before"),
    "planned": Point(_WORKER, "Worker._send", "before"),
    "posted, not settled": Point("lti_tool.gradebook.ags", "Gradebook.post", "after"),
    "settled": Point(_WORKER, "Worker._settle", "after"),
}


def plant(armed: Path) -> None:
    """All points are watched in this process and in those that it forks."""
    for label, point in (WEB | WORKER).items():
        holder: Any = import_module(point.module)
        *outer, last = point.name.split(".")
        for name in outer:
            holder = getattr(holder, name)
        setattr(holder, last, _watched(getattr(holder, last), label, point, armed))


def _watched(function: Callable[..., Any], label: str, point: Point, armed: Path) -> Callable[..., Any]:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if point.when == "before":
            _die(label, point, armed)
        result = function(*args, **kwargs)
        # A claim that found nothing is no claim.
        if point.when == "after" and result != []:
            _die(label, point, armed)
        return result

    return watched


def _die(label: str, point: Point, armed: Path) -> None:
    from flask import has_request_context, request

    if point.path and not (has_request_context() and request.method == "POST" and request.path.endswith(point.path)):
        return
    try:
        if armed.read_text() != label:
            return
        armed.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """The command line of the tool, with the points planted."""
    import lti_tool.serving
    from lti_tool import cli
    from lti_tool.gradebook import store

    plant(Path(os.environ["KILL_FILE"]))
    store.LEASE = timedelta(seconds=float(os.environ["KILL_LEASE"]))  # type: ignore[misc]  # two minutes otherwise
    lti_tool.serving.PAUSE = 0.1  # type: ignore[misc]  # a second otherwise
    cli.main()


if __name__ == "__main__":
    main()
