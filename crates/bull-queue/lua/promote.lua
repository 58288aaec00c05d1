-- Puts a delayed job in line at once. KEYS[1] the queue's base; ARGV[1] {id, token}.
-- Answers 1 done, 0 it is not delayed.
local base, request = KEYS[1], cjson.decode(ARGV[1])
if not redis.call('ZSCORE', base .. 'delayed', request.id) then
  return 0
end
write_job(base, request.id, 'delay', 0)
enqueue(base, request.id, priority_of(base, request.id), false, request.token)
redis.call('ZREM', base .. 'delayed', request.id)
return 1
