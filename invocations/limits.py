"""AWS's quotas and defaults, and our own. Each with its unit and its source.

Ranges that AWS's service model states (timeout, memory, name lengths ...) are read from botocore's model at the door
and are not repeated here; what stands here the model does not say, or says wider than ordinary functions get.
"""

from __future__ import annotations

MIB = 1024 * 1024

# Invocation, bytes. Source: AWS Lambda quotas; the response limit is the recorded error text.
SYNC_REQUEST_BYTES = 6 * MIB
SYNC_RESPONSE_BYTES = 6 * MIB + 100
STREAMED_RESPONSE_BYTES = 200 * MIB  # since mid 2025
ASYNC_REQUEST_BYTES = MIB  # since late 2025
INVOKE_ASYNC_BYTES = 256 * 1024
LOG_TAIL_BYTES = 4096
CLIENT_CONTEXT_BYTES = 3583  # of base64

# Function settings. The model's maxima (5400 s, 32768 MB) belong to features that lambdaplay does not offer.
TIMEOUT_SECONDS_MAX = 900
TIMEOUT_SECONDS_DEFAULT = 3
MEMORY_MB_MIN, MEMORY_MB_MAX, MEMORY_MB_DEFAULT = 128, 10240, 128
TMP_MB_MIN, TMP_MB_MAX, TMP_MB_DEFAULT = 512, 10240, 512
ENVIRONMENT_BYTES = 4096  # of the JSON text of all variables
FILE_DESCRIPTORS = 1024
PROCESSES = 1024
FUNCTION_NAME_CHARACTERS = 64

# What a function's owner may set for asynchronous invocation. Source: AWS's service model.
RETRY_ATTEMPTS = (0, 2)
EVENT_AGE_SECONDS = (60, 21_600)

POLICY_BYTES = 20_480  # of a function's resource policy as JSON. Source: AWS Lambda quotas

# Code packages, bytes.
ZIPPED_BYTES = 52_428_800
UNZIPPED_BYTES = 262_144_000
LAYERS_MAX = 5  # of one function. Source: AWS Lambda quotas
ZIP_ENTRIES = 20_000  # ours: bounds what one upload may make the disk do
CREATE_REQUEST_BYTES = 70_167_211
TOTAL_CODE_BYTES = 80_530_636_800

# Concurrency, executions. Source: AWS Lambda quotas (per account and region).
ACCOUNT_CONCURRENCY = 1000
UNRESERVED_CONCURRENCY_MIN = 100

# Initialisation, seconds. Source: AWS's runtime lifecycle page.
INIT_SECONDS = 10

# What a function URL's answer may say of itself (status, headers) before its body. Source: AWS's page on response
# streaming through API Gateway; the one on function URLs names no number.
PRELUDE_BYTES = 16 * 1024

# Ours: what of a function's output we keep, bytes, and how much we read before the function counts as runaway.
LOG_KEPT_BYTES = 256 * 1024
OUTPUT_BYTES_MAX = 256 * MIB

# Ours: synchronous calls one web process holds at once. Beyond: 429. Nested calls come on top (they free their caller).
HELD_CALLS = 128
HELD_NESTED_CALLS = 192
HELD_POLLS = 64  # long polls; beyond: HURRIED_POLLS of them wait BRIEF_POLL_SECONDS, the rest are answered at once
HURRIED_POLLS = 16
BRIEF_POLL_SECONDS = 1
RESERVED_THREADS = 24  # console, health, management API

PAGE_ITEMS = 50  # AWS answers at most 50 functions, versions or aliases a page

# APIs: the bounds of an integration's timeout, milliseconds, what a REST API waits by itself, and the largest request,
# bytes. Source: API Gateway quotas and the service model.
API_TIMEOUT_MS = (50, 30_000)
REST_TIMEOUT_MS = 29_000
API_REQUEST_BYTES = 10 * MIB
ROUTE_KEY_CHARACTERS = 512  # ours

# Ours: how long a new or changed function stays Pending / InProgress, seconds of real time (AWS: about one to five).
SETTLE_SECONDS = 0.03

# Invocations of one chain before recursion is stopped. Source: AWS's recursive loop detection page ("about 16").
CHAIN_MAX = 16

# Ours: messages about waiting events that are under way at once; beyond, workers look for rows themselves.
OUTSTANDING_MESSAGES = 16
# ... and about deliveries.
OUTSTANDING_DELIVERIES = 128

# Pollers of a queue mapping: how many it begins with and grows by, and AWS's ceiling without MaximumConcurrency.
QUEUE_POLLERS_FIRST = 5
QUEUE_POLLERS_MAX = 1000
# Ours: a worker that runs fewer functions than this at once has room, so that no message waits for it.
FEW_RUNS = 8

# IAM: access keys of a user. Source: IAM and AWS STS quotas (AccessKeysPerUser); the console is not bound by it.
ACCESS_KEYS_PER_USER = 2
