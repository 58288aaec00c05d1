-- Adds a job, or the first occurrence of a repeatable one. `id` counts every add; a custom id is used only
-- once. Returns the id, and whether the job is new.
local function add_job(base, job)
  if job.repeat_key then
    redis.call('ZADD', base .. 'repeat', job.repeat_next, job.repeat_key)
  end
  local counter = redis.call('INCR', base .. 'id')
  local id = job.id
  if id then
    if redis.call('EXISTS', base .. id) == 1 then
      announce(base .. 'duplicated@' .. job.token, id)
      return id, false
    end
  else
    -- The number may already be a custom id.
    while redis.call('EXISTS', base .. string.format('%.0f', counter)) == 1 do
      counter = redis.call('INCR', base .. 'id')
    end
    id = string.format('%.0f', counter)
  end
  redis.call('HSET', base .. id,
    'name', job.name, 'data', job.data, 'opts', job.opts,
    'timestamp', job.timestamp, 'delay', job.delay, 'priority', job.priority)
  if job.run_id then
    redis.call('HSET', base .. id, 'runId', job.run_id)
  end
  if job.due > 0 then
    -- The low 12 bits preserve the order of jobs that are due at the same time.
    redis.call('ZADD', base .. 'delayed', job.due * 4096 + counter % 4096, id)
    announce(base .. 'delayed', job.due)
  else
    enqueue(base, id, job.priority, job.lifo, job.token)
  end
  return id, true
end
