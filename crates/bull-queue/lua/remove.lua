-- Removes a job, whatever its state. KEYS[1] is the queue's key prefix; ARGV[1] {id}. Returns 1 done, 0 no
-- such job, -1 locked.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local id = request.id
if redis.call('EXISTS', base .. id .. ':lock') == 1 then
  return -1
end
-- A key that is not a hash is removed as well.
local debounce = redis.pcall('HGET', base .. id, 'deid')
if type(debounce) == 'string' then
  redis.call('DEL', base .. 'de:' .. debounce)
end
local removed = 0
for _, list in ipairs({ 'active', 'wait', 'paused' }) do
  removed = removed + redis.call('LREM', base .. list, 0, id)
end
for _, set in ipairs({ 'delayed', 'completed', 'failed', 'priority' }) do
  removed = removed + redis.call('ZREM', base .. set, id)
end
redis.call('SREM', base .. 'stalled', id)
removed = removed + redis.call('DEL', base .. id, base .. id .. ':logs')
local limited = redis.call('HGET', base .. 'limiter:index', id)
if limited then
  redis.call('SREM', limited, id)
  redis.call('HDEL', base .. 'limiter:index', id)
end
return removed > 0 and 1 or 0
