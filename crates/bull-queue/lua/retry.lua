-- Puts a failed job in line for one more try. KEYS[1] the queue's base; ARGV[1] {id, lifo, token,
-- now}. Answers 1 done, 0 no such job, -1 it is locked, -2 it is not in `failed`.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local key = base .. request.id
if redis.call('EXISTS', key) == 0 then
  return 0
end
if redis.call('HGET', key, 'retriedOn') == string.format('%.0f', request.now) then
  return 1 -- an earlier run of this very request
end
if redis.call('EXISTS', key .. ':lock') == 1 then
  return -1
end
if not redis.call('ZSCORE', base .. 'failed', request.id) then
  return -2
end
redis.call('HSET', key, 'retriedOn', request.now)
enqueue(base, request.id, 0, request.lifo, request.token)
redis.call('HDEL', key, 'finishedOn', 'processedOn', 'failedReason')
redis.call('ZREM', base .. 'failed', request.id)
return 1
