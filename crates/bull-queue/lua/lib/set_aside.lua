-- Moves a value under a job's key that is not a job to another key, and puts a job in its place that says
-- so and cannot be run. Otherwise every access would be an error, and the jobs after it would never be
-- processed.
local function set_aside(base, id)
  local key = base .. id
  local kind = redis.call('TYPE', key).ok
  if kind == 'hash' or kind == 'none' then
    return
  end
  local server = redis.call('TIME')
  redis.call('RENAME', key, key .. ':not-a-job')
  redis.call('ZREM', base .. 'priority', id)
  redis.call('HSET', key, 'name', '__default__', 'data', '{}', 'opts', '{}',
    'timestamp', server[1] .. string.format('%03.0f', math.floor(server[2] / 1000)),
    'delay', 0, 'priority', 0,
    'malformed', 'its key held a ' .. kind .. ', which is kept as ' .. key .. ':not-a-job')
end

local function is_error(answer)
  return type(answer) == 'table' and answer.err ~= nil
end

-- Writes fields of a job.
local function write_job(base, id, ...)
  if is_error(redis.pcall('HSET', base .. id, ...)) then
    set_aside(base, id)
    redis.call('HSET', base .. id, ...)
  end
end
