local function due_of(first)
  return first[2] and string.format('%.0f', math.floor(tonumber(first[2]) / 4096))
end

-- Moves due delayed jobs to the waiting list, at most a thousand at once. Returns when the next one is due
-- (ms), if there is one.
local function promote_due(base, now, token)
  local first = redis.call('ZRANGE', base .. 'delayed', '0', '0', 'WITHSCORES')
  if not first[2] then
    return nil
  end
  local limit = (now + 1) * 4096 - 1
  if tonumber(first[2]) > limit then
    return due_of(first)
  end
  local due = redis.call('ZRANGEBYSCORE', base .. 'delayed', 0, limit, 'LIMIT', 0, 1000)
  for _, id in ipairs(due) do
    if redis.call('EXISTS', base .. id) == 1 then
      write_job(base, id, 'delay', 0)
      enqueue(base, id, priority_of(base, id), false, token)
    end
    redis.call('ZREM', base .. 'delayed', id)
  end
  return due_of(redis.call('ZRANGE', base .. 'delayed', 0, 0, 'WITHSCORES'))
end
