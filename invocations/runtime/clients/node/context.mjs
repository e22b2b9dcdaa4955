// The context object, from the headers of one event and the environment. Names: AWS's.

const parsed = (text) => (text ? JSON.parse(text) : undefined);

/** `completion` takes the outcome of callback-style handlers; done, fail and succeed exist before nodejs24. */
export function makeContext(headers, completion, hasCallbacks) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const context = {
    get callbackWaitsForEmptyEventLoop() {
      return completion.waitsForEmptyEventLoop;
    },
    set callbackWaitsForEmptyEventLoop(value) {
      completion.waitsForEmptyEventLoop = value;
    },
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(headers["lambda-runtime-client-context"]),
    identity: parsed(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  if (hasCallbacks) {
    context.done = (error, result) => completion.now(error, result);
    context.fail = (error) => completion.now(error ?? "handled");
    context.succeed = (result) => completion.now(null, result);
  }
  return context;
}
