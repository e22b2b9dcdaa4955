"""How many records a mapping's calls got through over time, counted by the database and drawn as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum, TextField
from django.db.models.functions import Cast, Substr
from django.utils.safestring import SafeString

from invocations import clock
from invocations.admin.charts import Bucket, bars
from invocations.models import Batch, Mapping

CHARTED = 20_000  # of a mapping's newest batches are counted
WIDE, RECORDS_HIGH, BATCHES_HIGH = 720, 90, 36


@dataclass(frozen=True)
class Span:
    """A stretch of time up to now, in buckets. `letters`: how much of a moment's text tells its bucket."""

    name: str
    words: str
    bucket_seconds: int
    buckets: int
    letters: int


# Buckets are beginnings of "2026-01-31 12:34:56", so that counting is one grouping in any database.
SPANS = {
    "10m": Span("10m", "10 min", 10, 60, len("2026-01-31 12:34:5")),
    "1h": Span("1h", "1 h", 60, 60, len("2026-01-31 12:34")),
    "24h": Span("24h", "24 h", 600, 144, len("2026-01-31 12:3")),
}
USUAL = SPANS["1h"]


@dataclass(frozen=True)
class Counted:
    """What ended in one bucket. `records` is all that calls were given, those that failed included."""

    start: datetime
    records: int = 0
    failed: int = 0
    batches: int = 0
    failed_batches: int = 0


@dataclass(frozen=True)
class Throughput:
    span: Span
    buckets: Sequence[Counted]  # oldest first, without gaps

    @property
    def records(self) -> int:
        return sum(one.records for one in self.buckets)

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self.buckets)

    @property
    def batches(self) -> int:
        return sum(one.batches for one in self.buckets)

    @property
    def peak(self) -> str:
        """Records per second in the busiest bucket."""
        return rate_text(max(one.records for one in self.buckets) / self.span.bucket_seconds)

    @property
    def batch_peak(self) -> str:
        """Batches per minute in the busiest bucket."""
        return rate_text(max(one.batches for one in self.buckets) * 60 / self.span.bucket_seconds)

    @property
    def marks(self) -> tuple[datetime, datetime, datetime]:
        """The moments below the left end, the middle and the right end of the drawing."""
        half = self.buckets[len(self.buckets) // 2].start
        return self.buckets[0].start, half, self.buckets[-1].start + timedelta(seconds=self.span.bucket_seconds)

    @property
    def busy(self) -> list[Counted]:
        """The buckets in which something ended, newest first."""
        return [one for one in reversed(self.buckets) if one.batches]

    @property
    def records_drawn(self) -> SafeString:
        shown = [Bucket(_hour(one), one.records, one.failed, self._words(one)) for one in self.buckets]
        return bars(shown, WIDE, RECORDS_HIGH, f"Records per second in the last {self.span.words}", "records")

    @property
    def batches_drawn(self) -> SafeString:
        shown = [Bucket(_hour(one), one.batches, one.failed_batches, self._words(one)) for one in self.buckets]
        return bars(shown, WIDE, BATCHES_HIGH, f"Batches in the last {self.span.words}", "batches")

    def _words(self, one: Counted) -> str:
        rate = rate_text(one.records / self.span.bucket_seconds)
        return f"{_hour(one)}: {one.records} records ({rate}/s), {one.failed} failed; {one.batches} batches"


def throughput(row: Mapping, name: str = "") -> Throughput:
    """Count what ended lately, in product time; `name` is a key of SPANS, else an hour. Two queries."""
    span = SPANS.get(name, USUAL)
    last = _floor(clock.now(), span.bucket_seconds)
    starts = [last - timedelta(seconds=span.bucket_seconds * back) for back in range(span.buckets - 1, -1, -1)]
    found = _counted(row, span, starts[0])
    return Throughput(span, [Counted(at, *found.get(f"{at:%Y-%m-%d %H:%M:%S}"[: span.letters], ())) for at in starts])


def _floor(moment: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


def _counted(row: Mapping, span: Span, since: datetime) -> dict[str, tuple[int, int, int, int]]:
    rows = row.batches.filter(ended_at__gte=since, state=Batch.State.ENDED).exclude(request_id="")
    for oldest in row.batches.order_by("-id").values_list("id", flat=True)[CHARTED : CHARTED + 1]:
        rows = rows.filter(id__gt=oldest)
    grouped = (
        rows.annotate(at=Substr(Cast("ended_at", TextField()), 1, span.letters))
        .values("at")
        .annotate(
            given=Sum("records"), bad=Sum("failed"), calls=Count("id"), bad_calls=Count("id", filter=Q(failed__gt=0))
        )
        .order_by()
    )
    return {one["at"]: (one["given"], one["bad"], one["calls"], one["bad_calls"]) for one in grouped}


def rate_text(rate: float) -> str:
    """Three digits are enough: 0, 0.017, 2.5, 12, 340."""
    return "0" if rate == 0 else f"{rate:.2g}" if rate < 10 else f"{rate:,.0f}"


def _hour(one: Counted) -> str:
    return f"{one.start:%H:%M:%S} UTC"


def document(found: Throughput) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "span": found.span.name,
        "bucket_seconds": found.span.bucket_seconds,
        "buckets": [
            {
                "start": one.start.isoformat(),
                "records": one.records,
                "failed": one.failed,
                "batches": one.batches,
                "records_per_second": one.records / found.span.bucket_seconds,
            }
            for one in found.buckets
        ],
    }
