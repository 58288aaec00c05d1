'use strict';
// What a job does, as its data says: {progress, logs, sleep, fail,
// failures, discard, return, then}; `then` names the queues that follow.

async function handle(job) {
  const { data } = job;
  if (data.progress !== undefined) await job.progress(data.progress);
  for (const line of data.logs || []) await job.log(line);
  const fails = data.failures === undefined ? data.fail !== undefined : job.attemptsMade < data.failures;
  if (data.sleep) await new Promise(resolve => setTimeout(resolve, data.sleep));
  if (fails) {
    if (data.discard) job.discard();
    throw new Error(data.fail);
  }
  return data.return === undefined ? null : data.return;
}

// Never ends.
function holdWorker() {
  return new Promise(() => {});
}

module.exports = { handle, holdWorker };
