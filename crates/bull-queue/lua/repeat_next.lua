-- Adds the next occurrence of a repeatable job when the current one becomes active. KEYS[1] is the queue's
-- key prefix; ARGV[1] {key, next, job}. Returns 1 added, 0 nothing to do: the repeatable job was removed,
-- or this or a later occurrence exists.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local known = redis.call('ZSCORE', base .. 'repeat', request.key)
if not known or tonumber(known) > request.next
  or redis.call('EXISTS', base .. request.job.id) == 1 then
  return 0
end
redis.call('ZADD', base .. 'repeat', request.next, request.key)
add_job(base, request.job)
return 1
