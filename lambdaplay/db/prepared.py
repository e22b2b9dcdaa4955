"""Statements that the ORM builds once and the driver runs often.

Building a small UPDATE or SELECT takes the ORM ten times as long as the database takes to run it. What an event passes
through many times a second is therefore written as a queryset, like everything else, compiled at its first use with
stand-ins for its parameters, and from then on only filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import sql

from lambdaplay.db.sqlite.base import DatabaseWrapper as SQLite

Build = Callable[..., Any]
Found = TypeVar("Found")
_ADAPTED = (datetime, Enum)
_MARKS = 1_900_000_000  # stand-ins are values that nothing else in a statement has


def columns(model: type[models.Model], *chosen: str) -> list[str]:
    """The model's columns, or these of them, in the order that `from_db` takes them for: the model's own."""
    every = [field.attname for field in model._meta.concrete_fields]
    if unknown := set(chosen).difference(every):
        raise ValueError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
    return [name for name in every if not chosen or name in chosen]


class _Prepared:
    """`kinds` names the parameters and their types: str, int, bool, datetime or bytes. In a filter none may be None."""

    def __init__(self, build: Build, **kinds: type) -> None:
        self._build = build
        self._kinds = kinds
        self._compiled: dict[str, tuple[str, list[Any], list[tuple[int, str]]]] = {}

    def run(self, values: dict[str, Any], take: Callable[[Any], Found]) -> Found:
        """Execute with these values; return what `take` makes of the cursor."""
        own = _own()
        known = self._compiled.get(own.vendor)
        if known is None:
            known = self._compiled[own.vendor] = self._compile()
        text, parameters, places = known
        filled = list(parameters)
        for place, name in places:
            value = values[name]
            filled[place] = _adapted(value) if isinstance(value, _ADAPTED) else value
        return execute(own, text, filled, take)

    def _compile(self) -> tuple[str, list[Any], list[tuple[int, str]]]:
        marks = {name: _mark(kind, number) for number, (name, kind) in enumerate(self._kinds.items())}
        text, parameters = self._sql(self._build(**marks))
        names = {_key(_adapted(getattr(mark, "value", mark))): name for name, mark in marks.items()}
        places = [(place, names[_key(value)]) for place, value in enumerate(parameters) if _key(value) in names]
        missing = set(marks) - {name for _, name in places}
        if missing:
            raise ValueError(f"The statement does not use {', '.join(sorted(missing))} as given: {text}")
        return text, list(parameters), places

    def _sql(self, built: Any) -> tuple[str, Sequence[Any]]:
        raise NotImplementedError


class Update(_Prepared):
    """`build` returns a queryset and the values to set; a call returns how many rows were changed."""

    def __call__(self, **values: Any) -> int:
        return self.run(values, _count)

    def _sql(self, built: tuple[models.QuerySet[Any], dict[str, Any]]) -> tuple[str, Sequence[Any]]:
        rows, changes = built
        query = cast(sql.UpdateQuery, rows.query.chain(sql.UpdateQuery))
        query.add_update_values(changes)
        statement: tuple[str, Sequence[Any]] = query.get_compiler(connection=connection).as_sql()
        return statement


class Select(_Prepared):
    """`build` returns a `values_list()`; a call returns its rows as tuples, as the ORM would."""

    def __call__(self, **values: Any) -> list[tuple[Any, ...]]:
        found = self.run(values, _rows)
        converters = self._converters[connection.vendor]
        return [self._converted(row, converters) for row in found] if converters else found

    def __init__(self, build: Build, **kinds: type) -> None:
        super().__init__(build, **kinds)
        self._converters: dict[str, dict[int, tuple[list[Any], Any]]] = {}

    def _sql(self, built: models.QuerySet[Any]) -> tuple[str, Sequence[Any]]:
        compiler = built.query.get_compiler(connection=connection)
        text, parameters = compiler.as_sql()
        columns = [column for column, _, _ in compiler.select]
        self._converters[connection.vendor] = compiler.get_converters(columns)
        return text, parameters

    @staticmethod
    def _converted(row: Sequence[Any], converters: dict[int, tuple[list[Any], Any]]) -> tuple[Any, ...]:
        values = list(row)
        for place, (steps, expression) in converters.items():
            for step in steps:
                values[place] = step(values[place], expression, connection)
        return tuple(values)


class Insert:
    """An INSERT of one row. Fields that are not given have their default; those whose default is the database's own
    are named in `also` to be written at all. A call returns the new row's number, where the database numbers rows.
    """

    def __init__(self, model: type[models.Model], *also: str) -> None:
        own = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
        self._fields = [field for field in own if not field.has_db_default() or field.attname in also]
        self._json = {field.attname: field for field in self._fields if isinstance(field, models.JSONField)}
        self._numbered = len(own) < len(model._meta.concrete_fields)
        columns = ", ".join(f'"{field.column}"' for field in self._fields)
        marks = ", ".join(["%s"] * len(self._fields))
        text = f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})'  # noqa: S608 - our own names
        self._sql = f"{text} RETURNING id" if self._numbered else text
        self._names = {field.attname for field in self._fields}
        plain = {name: field for name, field in self._fields_by_name().items() if not callable(field.default)}
        self._defaults = {name: field.get_default() for name, field in plain.items()}

    def __call__(self, **values: Any) -> int | None:
        if not self._names.issuperset(values):
            raise TypeError(f"Not written: {', '.join(sorted(set(values) - self._names))}")
        own = _own()
        filled = [self._value(own, field, values) for field in self._fields]
        return execute(own, self._sql, filled, _number) if self._numbered else execute(own, self._sql, filled, _nothing)

    def _fields_by_name(self) -> dict[str, models.Field[Any, Any]]:
        return {field.attname: field for field in self._fields}

    def _value(self, own: BaseDatabaseWrapper, field: models.Field[Any, Any], values: dict[str, Any]) -> Any:
        name = field.attname
        if name in values:
            value = values[name]
        elif name in self._defaults:
            value = self._defaults[name]
        else:
            value = field.get_default()
        if name in self._json:
            return field.get_db_prep_save(value, own)
        return _adapted(value) if isinstance(value, _ADAPTED) else value


def execute(own: BaseDatabaseWrapper, text: str, values: Sequence[Any], take: Callable[[Any], Found]) -> Found:
    """Run a statement of ours; return what `take` makes of the cursor.

    On SQLite by the driver's own cursor: what Django puts around it (a search for marks in the text, wrappers, logs)
    takes longer than the statement. What it guards against is looked at here: a broken transaction, and writers that
    do not wait for their turn. Their turn lasts until all is taken: SQLite commits what returns a row only then.
    Whoever listens to statements hears them all the same.
    """
    if not isinstance(own, SQLite) or own.queries_logged or own.execute_wrappers:
        with own.cursor() as wrapped:
            wrapped.execute(text, values)
            return take(wrapped)
    own.ensure_connection()
    own.validate_thread_sharing()
    own.validate_no_broken_transaction()
    with own.wrap_database_errors, own.writing(text), closing(own.connection.execute(_marked(text), values)) as cursor:
        return take(cursor)


def _count(cursor: Any) -> int:
    return int(cursor.rowcount)


def _rows(cursor: Any) -> list[tuple[Any, ...]]:
    return cast(list[tuple[Any, ...]], cursor.fetchall())


def _number(cursor: Any) -> int:
    return int(cursor.fetchall()[0][0])


def _nothing(cursor: Any) -> None:
    return None


@cache
def _marked(text: str) -> str:
    """With the marks of SQLite's driver."""
    return text.replace("%s", "?").replace("%%", "%")


def _own() -> BaseDatabaseWrapper:
    """This thread's connection itself: what Django gives out under that name looks it up at every step."""
    return connections[DEFAULT_DB_ALIAS]


def _mark(kind: type, number: int) -> Any:
    if kind is datetime:
        return datetime(1930, 1, 1, microsecond=number + 1, tzinfo=UTC)
    if kind is bytes:
        return b"\x00mark %d" % number
    if kind is bool:
        return models.Value(f"\x01mark {number}")
    return _MARKS + number if kind is int else f"\x01mark {number}"


def _adapted(value: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.value if isinstance(value, Enum) else value  # a choice


def _key(value: Any) -> Any:
    """The value as a dictionary key; drivers wrap bytes."""
    inner = getattr(value, "obj", value)
    return bytes(inner) if isinstance(inner, (bytes, bytearray, memoryview)) else inner
