-- Removes everything stored about a job: its hash, its log, and its entry of the rate limiter. A job that
-- has not ended may also hold a debounce key.
local function forget_job(base, id, has_ended)
  local debounce = not has_ended and redis.pcall('HGET', base .. id, 'deid')
  -- A key that is not a hash is removed as well.
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
