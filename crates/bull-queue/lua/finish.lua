-- Ends an attempt of a job, adds the next job of its run, and fetches another job, atomically: the one
-- script that every job runs. Arguments needed for every job are plain text, which is faster than JSON or
-- Lua's numbers.
-- KEYS[1] is the queue's key prefix, KEYS[2] the key of the receipt, which no other request uses until this
-- one is answered.
-- ARGV: id, token, processed_on, now, again (1 if it was sent before), the token for the fetched job (empty
-- to fetch none), lock_ms, outcome (completed | failed | delayed | wait), event (for completed and failed),
-- other arguments as JSON (usually empty) {
--   keep: {count, age},                    for completed and failed
--   due,                                   for delayed: ms
--   lifo, front,                           for wait
--   debounce: the key held by the job, successor: {base, job} },
-- then the fields written to the hash, including `finishedOn`, names and values alternating.
-- Returns {1 | 2 (an earlier run did it) | the result of `ownership`, id, fields, next due}.
local base, receipt = KEYS[1], KEYS[2]
local try = { id = ARGV[1], token = ARGV[2], processed_on = ARGV[3] }
local id, now = try.id, ARGV[4]
local fetch = ARGV[6] ~= '' and { token = ARGV[6], lock_ms = ARGV[7] }

if ARGV[5] == '1' and redis.call('GET', receipt) == try.token then
  local job = fetch and taken_before(base, fetch, now)
  return { 2, unpack(job or { false, {}, false }) }
end
local lock = has_lock(base, try)
if lock < 0 then
  return { lock, false, {}, false }
end

-- Writes that may be refused for lack of memory come first, when nothing has been changed yet.
redis.call('SET', receipt, try.token, 'PX', '86400000')
if redis.call('LREM', base .. 'active', '0', id) == 0 then
  redis.call('DEL', receipt, base .. id .. ':lock')
  return { lock == 1 and -3 or -2, false, {}, false }
end
local outcome, request = ARGV[8], ARGV[10] ~= '' and cjson.decode(ARGV[10]) or {}
local is_over = outcome == 'completed' or outcome == 'failed'
write_job(base, id, unpack(ARGV, 11))
redis.call('HDEL', base .. id, 'owner')
redis.call('SREM', base .. 'stalled', id)
redis.call('DEL', base .. id .. ':lock')
if request.successor and redis.call('HEXISTS', base .. id, 'successor') == 0 then
  local follower = add_job(request.successor.base, request.successor.job)
  redis.call('HSET', base .. id, 'successor', request.successor.base .. follower)
end

if is_over then
  if request.debounce then
    release_debounce(base, id)
  end
  keep_finished(base, outcome, id, now, request.keep or {})
  announce(base .. outcome, ARGV[9])
elseif outcome == 'delayed' then
  local score = request.due * 4096 + (tonumber(id) or 0) % 4096
  redis.call('ZADD', base .. 'delayed', score, id)
  announce(base .. 'delayed', score / 4096)
else
  enqueue(base, id, request.front and 0 or priority_of(base, id), request.lifo or request.front,
    try.token)
end
return { 1, unpack(fetch and take_next(base, fetch, now) or { false, {}, false }) }
