// Run executions on aws-local-stepfunctions: JSON from stdin, what they did to stdout.
//
// Functions follow their scripts as those of fake_lambda.py do. Time does not pass: waits
// and pauses between retries have no length, and who waits for a token that is never used
// waits as long as the state's TimeoutSeconds.
import { readFileSync, writeFileSync } from "node:fs";
import { StateMachine } from "aws-local-stepfunctions";

// A task that fails while the engine cannot compute its time-out rejects unheard.
process.on("unhandledRejection", () => {});

const { definition, maps, context, runs } = JSON.parse(readFileSync(0, "utf8"));

const failure = (name, message) => Object.assign(new Error(message), { name });

function levels(machine) {
  const states = Object.entries(machine.States);
  const inner = states.flatMap(([, s]) => (s.ItemProcessor ? levels(s.ItemProcessor) : []));
  return [...states, ...inner];
}

// Call a function with the next action of its script.
function invoke({ FunctionName: task, Payload: event }, run) {
  const job = event.job ?? event;
  const actions = run.scripts[job.job_id][task];
  const action = actions.length > 1 ? actions.shift() : actions[0];
  if (action.error) throw failure(action.error, "as the script says");
  if (event.token) return action.wake ?? new Promise(() => {});
  if (event.kind) return { Payload: { kind: event.kind, attempts: event.attempt + 1 } };
  return { Payload: { ...job, ...action.state } };
}

// Run a Distributed Map, which the engine does not have: its children one by one.
async function runMap(name, { reader, state }, run, requests) {
  const map = maps[name];
  if (!run.items.length) throw failure("States.ItemReaderFailed", reader.Key);
  const select = { StartAt: "S", States: { S: { Type: "Pass", Parameters: map.ItemSelector, End: true } } };
  const answers = [];
  let failed = 0;
  for (const [Index, Value] of run.items.entries()) {
    const own = { ...context, Map: { Item: { Index, Value } } };
    const input = await machine(select).run(state, { context: own }).result;
    const child = await execute(map.ItemProcessor, input, run, requests);
    requests[input.part.number] = child.states;
    failed += child.status === "FAILED";
    answers.push(child.status === "FAILED" ? { Error: child.error, Cause: child.cause } : child.output);
  }
  if (100 * failed > map.ToleratedFailurePercentage * answers.length)
    throw failure("States.ExceedToleratedFailureThreshold", "");
  return answers;
}

const machine = (level) => new StateMachine(level, { validationOptions: { noValidate: true } });

// Run a level of states to its end, and return its states, status and output.
async function execute(level, input, run, requests) {
  const handler = (name) => async (task) => {
    if (name in maps) return runMap(name, task, run, requests);
    if (task.FunctionName) return invoke(task, run);
    if (!run.topic_exists) throw failure("SNS.NotFoundException", task.TopicArn);
    return {};
  };
  const all = levels(level);
  const each = (value) => Object.fromEntries(all.map(([name]) => [name, value(name)]));
  const execution = machine(level).run(input, {
    context: { ...context, Execution: { Name: run.job.job_id } },
    overrides: {
      taskResourceLocalHandlers: each(handler),
      waitTimeOverrides: each(() => 0),
      retryIntervalOverrides: each(() => 0),
    },
  });
  const result = execution.result.then(
    (output) => ({ status: "SUCCEEDED", output }),
    ({ cause }) => ({ status: "FAILED", error: cause.name, cause: cause.message }),
  );
  // A Map's events come while its successor's do; each iteration's own are in order.
  const outer = [];
  const iterations = [];
  for await (const event of execution.eventLogs) {
    if (event.type !== "StateEntered") continue;
    if (event.index === undefined) outer.push(event.state);
    else (iterations[event.index] ??= []).push(event.state.name);
  }
  const states = outer.flatMap(({ name, type }) =>
    type === "Map" ? [name, ...iterations.flat()] : [name],
  );
  return { states, ...(await result) };
}

const traces = {};
for (const [name, run] of Object.entries(runs)) {
  const requests = {};
  traces[name] = { ...(await execute(definition, run.job, run, requests)), requests };
}
writeFileSync(1, JSON.stringify(traces));
