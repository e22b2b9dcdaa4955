"""boto3's view: `python -m bench.boto_calls URL FUNCTION CALLS LOG_TYPE` prints a call's median milliseconds."""

from __future__ import annotations

import sys
import time

import boto3
from botocore.config import Config

from bench.calling import event

WARM_UP = 3


def main(url: str, function: str, calls: int, log_type: str) -> float:
    client = boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    found = []
    for number in range(WARM_UP + calls):
        began = time.perf_counter()
        answer = client.invoke(FunctionName=function, LogType=log_type, Payload=event(number))
        answer["Payload"].read()
        found.append(time.perf_counter() - began)
        if "FunctionError" in answer:
            raise RuntimeError("the echo function failed")
    found = sorted(found[WARM_UP:])
    return 1000 * found[len(found) // 2]


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
