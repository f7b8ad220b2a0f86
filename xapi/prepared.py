"""Statements that are put together and compiled once, and then cost what the driver costs.

What a launch or a page asks for each time is the same but for its values; going through SQLAlchemy's Core again and
again takes many times as long as the database does. A statement is still written in Core, for both databases, and its
types convert values and results as they do there.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import BindParameter, ColumnElement, Connection, Dialect, Engine, Select, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

from xapi.database import Answer, alone, within
from xapi.writer import Writer

if TYPE_CHECKING:
    from sqlalchemy.pool import PoolProxiedConnection

Statement: TypeAlias = Select[Any] | UpdateBase
Inserting: TypeAlias = "Callable[..., sqlite.Insert | postgresql.Insert]"
"""INSERT of the database at hand, for `on_conflict_do_nothing` and `on_conflict_do_update`."""


class Prepared:
    """One statement with named `bindparam`s. Threads may share it.

    It is given as it is, or, where it is an INSERT ON CONFLICT, as a function of the dialect's `insert`. Not for lists
    of values (`in_`), nor for defaults that Python computes: both differ from call to call (TypeError at first use).
    """

    __slots__ = ("_forms", "_statement")

    def __init__(self, statement: Statement | Callable[[Inserting], Statement]) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def rows(self, conn: Connection, **values: Any) -> list[Any]:
        """The rows as named tuples, asked for in the transaction of `conn`."""
        form = self._form(conn.dialect)
        rows, _count = within(conn, form, form.bound(values))
        return form.read(rows)

    def first(self, conn: Connection, **values: Any) -> Any:
        """The first row, or None."""
        rows = self.rows(conn, **values)
        return rows[0] if rows else None

    def run(self, conn: Connection, **values: Any) -> int:
        """How many rows it changed, in the transaction of `conn`."""
        form = self._form(conn.dialect)
        _rows, count = within(conn, form, form.bound(values))
        return count

    def look(self, engine: Engine, **values: Any) -> list[Any]:
        """The rows as they are committed now: one question of its own, outside of any transaction."""
        form = self._form(engine.dialect)
        rows, _count = alone(engine, form, form.bound(values))
        return form.read(rows)

    def put(self, writer: Writer, **values: Any) -> int:
        """How many rows it changed, committed: a transaction of its own, or part of one that writers share."""
        if writer.grouped:
            return writer.run(lambda conn: self.run(conn, **values))
        form = self._form(writer.engine.dialect)
        with writer.slot():
            _rows, count = alone(writer.engine, form, form.bound(values))
            return count

    def _form(self, dialect: Dialect) -> _Form:
        found = self._forms.get(dialect.name)
        if found is None:
            on_postgresql = dialect.name == "postgresql"
            statement = self._statement
            if not isinstance(statement, Select | UpdateBase):
                statement = statement(postgresql.insert if on_postgresql else sqlite.insert)
            kind = _PostgresqlForm if on_postgresql else _SqliteForm
            found = self._forms[dialect.name] = kind(statement, dialect)
        return found


def columns_of(table: Table, names: str) -> dict[str, BindParameter[Any]]:
    """For `values` of an INSERT: each of these columns (names with spaces between) takes the value of its name."""
    return {name: bindparam(name, type_=table.c[name].type) for name in names.split()}


class _Form:
    """A statement in the words of one dialect."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        # By position: names would be looked for in the text each time.
        by_position: Any = type(dialect)
        compiled = statement.compile(dialect=by_position(paramstyle=self.paramstyle))
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("only what has values and rows can be prepared")
        unsure = compiled.post_compile_params | compiled.literal_execute_params
        if unsure or compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"this can't be prepared: {compiled.string}")
        self.sql = compiled.string
        self._order = compiled.positiontup or []
        processors = {name: _into(bind.type, dialect) for name, bind in compiled.binds.items()}
        # Values that are part of the statement are converted here, once.
        fixed = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        self._fixed = {name: _through(processors[name], value) for name, value in fixed.items()}
        self._given = [(name, processors[name]) for name in compiled.binds if name not in fixed]
        columns: list[ColumnElement[Any]] = list(statement.exported_columns)
        row: Any = namedtuple("row", [column.key for column in columns], rename=True)  # type: ignore[misc]  # known only now
        self._named: Callable[[Iterable[Any]], Any] = row._make
        self._returns = bool(columns)
        made = ((place, _out_of(column.type, dialect)) for place, column in enumerate(columns))
        self._made = [(place, convert) for place, convert in made if convert is not None]

    paramstyle = "qmark"

    def ask(self, borrowed: PoolProxiedConnection, values: Sequence[Any]) -> Answer:
        """What the driver of this connection answers."""
        raise NotImplementedError

    def bound(self, given: Mapping[str, Any]) -> Sequence[Any]:
        """The values as the driver takes them; KeyError where one is missing."""
        values = dict(self._fixed)
        for name, convert in self._given:
            value = given[name]
            values[name] = value if convert is None else convert(value)
        return [values[name] for name in self._order]

    def read(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """The rows, named and converted."""
        if not self._made:
            return [self._named(row) for row in rows]
        found = []
        for row in rows:
            values = list(row)
            for place, convert in self._made:
                values[place] = convert(values[place])
            found.append(self._named(values))
        return found


class _SqliteForm(_Form):
    def ask(self, borrowed: PoolProxiedConnection, values: Sequence[Any]) -> Answer:
        driver: Any = borrowed.driver_connection
        cursor = driver.execute(self.sql, values)
        return cursor.fetchall() if self._returns else (), cursor.rowcount


class _PostgresqlForm(_Form):
    paramstyle = "numeric_dollar"

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        from xapi import libpq

        super().__init__(statement, dialect)
        self._statement = libpq.Statement(self.sql)

    def ask(self, borrowed: PoolProxiedConnection, values: Sequence[Any]) -> Answer:
        driver: Any = borrowed.driver_connection
        return self._statement.run(driver, borrowed.info.setdefault("xapi_told", set()), values)


def _through(convert: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if convert is None else convert(value)


def _into(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _out_of(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)
