"""What can be wrong with a programme file, said so that its author can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A line (from 1) of a file, as its name was given to the reader."""

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else "programme"


NOWHERE = Where()


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong: where, what, and what to write instead. `code` is stable, the words are not."""

    where: Where
    code: str
    what: str
    do: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.code}: {self.where}: {self.what}; {self.do}"


@dataclass(slots=True)
class Log:
    """Collects problems, each once, so that a file's author sees all of them in one go."""

    found: dict[Problem, None] = field(default_factory=dict)

    def error(self, where: Where, code: str, what: str, do: str) -> None:
        self.found[Problem(where, code, what, do)] = None

    def warning(self, where: Where, code: str, what: str, do: str) -> None:
        self.found[Problem(where, code, what, do, "warning")] = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems in the order of files and lines."""
        return tuple(sorted(self.found))


class ProgrammeInvalid(Exception):
    """A programme that cannot be read. `problems` is never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))
