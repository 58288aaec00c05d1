-- Removes a debounce key without an expiry after its job has ended.
local function release_debounce(base, id)
  local debounce = redis.call('HGET', base .. id, 'deid')
  if debounce and redis.call('PTTL', base .. 'de:' .. debounce) <= 0 then
    redis.call('DEL', base .. 'de:' .. debounce)
  end
end

local function delete_jobs(base, ids)
  for _, id in ipairs(ids) do
    redis.call('DEL', base .. id, base .. id .. ':logs')
  end
end

-- Removes finished jobs beyond the limits: `count` newest, `age` in seconds.
local function trim(base, set, keep, now)
  if keep.age then
    local oldest = string.format('%.0f', now - keep.age * 1000)
    delete_jobs(base, redis.call('ZRANGEBYSCORE', base .. set, '-inf', oldest))
    redis.call('ZREMRANGEBYSCORE', base .. set, '-inf', oldest)
  end
  if keep.count then
    delete_jobs(base, redis.call('ZREVRANGE', base .. set, keep.count, -1))
    redis.call('ZREMRANGEBYRANK', base .. set, 0, -(keep.count + 1))
  end
end

-- Moves a job that has ended to `completed` or `failed`. A count of 0 keeps nothing of this job, and
-- affects no other.
local function keep_finished(base, set, id, now, keep)
  if keep.count == 0 then
    delete_jobs(base, { id })
  else
    redis.call('ZADD', base .. set, now, id)
    trim(base, set, keep, now)
  end
end

-- Ends a job in `active`, and publishes the event. Writes that may be refused for lack of memory come
-- first: a script that fails half-way must not lose the job. `is_run`: a worker still runs it, so its lock
-- stays.
local function settle(base, set, id, now, keep, event, is_run)
  redis.call('HSET', base .. id, 'finishedOn', now)
  release_debounce(base, id)
  keep_finished(base, set, id, now, keep)
  if is_run then
    leave_active(base, id)
  else
    drop_ownership(base, id)
  end
  announce(base .. set, event)
end
