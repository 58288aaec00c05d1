-- Removes a queue with everything in it, a thousand jobs at a time. KEYS[1] is the queue's key prefix;
-- ARGV[1] {force: even if jobs are active, begun: this is not the first call}. Returns {0 everything is
-- removed, 1 call again, -2 jobs are active and nothing was done; number of active jobs}.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local active = redis.call('LLEN', base .. 'active')
if active > 0 and not request.force and not request.begun then
  return { -2, active }
end
-- Prevents workers from fetching jobs until everything is removed, and from returning running ones (see
-- own.lua).
redis.call('SET', base .. 'meta-paused', 1)
redis.call('SET', base .. 'receipt:obliterated', 1, 'PX', 120000)
local left = 1000

for _, list in ipairs({ 'active', 'wait', 'paused' }) do
  local ids = redis.call('LRANGE', base .. list, 0, left - 1)
  for _, id in ipairs(ids) do
    redis.call('DEL', base .. id .. ':lock')
    forget_job(base, id, false)
  end
  redis.call('LTRIM', base .. list, #ids, -1)
  left = left - #ids
  if left <= 0 then
    return { 1, active }
  end
end
for _, set in ipairs({ 'delayed', 'completed', 'failed' }) do
  local ids = redis.call('ZRANGE', base .. set, 0, left - 1)
  for _, id in ipairs(ids) do
    redis.call('ZREM', base .. set, id)
    forget_job(base, id, set ~= 'delayed')
  end
  left = left - #ids
  if left <= 0 then
    return { 1, active }
  end
end
for _, part in ipairs({
  'id', 'limiter', 'limiter:index', 'meta', 'meta-paused', 'priority', 'repeat', 'stalled',
  'stalled-check', 'metrics:completed', 'metrics:completed:data', 'metrics:failed',
  'metrics:failed:data',
}) do
  redis.call('DEL', base .. part)
end
return { 0, active }
