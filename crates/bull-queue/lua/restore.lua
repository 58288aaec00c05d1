-- Puts a running job back into a Redis that has lost its data. KEYS[1] the queue's base; ARGV[1] {
-- id, token, processed_on, lock_ms, fields: its hash as it was fetched, name and value in turn}.
-- Answers 1 done, 0 the job is there.
local base, request = KEYS[1], cjson.decode(ARGV[1])
if redis.call('EXISTS', base .. request.id) == 1 then
  return 0
end
redis.call('HSET', base .. request.id, unpack(request.fields))
redis.call('LPUSH', base .. 'active', request.id)
take_ownership(base, request.id, request.token, request.lock_ms, request.processed_on)
return 1
