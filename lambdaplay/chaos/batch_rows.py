"""What a house's rows say of its batches, told by a process of that house: `python -m lambdaplay.chaos.batch_rows`."""

from __future__ import annotations

import json
import sys
from collections import Counter

import django


def main() -> None:
    """Print, as JSON, how often each record is recorded as done, and how many batches had which outcome."""
    django.setup()
    from invocations.models import Batch

    done: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for batch in Batch.objects.select_related("content").order_by("id").iterator(500):
        outcomes[batch.outcome or batch.state] += 1
        for one in batch.content.records if hasattr(batch, "content") else []:
            fate = one["fate"] or ("done" if batch.outcome == Batch.Outcome.SUCCEEDED else "")
            done[one["id"]] += fate == "done"
    json.dump({"done": +done, "outcomes": outcomes}, sys.stdout)


if __name__ == "__main__":
    main()
