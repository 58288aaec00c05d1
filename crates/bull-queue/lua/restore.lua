-- Restores a running job in a Redis that has lost its data. KEYS[1] is the queue's key prefix; ARGV[1] {id,
-- token, processed_on, lock_ms, fields: its hash as fetched, names and values alternating}. Returns 1 done,
-- 0 the job exists.
local base, request = KEYS[1], cjson.decode(ARGV[1])
if redis.call('EXISTS', base .. request.id) == 1 then
  return 0
end
redis.call('HSET', base .. request.id, unpack(request.fields))
redis.call('LPUSH', base .. 'active', request.id)
take_ownership(base, request.id, request.token, request.lock_ms, request.processed_on)
return 1
