"""Compiled statements do what the ORM would do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from invocations import clock
from invocations.models import ClockState, Heartbeat, Invocation, Queue, async_states
from lambdaplay.db import prepared
from lambdaplay.db.prepared import Insert, Select, Update, columns
from lambdaplay.db.sqlite.lock import lock_for

pytestmark = pytest.mark.django_db

THEN = datetime(2026, 1, 31, 12, 34, 56, 789012, tzinfo=UTC)


def beat(part: str, at: datetime = THEN, detail: str = "") -> Heartbeat:
    return Heartbeat.objects.create(part=part, machine="m", seen_at=at, detail=detail)


def test_an_update_is_filled_in_anew_each_time() -> None:
    one, other = beat("one"), beat("other", THEN + timedelta(days=1))
    update = Update(
        lambda part, before, detail, seen: (
            Heartbeat.objects.filter(part=part, seen_at__lt=before),
            {"detail": detail, "seen_at": seen},
        ),
        part=str,
        before=datetime,
        detail=str,
        seen=datetime,
    )
    later = THEN + timedelta(microseconds=1)

    assert update(part="one", before=THEN, detail="x", seen=later) == 0
    assert update(part="one", before=later, detail="it's 100 %s", seen=later) == 1
    assert update(part="other", before=THEN + timedelta(days=2), detail="", seen=THEN) == 1

    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.detail, one.seen_at) == ("it's 100 %s", later)
    assert (other.detail, other.seen_at) == ("", THEN)


def test_values_of_every_type_and_none_are_set() -> None:
    queue = Queue.objects.create(
        account="0", region="r", name="q", created_at=THEN, modified_at=THEN, purged_ms=7, tags={"a": "b"}
    )
    update = Update(
        lambda pk, fifo, purged, more: (
            Queue.objects.filter(pk=pk),
            {"fifo": fifo, "purged_ms": purged, "delay_seconds": F("delay_seconds") + more},
        ),
        pk=int,
        fifo=bool,
        purged=int,
        more=int,
    )
    assert update(pk=queue.pk, fifo=True, purged=None, more=5) == 1
    queue.refresh_from_db()
    assert (queue.fifo, queue.purged_ms, queue.delay_seconds) == (True, None, 5)


def test_a_select_answers_what_the_orm_answers() -> None:
    Queue.objects.create(account="0", region="r", name="q", created_at=THEN, modified_at=THEN, tags={"a": ["b"]})
    names = [field.attname for field in Queue._meta.concrete_fields]
    select = Select(lambda name: Queue.objects.filter(name=name).values_list(*names), name=str)

    assert select(name="q") == list(Queue.objects.values_list(*names))
    assert select(name="'; --") == []


def test_an_insert_knows_the_defaults() -> None:
    insert = Insert(Queue)
    pk = insert(account="0", region="r", name="q", created_at=THEN, modified_at=THEN, tags={"a": "b"})
    assert pk is not None
    row = Queue.objects.get(pk=pk)
    assert (row.visibility_seconds, row.policy, row.purged_ms, row.tags) == (30, "", None, {"a": "b"})
    assert row.created_at == THEN


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        Insert(Queue)(colour="red")


def test_a_parameter_that_is_not_used_is_refused() -> None:
    select = Select(lambda name: ClockState.objects.values_list("pk"), name=str)
    with pytest.raises(ValueError, match="name"):
        select(name="x")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL chooses by size, and these tables are empty")
def test_what_runs_all_the_time_walks_through_no_history() -> None:
    now = clock.now()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        async_states.lost(10)
        async_states.running(10)
        async_states.outstanding()
        async_states.untold(now)
        async_states.unheard(now, now).first()
        async_states.start("id", now)
    assert len(captured) == 6
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            steps = [row[3] for row in cursor.fetchall()]
            assert all("INDEX" in step for step in steps if "invocations_invocation" in step), (query["sql"], steps)


def test_who_listens_to_statements_hears_prepared_ones() -> None:
    with CaptureQueriesContext(connection) as captured:
        async_states.outstanding()
    assert len(captured) == 1


def test_a_broken_transaction_runs_no_prepared_statement() -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            async_states.outstanding()


def test_an_error_of_the_database_is_one_of_djangos() -> None:
    def twice() -> None:
        for _ in range(2):
            Insert(Queue)(account="0", region="r", name="q", created_at=THEN, modified_at=THEN, tags={})

    with pytest.raises(IntegrityError), transaction.atomic():
        twice()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the lock is SQLite's")
@pytest.mark.django_db(transaction=True)
def test_a_prepared_write_has_the_writers_lock_until_its_row_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite commits a statement that returns a row when the row has been fetched, not before."""
    held: list[bool] = []
    real = prepared._number

    def number(cursor: Any) -> int:
        taken = real(cursor)
        held.append(lock_for(str(connection.settings_dict["NAME"]))._threads.locked())
        return taken

    monkeypatch.setattr(prepared, "_number", number)
    Insert(Queue)(account="0", region="r", name="q", created_at=THEN, modified_at=THEN, tags={})
    assert held == [True]
    assert not lock_for(str(connection.settings_dict["NAME"]))._threads.locked()


def test_columns_come_in_the_models_own_order() -> None:
    """`from_db` fills a model by place, and would take one column for another."""
    chosen = columns(Invocation, "request_id", "region", "account", "id")
    every = columns(Invocation)
    assert sorted(chosen, key=every.index) == chosen
    assert set(chosen) == {"request_id", "region", "account", "id"}
    row = Invocation.from_db(None, chosen, [f"<{name}>" for name in chosen])
    assert (row.account, row.region, row.request_id) == ("<account>", "<region>", "<request_id>")
    with pytest.raises(ValueError, match="Invocation has no regoin"):
        columns(Invocation, "regoin")
