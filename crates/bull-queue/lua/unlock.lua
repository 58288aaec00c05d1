-- Lets go of a job that an operator has moved while it was run. KEYS[1] the queue's base;
-- ARGV[1] {id, token}. Answers 1 done, 0 the lock is not ours.
local base, request = KEYS[1], cjson.decode(ARGV[1])
if redis.call('GET', base .. request.id .. ':lock') == request.token then
  return redis.call('DEL', base .. request.id .. ':lock')
end
return 0
