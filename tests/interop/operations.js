'use strict';
// What the driver can do with Bull.
const Bull = require('bull');
const { handle, holdWorker } = require('./worker');
const { board } = require('./board');

const queues = new Map();
const takers = new Map();
const workers = new Map();

function cached(map, url, name, options) {
  const key = `${url} ${name}`;
  if (!map.has(key)) map.set(key, new Bull(name, url, options));
  return map.get(key);
}

const queueOf = (url, request) => cached(queues, url, request.queue);

async function jobOf(url, request) {
  const job = await queueOf(url, request).getJob(request.id);
  if (!job) throw new Error(`no job ${request.id}`);
  return job;
}

async function view(queue, job) {
  const state = await job.getState();
  const logs = await queue.getJobLogs(job.id);
  return {
    id: String(job.id),
    name: job.name,
    data: job.data,
    progress: job.progress(),
    delay: job.delay,
    timestamp: job.timestamp,
    attempts: job.opts.attempts,
    attemptsMade: job.attemptsMade,
    failedReason: job.failedReason === undefined ? null : job.failedReason,
    stacktrace: job.stacktrace,
    returnvalue: job.returnvalue === undefined ? null : job.returnvalue,
    processedOn: job.processedOn || null,
    finishedOn: job.finishedOn || null,
    retriedOn: job.retriedOn || null,
    state,
    logs: logs.logs
  };
}

const operations = {
  async add(url, { queue, name, data = {}, opts = {} }) {
    const target = cached(queues, url, queue);
    const job = name ? await target.add(name, data, opts) : await target.add(data, opts);
    return String(job.id);
  },
  async addBulk(url, request) {
    const jobs = await queueOf(url, request).addBulk(request.jobs);
    return jobs.map(job => String(job.id));
  },
  progress: async (url, request) => (await jobOf(url, request)).progress(request.value),
  log: async (url, request) => (await jobOf(url, request)).log(request.line),
  promote: async (url, request) => (await jobOf(url, request)).promote(),
  retry: async (url, request) => (await jobOf(url, request)).retry(),
  async remove(url, request) {
    await (await jobOf(url, request)).remove();
  },
  async failByHand(url, request) {
    await (await jobOf(url, request)).moveToFailed({ message: request.reason }, true);
  },
  async completeByHand(url, request) {
    await (await jobOf(url, request)).moveToCompleted(request.value, true, !request.fetch);
  },
  async pause(url, request) {
    await queueOf(url, request).pause();
  },
  async resume(url, request) {
    await queueOf(url, request).resume();
  },
  empty: async (url, request) => {
    await queueOf(url, request).empty();
  },
  async clean(url, request) {
    const { grace, state, limit } = request;
    const ids = await queueOf(url, request).clean(grace, state, limit);
    return ids.sort();
  },
  obliterate: (url, request) => queueOf(url, request).obliterate({ force: request.force }),
  removeRepeatable: async (url, request) => {
    await queueOf(url, request).removeRepeatableByKey(request.key);
  },

  // Takes a job and holds it; `finish`, `fail` and `dead` let go of it.
  async take(url, { queue }) {
    const taker = new Bull(queue, url);
    const job = await taker.getNextJob();
    if (!job) throw new Error('no job to take');
    takers.set(`${queue} ${job.id}`, { taker, job });
    return String(job.id);
  },
  async finish(url, { queue, id, value }) {
    const { taker, job } = takers.get(`${queue} ${id}`);
    await job.moveToCompleted(value, false, true);
    await taker.close(true);
  },
  async fail(url, { queue, id, reason, discard }) {
    const { taker, job } = takers.get(`${queue} ${id}`);
    if (discard) job.discard();
    await job.moveToFailed(new Error(reason));
    await taker.close(true);
  },
  async dead(url, { queue, id }) {
    const { taker, job } = takers.get(`${queue} ${id}`);
    await taker.client.del(taker.toKey(`${job.id}:lock`));
    await taker.close(true);
  },

  // Works until the counts are as wanted: {completed: 2, failed: 0, …}.
  async work(url, { queue, until }) {
    const worker = new Bull(queue, url, {
      settings: { stalledInterval: 200, guardInterval: 200, lockDuration: 1500 }
    });
    worker.process('*', 1, handle);
    // As the Node.js program does: the next queue gets its job once this one's has completed.
    const followers = [];
    worker.on('completed', ({ data }) => {
      const [next, ...rest] = data.then || [];
      if (next) followers.push(cached(queues, url, next).add({ then: rest }));
    });
    await counted(worker, until);
    await worker.close();
    await Promise.all(followers);
  },
  async startWorker(url, { queue, hold }) {
    const worker = new Bull(queue, url);
    worker.process('*', 1, hold ? holdWorker : handle);
    workers.set(queue, worker);
  },
  async stopWorker(url, { queue }) {
    await workers.get(queue).close();
    workers.delete(queue);
  },

  async finished(url, request) {
    return (await jobOf(url, request)).finished();
  },

  async read(url, request) {
    const queue = queueOf(url, request);
    const ranges = {};
    const jobs = {};
    const states = {
      waiting: () => queue.getJobs(['wait'], 0, -1, true),
      active: () => queue.getActive(),
      completed: () => queue.getCompleted(),
      failed: () => queue.getFailed(),
      delayed: () => queue.getDelayed(),
      paused: () => queue.getJobs(['paused'], 0, -1, true)
    };
    for (const [state, get] of Object.entries(states)) {
      const found = (await get()).filter(Boolean);
      ranges[state] = found.map(job => String(job.id));
      for (const job of found) jobs[job.id] = await view(queue, job);
    }
    const slice = await queue.getFailed(1, 2);
    const repeatables = await queue.getRepeatableJobs(0, -1, true);
    return {
      counts: await queue.getJobCounts(),
      ranges,
      failedSlice: slice.map(job => String(job.id)),
      jobs,
      paused: await queue.isPaused(),
      repeatables
    };
  },
  board
};

async function counted(queue, wanted) {
  const end = Date.now() + 30000;
  for (;;) {
    const counts = await queue.getJobCounts();
    if (Object.entries(wanted).every(([state, count]) => counts[state] === count)) return;
    if (Date.now() > end) throw new Error(`counts never became ${JSON.stringify(wanted)}, but ${JSON.stringify(counts)}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

async function closeAll() {
  const open = [...queues.values(), ...workers.values()];
  await Promise.all(open.map(queue => queue.close(true).catch(() => {})));
}

module.exports = { operations, closeAll };
