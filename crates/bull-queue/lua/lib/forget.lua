-- Removes what is kept of a job: its hash, its log, and what the rate limiter knows of it. A job that
-- has not ended may hold a debounce key, too.
local function forget_job(base, id, has_ended)
  local debounce = not has_ended and redis.pcall('HGET', base .. id, 'deid')
  -- What is no hash is removed as well.
  if type(debounce) == 'string' then
    redis.call('DEL', base .. 'de:' .. debounce)
  end
  local limited = redis.call('HGET', base .. 'limiter:index', id)
  if limited then
    redis.call('SREM', limited, id)
    redis.call('HDEL', base .. 'limiter:index', id)
  end
  return redis.call('DEL', base .. id, base .. id .. ':logs')
end
