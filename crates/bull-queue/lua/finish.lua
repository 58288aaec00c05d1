-- Ends a try of a job, adds its successor, and takes the next job, all in one step.
-- KEYS[1] the queue's base; ARGV[1] {
--   id, token, processed_on, now,
--   outcome: completed | failed | delayed | wait,
--   fields: what is written to the hash, name and value in turn,
--   keep: {count, age}, event,             for completed and failed
--   due,                                   for delayed: ms
--   lifo, front,                           for wait
--   successor: {base, job}, fetch: {token, lock_ms}, worker, acknowledged: [token] }
-- Answers {1 | 2 (an earlier run did it) | what `ownership` says, id, fields, next due}.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local id, now = request.id, request.now
local receipts = base .. 'receipts:' .. request.worker

local before = redis.call('HGET', receipts, request.token)
if before then
  local job = request.fetch and before ~= '' and taken_before(base, request.fetch, now)
  return { 2, unpack(job or { false, {}, false }) }
end
local mine = ownership(base, request)
if mine ~= 1 then
  if mine == -3 then
    redis.call('DEL', base .. id .. ':lock')
  end
  return { mine, false, {}, false }
end

-- What can be refused for want of memory comes first: then nothing has happened yet.
redis.call('HSET', receipts, request.token, '')
redis.call('PEXPIRE', receipts, 86400000)
redis.call('HSET', base .. id, unpack(request.fields))
if request.successor and redis.call('HEXISTS', base .. id, 'successor') == 0 then
  local follower = add_job(request.successor.base, request.successor.job)
  redis.call('HSET', base .. id, 'successor', request.successor.base .. follower)
end

if request.outcome == 'delayed' then
  local score = request.due * 4096 + (tonumber(id) or 0) % 4096
  redis.call('ZADD', base .. 'delayed', score, id)
  drop_ownership(base, id)
  redis.call('PUBLISH', base .. 'delayed', score / 4096)
elseif request.outcome == 'wait' then
  drop_ownership(base, id)
  enqueue(base, id, request.front and 0 or priority_of(base, id), request.lifo or request.front,
    request.token)
else
  settle(base, request.outcome, id, now, request.keep, request.event)
end
if #request.acknowledged > 0 then
  redis.call('HDEL', receipts, unpack(request.acknowledged))
end

local job = request.fetch and take_next(base, request.fetch, now) or { false, {}, false }
if job[1] then
  redis.call('HSET', receipts, request.token, job[1])
end
return { 1, unpack(job) }
