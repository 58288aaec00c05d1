-- Releases a job that an operator has moved while it was running. KEYS[1] is the queue's key prefix;
-- ARGV[1] {id, token}. Returns 1 done, 0 the lock belongs to another worker.
local base, request = KEYS[1], cjson.decode(ARGV[1])
if redis.call('GET', base .. request.id .. ':lock') == request.token then
  return redis.call('DEL', base .. request.id .. ':lock')
end
return 0
