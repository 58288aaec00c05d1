-- Removes a repeatable job and its delayed occurrences. KEYS[1] is the queue's key prefix; ARGV[1] {key,
-- prefix: of its occurrences' ids}. Returns 1 done, 0 no such repeatable job.
local base, request = KEYS[1], cjson.decode(ARGV[1])
for _, id in ipairs(redis.call('ZRANGE', base .. 'delayed', 0, -1)) do
  if string.sub(id, 1, #request.prefix) == request.prefix then
    redis.call('ZREM', base .. 'delayed', id)
    redis.call('DEL', base .. id, base .. id .. ':logs')
  end
end
return redis.call('ZREM', base .. 'repeat', request.key)
