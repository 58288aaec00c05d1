-- Removes the priority of a job that has left the waiting list.
local function leave_priorities(base, id, fields)
  for i = 1, #fields, 2 do
    if fields[i] == 'priority' then
      return fields[i + 1] ~= '0' and redis.call('ZREM', base .. 'priority', id)
    end
  end
end

-- Locks a job that is not locked. A lock without an expiry belongs to nobody.
local function lock_free_job(base, id, fetch)
  local lock = base .. id .. ':lock'
  return redis.call('SET', lock, fetch.token, 'PX', fetch.lock_ms, 'NX')
    or redis.call('PTTL', lock) < 0 and redis.call('SET', lock, fetch.token, 'PX', fetch.lock_ms)
end

-- Fetches the next waiting job. Returns its id, the fields of its hash (newer values last), and when the
-- next delayed job is due; each is false if there is none.
local function take_next(base, fetch, now)
  local next_due = promote_due(base, now, fetch.token) or false
  while true do
    local id = redis.call('RPOPLPUSH', base .. 'wait', base .. 'active')
    if not id then
      return { false, {}, next_due }
    end
    local fields = redis.pcall('HGETALL', base .. id)
    if is_error(fields) then
      set_aside(base, id)
      fields = redis.call('HGETALL', base .. id)
    end
    leave_priorities(base, id, fields)
    if not fields[1] then
      -- The job was removed, and only its id was left in the list.
      redis.call('ZREM', base .. 'priority', id)
      redis.call('LREM', base .. 'active', 0, id)
    elseif lock_free_job(base, id, fetch) then
      -- Text unchanged, if it is text.
      local processed_on = tonumber(now) == now and string.format('%.0f', now) or now
      redis.call('HSET', base .. id, 'owner', fetch.token, 'processedOn', processed_on)
      announce(base .. 'active@' .. fetch.token, id)
      fields[#fields + 1] = 'owner'
      fields[#fields + 1] = fetch.token
      fields[#fields + 1] = 'processedOn'
      fields[#fields + 1] = processed_on
      return { id, fields, next_due }
    else
      -- An operator moved it while a worker ran it, and that worker has not released it yet.
      redis.call('LREM', base .. 'active', 1, id)
      local due = now + math.min(redis.call('PTTL', base .. id .. ':lock'), 1000)
      redis.call('ZADD', base .. 'delayed', due * 4096 + (tonumber(id) or 0) % 4096, id)
      if not next_due or due < tonumber(next_due) then
        next_due = string.format('%.0f', due)
      end
    end
  end
end

-- The job fetched by an earlier run of the same request, if it still belongs to this worker.
local function taken_before(base, fetch, now)
  for _, id in ipairs(redis.call('LRANGE', base .. 'active', 0, -1)) do
    -- A key that is not a hash belongs to nobody.
    if redis.pcall('HGET', base .. id, 'owner') == fetch.token then
      local lock = redis.call('GET', base .. id .. ':lock')
      if not lock or lock == fetch.token then
        take_ownership(base, id, fetch.token, fetch.lock_ms, now)
        return { id, redis.call('HGETALL', base .. id), promote_due(base, now, fetch.token) or false }
      end
    end
  end
  return nil
end
