-- Takes the next job in line. Answers its id, the fields of its hash, and when the next delayed job
-- is due; each false when there is none.
local function take_next(base, fetch, now)
  local next_due = promote_due(base, now, fetch.token) or false
  while true do
    local id = redis.call('RPOPLPUSH', base .. 'wait', base .. 'active')
    if not id then
      return { false, {}, next_due }
    end
    redis.call('ZREM', base .. 'priority', id)
    local lock_left = redis.call('PTTL', base .. id .. ':lock')
    if lock_left > 0 then
      -- An operator moved it while somebody ran it, who has not let go of it yet.
      redis.call('LREM', base .. 'active', 1, id)
      local due = now + math.min(lock_left, 1000)
      redis.call('ZADD', base .. 'delayed', due * 4096 + (tonumber(id) or 0) % 4096, id)
      if not next_due or due < tonumber(next_due) then
        next_due = string.format('%.0f', due)
      end
    elseif redis.call('EXISTS', base .. id) == 1 then
      take_ownership(base, id, fetch.token, fetch.lock_ms, now)
      redis.call('PUBLISH', base .. 'active@' .. fetch.token, id)
      return { id, redis.call('HGETALL', base .. id), next_due }
    else
      -- The job was removed, only its id was left in line.
      redis.call('LREM', base .. 'active', 0, id)
    end
  end
end

-- The job that an earlier run of the same request took, if it is still ours.
local function taken_before(base, fetch, now)
  for _, id in ipairs(redis.call('LRANGE', base .. 'active', 0, -1)) do
    if redis.call('HGET', base .. id, 'owner') == fetch.token then
      local lock = redis.call('GET', base .. id .. ':lock')
      if not lock or lock == fetch.token then
        take_ownership(base, id, fetch.token, fetch.lock_ms, now)
        return { id, redis.call('HGETALL', base .. id), promote_due(base, now, fetch.token) or false }
      end
    end
  end
  return nil
end
