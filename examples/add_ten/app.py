"""Adds 10 dollars to an account: NOT idempotent.

Send the same event twice and the balance grows twice. Compare with `set_to_thirty`, where the second time changes
nothing. A caller that retries (and every asynchronous invocation may be retried) must know which kind it is calling.
"""

from decimal import Decimal

import boto3

TABLE = "bank"
# The SDK finds this server through AWS_ENDPOINT_URL, so the same code runs on AWS.
dynamodb = boto3.resource("dynamodb")


def handler(event, context):
    table = open_table()
    account = event["account"]
    balance = table.get_item(Key={"account": account}).get("Item", {}).get("balance", Decimal(0))
    # Read, modify, write: also wrong when two invocations do it at once.
    balance += 10
    table.put_item(Item={"account": account, "balance": balance})
    return {"account": account, "balance": int(balance)}


def open_table():
    """Return the bank's table, made on first use."""
    table = dynamodb.Table(TABLE)
    try:
        table.load()
    except dynamodb.meta.client.exceptions.ResourceNotFoundException:
        table = dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "account", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "account", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        table.wait_until_exists()
    return table
