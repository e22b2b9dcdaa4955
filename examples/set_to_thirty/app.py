"""Sets an account to 30 dollars: idempotent.

Send the same event twice and the balance is 30 both times. Compare with `add_ten`, which adds again.
"""

import boto3

TABLE = "bank"
# The SDK finds this server through AWS_ENDPOINT_URL, so the same code runs on AWS.
dynamodb = boto3.resource("dynamodb")


def handler(event, context):
    account = event["account"]
    # The new state does not depend on the old one, so nothing needs to be read.
    open_table().put_item(Item={"account": account, "balance": 30})
    return {"account": account, "balance": 30}


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
