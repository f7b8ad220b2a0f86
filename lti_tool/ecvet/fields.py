"""Reading one mapping of a programme file: typed, every fault logged with its line and cure."""

from __future__ import annotations

import difflib
import math

from lti_tool.ecvet.marked import Leaf, Node, Row, Table, plain
from lti_tool.ecvet.problems import Log, Where

CODE = "PROGRAMME-FIELD"


class Fields:
    """The entries of a mapping, taken out one by one; `end()` reports those that nobody asked for."""

    __slots__ = ("_asked", "_log", "_table", "what")

    def __init__(self, table: Table, what: str, log: Log) -> None:
        self._table = table
        self._log = log
        self._asked: set[str] = set()
        self.what = what

    @staticmethod
    def of(node: Node | None, what: str, log: Log) -> Fields | None:
        """The fields of a mapping; None, with the fault logged, where it is none."""
        if isinstance(node, Table):
            return Fields(node, what, log)
        if node is not None:
            log.error(node.where, CODE, f"{what} is not a mapping", "write lines such as `key: value` here")
        return None

    @property
    def where(self) -> Where:
        return self._table.where

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self._table.entries)

    def where_of(self, key: str) -> Where:
        node = self._table.get(key)
        return node.where if node else self._table.where

    def has(self, key: str) -> bool:
        self._asked.add(key)
        node = self._table.get(key)
        return node is not None and not (isinstance(node, Leaf) and node.value is None)

    def node(self, key: str) -> Node | None:
        """The value under `key`; None where it is missing or null."""
        return self._table.get(key) if self.has(key) else None

    def fields(self, key: str, required: bool = False) -> Fields | None:
        node = self.node(key)
        if node is None and required:
            self._missing(key, f"write `{key}:` and below it its lines")
        return Fields.of(node, f"{self.what}: {key}", self._log)

    def rows(self, key: str, required: bool = False) -> tuple[Node, ...]:
        node = self.node(key)
        if isinstance(node, Row):
            return node.items
        if node is not None:
            self._wrong(key, "is not a list", "write each entry on a line that begins with `- `")
        elif required:
            self._missing(key, f"write `{key}:` and below it a list")
        return ()

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without `default` it is required and not empty."""
        node = self.node(key)
        if node is None:
            if default is None:
                self._missing(key, f"add `{key}: …`")
            return default or ""
        if isinstance(node, Leaf) and isinstance(node.value, str) and (node.value.strip() or default is not None):
            return node.value
        shown = f'"{node.value}"' if isinstance(node, Leaf) and node.value != "" else '"…"'
        self._wrong(key, "is not a text", f"write it in quotes: {key}: {shown}")
        return default or ""

    def number(self, key: str, default: float | None = None, least: float = 0, most: float = 1_000_000) -> float:
        node = self.node(key)
        if node is None:
            if default is None:
                self._missing(key, f"add `{key}:` with a number")
                return least
            return default
        value = node.value if isinstance(node, Leaf) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._wrong(key, "is not a number", f"write digits, a dot for decimals: {key}: 12.5")
            return least if default is None else default
        if not least <= value <= most:
            self._wrong(key, f"is {value}", f"write a number from {least} to {most}")
        return value

    def whole(self, key: str, default: int | None = None, least: int = 0, most: int = 1_000_000) -> int:
        value = self.number(key, default, least, most)
        if value != int(value):
            self._wrong(key, f"is {value}", "write a whole number")
        return int(value)

    def flag(self, key: str, default: bool) -> bool:
        node = self.node(key)
        if node is None:
            return default
        if isinstance(node, Leaf) and isinstance(node.value, bool):
            return node.value
        self._wrong(key, "is neither true nor false", f"write {key}: true or {key}: false")
        return default

    def choice(self, key: str, among: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(key, default)
        if value and value not in among:
            self._wrong(key, f'is "{value}"', "write one of: " + ", ".join(among))
        return value

    def words(self, key: str) -> tuple[str, ...]:
        """One text or a list of texts."""
        node = self.node(key)
        if node is None:
            return ()
        items = node.items if isinstance(node, Row) else (node,)
        found = []
        for item in items:
            if isinstance(item, Leaf) and isinstance(item.value, str):
                found.append(item.value)
            else:
                shown = plain(item)
                do = f'write it in quotes: "{shown}"' if isinstance(item, Leaf) else "write a text"
                self._log.error(item.where, CODE, f"{self.what}: {key} holds what is not a text", do)
        return tuple(found)

    def end(self) -> None:
        """Reports every key that was not asked for."""
        for key, node in self._table.entries:
            if key not in self._asked:
                close = difflib.get_close_matches(key, sorted(self._asked), 1)
                do = f'did you mean "{close[0]}"?' if close else "take it out, or write one of: "
                do += "" if close else ", ".join(sorted(self._asked))
                self._log.error(node.where, CODE, f'{self.what}: "{key}" is not known here', do)

    def _missing(self, key: str, do: str) -> None:
        self._log.error(self.where, CODE, f"{self.what}: `{key}` is missing", do)

    def _wrong(self, key: str, what: str, do: str) -> None:
        self._log.error(self.where_of(key), CODE, f"{self.what}: `{key}` {what}", do)
