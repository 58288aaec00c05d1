-- Whether a job goes to the front of the line. A flag is read as JavaScript would read it.
local function is_lifo(base, id)
  local read, options = pcall(cjson.decode, redis.call('HGET', base .. id, 'opts') or '{}')
  local lifo = read and type(options) == 'table' and options.lifo
  return lifo == true or (tonumber(lifo) or 0) ~= 0
end

-- Puts a failed job in line for one more try. Answers 1 done, 0 no such job, -1 it is locked, -2 it is
-- not in `failed`.
local function retry_job(base, id, now, token)
  local key = base .. id
  if redis.call('EXISTS', key) == 0 then
    return 0
  end
  if redis.call('EXISTS', key .. ':lock') == 1 then
    return -1
  end
  if not redis.call('ZSCORE', base .. 'failed', id) then
    return -2
  end
  write_job(base, id, 'retriedOn', now)
  enqueue(base, id, 0, is_lifo(base, id), token)
  redis.call('HDEL', key, 'finishedOn', 'processedOn', 'failedReason')
  redis.call('ZREM', base .. 'failed', id)
  return 1
end
