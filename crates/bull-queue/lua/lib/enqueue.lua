-- Adds a job to the list from which workers fetch: `wait`, or `paused` while the queue is paused. Both are
-- fetched from the right. A job with a priority is also in `priority`, and is placed to the left of those
-- that run before it.
local function enqueue(base, id, priority, lifo, token)
  local list = base .. 'wait'
  if redis.call('EXISTS', base .. 'meta-paused') == 1 then
    list = base .. 'paused'
  end
  if priority > 0 then
    redis.call('ZADD', base .. 'priority', priority, id)
    local ahead = redis.call('ZCOUNT', base .. 'priority', 0, priority) - 1
    local neighbour = ahead > 0 and redis.call('LINDEX', list, -ahead)
    if neighbour then
      redis.call('LINSERT', list, 'BEFORE', neighbour, id)
    else
      redis.call('RPUSH', list, id)
    end
  elseif lifo then
    redis.call('RPUSH', list, id)
  else
    redis.call('LPUSH', list, id)
  end
  announce(base .. 'waiting@' .. token, id)
end

local function priority_of(base, id)
  return tonumber(redis.call('HGET', base .. id, 'priority') or '0') or 0
end
