-- Moves a delayed job to the waiting list at once. KEYS[1] is the queue's key prefix; ARGV[1] {id, token}.
-- Returns 1 done, 0 not delayed.
local base, request = KEYS[1], cjson.decode(ARGV[1])
if not redis.call('ZSCORE', base .. 'delayed', request.id) then
  return 0
end
write_job(base, request.id, 'delay', 0)
enqueue(base, request.id, priority_of(base, request.id), false, request.token)
redis.call('ZREM', base .. 'delayed', request.id)
return 1
