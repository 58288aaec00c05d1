-- Whether a job goes to the front of the waiting list. Flags are interpreted as in JavaScript.
local function is_lifo(base, id)
  local read, options = pcall(cjson.decode, redis.call('HGET', base .. id, 'opts') or '{}')
  local lifo = read and type(options) == 'table' and options.lifo
  return lifo == true or (tonumber(lifo) or 0) ~= 0
end

-- Moves a failed job to the waiting list for one more attempt. Returns 1 done, 0 no such job, -1 locked, -2
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
