"""EventBridge's quotas. Source: reference, queues and streams; botocore's model of PutEvents (1 MB since 2025)."""

from __future__ import annotations

from invocations.limits import MIB

ENTRIES_BYTES = MIB  # of all entries of a PutEvents
ENTRY_TIME_BYTES = 14  # what AWS counts for an entry's Time
DETAIL_TYPE_CHARACTERS = 128
BUSES = 100  # an account and region, the default bus apart
RULES = 300  # a bus
TARGETS = 5  # a rule
TARGET_ENTRIES = 10  # a PutTargets
POLICY_BYTES = 10_240
TAGS = 50
LIST_ITEMS = 100
RETRIES = 185
AGE_SECONDS = 86_400

# Ours: how many events of a bus are remembered for the console, and how often (in events) the oldest are forgotten.
EVENTS_KEPT = 1000
FORGET_EVERY = 64
