// One measurement of Bull or BullMQ, in a process of its own, as examples/bench_queue does it for ours.
// node measure.mjs <bull|bullmq> <run|add|bulk|latency> <port> <queue> <jobs> <concurrency>
// Prints one line of JSON; times are milliseconds, CPU times microseconds.
import Bull from "bull";
import * as bullmq from "bullmq";
import { Redis } from "ioredis";
import { once, EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

const [library, measure, port, name, jobsText, concurrencyText] = process.argv.slice(2);
const [jobs, concurrency] = [Number(jobsText), Number(concurrencyText)];
const connection = { host: "127.0.0.1", port: Number(port), maxRetriesPerRequest: null };
const WARM_UP = 1000;
const CHUNK = 1000;

// What differs between the two libraries.
const libraries = {
  bull() {
    const queue = new Bull(name, { redis: connection });
    return {
      ready: () => queue.isReady(),
      add: (data) => queue.add(data),
      addBulk: (list) => queue.addBulk(list.map((data) => ({ data }))),
      work(handler, onCompleted) {
        queue.on("completed", onCompleted);
        queue.process(concurrency, handler);
      },
      close: () => queue.close(),
    };
  },
  bullmq() {
    const queue = new bullmq.Queue(name, { connection });
    let worker;
    return {
      ready: () => queue.waitUntilReady(),
      add: (data) => queue.add("__default__", data),
      addBulk: (list) => queue.addBulk(list.map((data) => ({ name: "__default__", data }))),
      work(handler, onCompleted) {
        worker = new bullmq.Worker(name, handler, { connection, concurrency });
        worker.on("completed", onCompleted);
      },
      close: async () => (await worker?.close(), queue.close()),
    };
  },
};
const queue = libraries[library]();
await queue.ready();
const redis = new Redis(connection);

async function redisCpu() {
  const info = await redis.info("cpu");
  const seconds = (field) => Number(new RegExp(`${field}:([0-9.]+)`).exec(info)[1]);
  return (seconds("used_cpu_user") + seconds("used_cpu_sys")) * 1e6;
}

async function stopwatch() {
  const redisBefore = await redisCpu();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  return async (count) => {
    const ms = performance.now() - start;
    const cpu = process.cpuUsage(cpuBefore);
    return {
      per_second: (count * 1000) / ms,
      client_us: (cpu.user + cpu.system) / count,
      redis_us: ((await redisCpu()) - redisBefore) / count,
    };
  };
}

async function addMany(count) {
  for (let done = 0; done < count; done += CHUNK) {
    const length = Math.min(CHUNK, count - done);
    await queue.addBulk(Array.from({ length }, (_, i) => ({ n: done + i })));
  }
}

const measures = {
  async run() {
    await addMany(WARM_UP + jobs);
    const marks = new EventEmitter();
    let count = 0;
    let stop;
    queue.work(
      async () => ({}),
      () => {
        count += 1;
        if (count === WARM_UP) stop = stopwatch();
        if (count === WARM_UP + jobs) marks.emit("end");
      },
    );
    await once(marks, "end");
    return (await stop)(jobs);
  },
  async add() {
    for (let i = 0; i < WARM_UP; i += 1) await queue.add({ n: i });
    const stop = await stopwatch();
    for (let i = 0; i < jobs; i += 1) await queue.add({ n: i });
    return stop(jobs);
  },
  async bulk() {
    await addMany(WARM_UP);
    const stop = await stopwatch();
    await addMany(jobs);
    return stop(jobs);
  },
  // From before `add` to the first line of the handler; the queue is idle before each job.
  async latency() {
    const marks = new EventEmitter();
    queue.work(
      async () => marks.emit("started", performance.now()),
      () => marks.emit("completed"),
    );
    const times = [];
    for (let i = 0; i < jobs; i += 1) {
      await sleep(20);
      const started = once(marks, "started");
      const completed = once(marks, "completed");
      const before = performance.now();
      await queue.add({ n: i });
      times.push((await started)[0] - before);
      await completed;
    }
    times.sort((a, b) => a - b);
    return { median_ms: times[Math.floor(jobs / 2)], p99_ms: times[Math.floor(jobs * 0.99)] };
  },
};
console.log(JSON.stringify(await measures[measure]()));
await queue.close();
process.exit(0);
