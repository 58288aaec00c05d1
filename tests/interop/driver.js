'use strict';
// Runs operations of Bull: one JSON object per line on stdin, {seq, op, queue, …}; one per line on
// stdout, {seq, ok} or {seq, error}. Operations of one queue run in their order of arrival, but for
// those that wait for something (`finished`).
const readline = require('node:readline');
const { operations, closeAll } = require('./operations');

const [url] = process.argv.slice(2);
let last = Promise.resolve();

function answer(seq, outcome) {
  process.stdout.write(JSON.stringify({ seq, ...outcome }) + '\n');
}

async function run(request) {
  try {
    const operation = operations[request.op];
    if (!operation) throw new Error(`no operation ${request.op}`);
    const ok = await operation(url, request);
    answer(request.seq, { ok: ok === undefined ? null : ok });
  } catch (error) {
    answer(request.seq, { error: String((error && error.message) || error) });
  }
}

const lines = readline.createInterface({ input: process.stdin });
lines.on('line', line => {
  const request = JSON.parse(line);
  if (request.op === 'finished') run(request);
  else last = last.then(() => run(request));
});
lines.on('close', () => {
  last.then(closeAll).finally(() => process.exit(0));
});
