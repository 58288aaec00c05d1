'use strict';
// bull-board's API without a web server: its handlers, called as its adapters for servers do.
const { createBullBoard } = require('@bull-board/api');
const { BullAdapter } = require('@bull-board/api/bullAdapter');
const Bull = require('bull');

function collect(queue) {
  const found = { routes: [] };
  const server = new Proxy(
    {},
    {
      get: (_, name) => value => {
        if (name === 'setQueues') found.queues = value;
        if (name === 'setApiRoutes') found.routes = value;
        return server;
      }
    }
  );
  createBullBoard({ queues: [new BullAdapter(queue)], serverAdapter: server });
  return found;
}

// {queue, method, route, params, query}: answers {status, body}.
async function board(url, request) {
  const queue = new Bull(request.queue, url);
  try {
    const { queues, routes } = collect(queue);
    const route = routes.find(
      ({ method, route: path }) =>
        [].concat(method).includes(request.method) && [].concat(path).includes(request.route)
    );
    if (!route) throw new Error(`no route ${request.method} ${request.route}`);
    const params = { queueName: request.queue, ...request.params };
    const answer = await route.handler({ queues, params, query: request.query || {}, body: {}, headers: {} });
    return { status: answer.status || 200, body: answer.body };
  } finally {
    await queue.close(true);
  }
}

module.exports = { board };
