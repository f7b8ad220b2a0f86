"""Engines and transactions, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from select import POLLIN, poll
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sqlalchemy import URL, ColumnElement, Connection, Engine, String, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from xapi.actors import storage_key
from xapi.errors import Busy

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
    from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

WAIT_MS = 5000
"""Longest wait for another writer, in milliseconds, on both databases."""

# Serialization failure, deadlock, lock not available; too many connections, starting up, shutting down.
_LOST_RACE = frozenset({"40001", "40P01"})
_BUSY_STATES = _LOST_RACE | {"55P03", "53300", "57P03", "57P01"}


def open_engine(url: str) -> Engine:
    """An engine whose connections are set up as this package needs them; nothing is connected yet.

    SQLite: WAL, foreign keys, a wait of WAIT_MS for the lock, synchronous=FULL (a commit that was answered
    survives a power cut). PostgreSQL: psycopg 3, lock waits of WAIT_MS at most, transactions where BEGIN is
    said. A forked child gets connections of its own.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        engine = _open_sqlite(url)
    else:
        if address.drivername in ("postgresql", "postgres"):
            address = address.set(drivername="postgresql+psycopg")
        engine = _open_postgresql(address)
    remembered = weakref.ref(engine)

    def leave_connections_to_the_parent() -> None:
        if (mine := remembered()) is not None:
            mine.dispose(close=False)

    os.register_at_fork(after_in_child=leave_connections_to_the_parent)
    return engine


def _open_sqlite(url: str) -> Engine:
    address = make_url(url)
    in_file = bool(address.database) and address.database != ":memory:" and "mode" not in address.query
    pool: dict[str, Any] = {"pool_size": 16, "max_overflow": 48, "pool_timeout": WAIT_MS / 1000} if in_file else {}
    engine = create_engine(address, connect_args={"timeout": WAIT_MS / 1000}, **pool)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver must not open transactions by itself: it would do so only before the first write, which
        # lets two readers that turn writers deadlock. `begin` below says BEGIN.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={WAIT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.close()
        connection.create_function("storage_key", 1, storage_key, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("xapi_writing", False)
        _drive(connection, _BEGIN_IMMEDIATE if immediate else _BEGIN_DEFERRED)

    return engine


def _open_postgresql(address: URL) -> Engine:
    # psycopg forgets all that is prepared on a connection when it rolls back, what `libpq` prepared included: it shall
    # prepare nothing itself.
    settings: dict[str, Any] = {"connect_timeout": 5, "client_encoding": "utf8", "prepare_threshold": None}
    if "options" not in address.query:
        settings["options"] = f"-c lock_timeout={WAIT_MS}"
    engine = create_engine(
        address,
        pool_size=16,
        max_overflow=16,
        pool_timeout=WAIT_MS / 1000,
        # The connection that was used last has its statements prepared and its pages at hand.
        pool_use_lifo=True,
        # The driver's word for "no transaction but what BEGIN (below) begins": one question alone then costs one
        # exchange with the server instead of three, and no connection changes its isolation level on its way.
        isolation_level="AUTOCOMMIT",
        connect_args=settings,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("xapi_reading", False)
        _drive(connection, _BEGIN_READING if reads else _BEGIN)

    @event.listens_for(engine, "checkout")
    def look_alive(connection: DBAPIConnection, _entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        # A server that went away has left its last words, or the end of the stream, on the socket: to look there costs
        # next to nothing, so that the server itself need be asked only then, and not before each transaction.
        spoken = poll()
        spoken.register(connection.fileno(), POLLIN)
        if spoken.poll(0):
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise InvalidatePoolError() from error

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: committed at the end, rolled back on an error.

    On SQLite it owns the write lock from its first moment. Raises Busy where the lock cannot be had in
    WAIT_MS.
    """
    with _told_as_busy(), engine.connect() as plain:
        connection = plain.execution_options(xapi_writing=True)
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads, and sees one state of the database throughout; it is rolled back at the end."""
    with _told_as_busy(), engine.connect() as connection:
        yield connection.execution_options(xapi_reading=True)


Answer: TypeAlias = "tuple[Sequence[Sequence[Any]], int]"
"""The rows that a statement returned, and how many it changed."""


class Driven(Protocol):
    """A statement that goes to the driver itself."""

    sql: str

    def ask(self, borrowed: PoolProxiedConnection, values: Sequence[Any]) -> Answer:
        """What the driver of this connection answers."""


def alone(engine: Engine, statement: Driven, values: Sequence[Any]) -> Answer:
    """The answer to a statement without a transaction around it: it sees what is committed now, and what it changes is
    committed."""
    dialect, borrowed = engine.dialect, None
    with _told_as_busy():
        try:
            borrowed = engine.raw_connection()
            return statement.ask(borrowed, values)
        except dialect.loaded_dbapi.Error as error:
            gone = borrowed is None or dialect.is_disconnect(error, borrowed.driver_connection, None)
            if gone and borrowed is not None:
                borrowed.invalidate(error)
            raise _as_elsewhere(dialect, statement, error, gone) from error
        finally:
            if borrowed is not None:
                borrowed.close()


def within(connection: Connection, statement: Driven, values: Sequence[Any]) -> Answer:
    """The answer to a statement in the connection's transaction, which begins if it hasn't."""
    if not connection.in_transaction():
        connection.begin()
    return _drive(connection, statement, values)


def _drive(connection: Connection, statement: Driven, values: Sequence[Any] = ()) -> Answer:
    """What the driver answers; its errors are SQLAlchemy's, as for every other statement."""
    borrowed = connection.connection
    try:
        return statement.ask(borrowed, values)
    except connection.dialect.loaded_dbapi.Error as error:
        gone = connection.dialect.is_disconnect(error, borrowed.driver_connection, None)
        if gone:
            connection.invalidate(error)
        raise _as_elsewhere(connection.dialect, statement, error, gone) from error


def _as_elsewhere(dialect: Dialect, statement: Driven, error: Exception, gone: bool) -> BaseException:
    """The driver's error as SQLAlchemy tells it; without the values: they may be personal, and errors are logged."""
    told = DBAPIError.instance
    base = dialect.loaded_dbapi.Error
    return told(statement.sql, None, error, base, connection_invalidated=gone, dialect=dialect)


class _SqliteCommand:
    def __init__(self, sql: str) -> None:
        self.sql = sql

    def ask(self, borrowed: PoolProxiedConnection, values: Sequence[Any]) -> Answer:
        driver: Any = borrowed.driver_connection
        driver.execute(self.sql)
        return (), 0


class _PostgresqlCommand:
    def __init__(self, sql: str) -> None:
        self.sql = sql

    def ask(self, borrowed: PoolProxiedConnection, values: Sequence[Any]) -> Answer:
        from xapi import libpq

        driver: Any = borrowed.driver_connection
        libpq.command(driver, self.sql)
        return (), 0


_BEGIN_DEFERRED, _BEGIN_IMMEDIATE = _SqliteCommand("BEGIN"), _SqliteCommand("BEGIN IMMEDIATE")
_BEGIN, _BEGIN_READING = _PostgresqlCommand("BEGIN"), _PostgresqlCommand("BEGIN ISOLATION LEVEL REPEATABLE READ")


@contextmanager
def _told_as_busy() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Busy() from error
    except DBAPIError as error:
        if is_busy(error):
            raise Busy() from error
        raise


def is_busy(error: DBAPIError) -> bool:
    """Whether the same work may succeed a moment later."""
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _BUSY_STATES
    text = str(error.orig).lower()
    return "database is locked" in text or "database table is locked" in text or "database is busy" in text


def lost_race(error: BaseException | None) -> bool:
    """Whether PostgreSQL chose this transaction as the victim of a deadlock or a serialization failure."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _LOST_RACE


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that has on_conflict_do_nothing and on_conflict_do_update, in the dialect of the
    connection.
    """
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


class stored_key(FunctionElement[str]):  # noqa: N801  # it is used as a function of SQL
    """`storage_key` of a text column, as an expression: what joins a column with whole keys to one of this package."""

    type = String()
    inherit_cache = True

    def __init__(self, column: ColumnElement[str]) -> None:
        super().__init__(column)


@compiles(stored_key)
def _stored_key(element: stored_key, compiler: Any, **options: Any) -> str:
    return f"storage_key({compiler.process(element.clauses, **options)})"


@compiles(stored_key, "postgresql")
def _stored_key_postgresql(element: stored_key, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    digest = f"'sha256:' || encode(sha256(convert_to({text}, 'UTF8')), 'hex')"
    return f"CASE WHEN octet_length({text}) <= 250 THEN {text} ELSE {digest} END"
