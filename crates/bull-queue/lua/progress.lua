-- Writes a job's progress. KEYS[1] is the queue's key prefix; ARGV[1] {id, progress, event}. Returns 1
-- done, 0 no such job.
local base, request = KEYS[1], cjson.decode(ARGV[1])
if redis.call('EXISTS', base .. request.id) == 0 then
  return 0
end
redis.call('HSET', base .. request.id, 'progress', request.progress)
announce(base .. 'progress', request.event)
return 1
