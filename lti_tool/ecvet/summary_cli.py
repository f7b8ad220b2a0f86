"""`lti-tool programme verify`: what is kept for pages over many learners, compared with the judge."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from lti_tool.ecvet import settling
from lti_tool.ecvet.settling import Difference, Pair
from lti_tool.settings import Settings
from lti_tool.wiring import Wiring


def verify_command(ready: Callable[[], Settings] = lambda: Settings.read(os.environ)) -> click.Command:
    """The command; `ready` gives the settings of a database that can be used."""

    @click.command("verify")
    @click.option("--sample", default=200, show_default=True, type=click.IntRange(1), help="Compare so many learners.")
    @click.option("--all", "everyone", is_flag=True, help="Compare all.")
    def verify(sample: int, everyone: bool) -> None:
        """Compare what lists and figures show with what the judge says now, and print what differs."""
        wiring = Wiring.open(ready())

        def draw(pairs: list[Pair], count: int) -> list[Pair]:
            return random.sample(pairs, count)  # a sample, no secret

        try:
            compared = waiting = wrong = 0
            for some, late, found in settling.verify(wiring, None if everyone else sample, draw):
                compared, waiting, wrong = compared + some, waiting + late, wrong + len(found)
                for one in found:
                    for line in told(one):
                        click.echo(line)
        finally:
            wiring.engine.dispose()
        click.echo(f"{compared} compared, {wrong} different, {waiting} waiting to be judged again", err=True)
        raise SystemExit(1 if wrong else 0)

    return verify


def told(one: Difference) -> list[str]:
    """A line for each thing that is kept otherwise than the judge says."""
    person, programme = one.pair

    def of(what: Any, name: str) -> object:
        return None if what is None else getattr(what, name)

    return [
        f"{programme}  {person}  {field.name}: kept {of(one.kept, field.name)!r}, judged {of(one.judged, field.name)!r}"
        for field in fields(one.judged)
        if of(one.kept, field.name) != of(one.judged, field.name)
    ]
