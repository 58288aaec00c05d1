-- Pauses or resumes a queue. KEYS[1] is the queue's key prefix; ARGV[1] {paused}. `wait` becomes `paused`
-- and back; jobs already in the destination stay in front.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local from, to, event = 'paused', 'wait', 'resumed'
if request.paused then
  from, to, event = 'wait', 'paused', 'paused'
  redis.call('SET', base .. 'meta-paused', 1)
  redis.call('HSET', base .. 'meta', 'paused', 1)
else
  redis.call('DEL', base .. 'meta-paused')
  redis.call('HDEL', base .. 'meta', 'paused')
end
if redis.call('EXISTS', base .. to) == 0 then
  if redis.call('EXISTS', base .. from) == 1 then
    redis.call('RENAME', base .. from, base .. to)
  end
else
  while redis.call('RPOPLPUSH', base .. from, base .. to) do end
end
announce(base .. event, event)
