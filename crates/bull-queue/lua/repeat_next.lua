-- Adds the next occurrence of a repeatable job, when the current one becomes active. KEYS[1] the
-- queue's base; ARGV[1] {key, next, job}. Answers 1 added, 0 there was nothing to do: it was
-- removed, or somebody has added this occurrence or a later one.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local known = redis.call('ZSCORE', base .. 'repeat', request.key)
if not known or tonumber(known) > request.next
  or redis.call('EXISTS', base .. request.job.id) == 1 then
  return 0
end
redis.call('ZADD', base .. 'repeat', request.next, request.key)
add_job(base, request.job)
return 1
