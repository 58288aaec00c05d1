local function stands_in_active(base, id)
  return redis.call('LPOS', base .. 'active', id)
end

-- Like `ownership`, without checking `active`: 1 if the lock belongs to the token, 2 if it has expired and
-- nobody has touched the job.
local function has_lock(base, try)
  local lock = redis.call('GET', base .. try.id .. ':lock')
  if lock == try.token then
    return 1
  end
  if redis.call('EXISTS', base .. try.id) == 0 then
    return redis.call('EXISTS', base .. 'receipt:obliterated') == 1 and -3 or -1
  end
  if lock then
    return -6
  end
  local seen = redis.call('HMGET', base .. try.id, 'owner', 'processedOn')
  if seen[1] ~= try.token or seen[2] ~= try.processed_on then
    return -2
  end
  return 2
end

-- Whether the attempt that holds `token` still has the job: 1 yes, -1 the job does not exist, -2 its lock
-- does not exist, -3 an operator has moved or removed it, -6 another worker has the lock.
--
-- A lock that expired during an outage of Redis still counts if nobody has touched the job: it is in
-- `active`, with the token as `owner` and the time at which it was fetched.
local function ownership(base, try)
  local lock = has_lock(base, try)
  if lock < 0 then
    return lock
  end
  return stands_in_active(base, try.id) and 1 or (lock == 1 and -3 or -2)
end

-- Takes ownership of a job in `active`.
local function take_ownership(base, id, token, lock_ms, now)
  redis.call('SET', base .. id .. ':lock', token, 'PX', lock_ms)
  redis.call('HSET', base .. id, 'owner', token, 'processedOn', now)
end

-- Removes a job from `active`.
local function leave_active(base, id)
  redis.call('HDEL', base .. id, 'owner')
  redis.call('SREM', base .. 'stalled', id)
  redis.call('LREM', base .. 'active', 0, id)
end

-- Removes a job that nobody runs any more from `active`.
local function drop_ownership(base, id)
  leave_active(base, id)
  redis.call('DEL', base .. id .. ':lock')
end
