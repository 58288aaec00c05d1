-- Makes a repeatable job the only one of its name. KEYS[1] the queue's base; ARGV[1] {
--   key, next, following: the time after next, job, prefix: what its occurrences' ids start with,
--   name, others: [{key, prefix}] of the same name }
-- Answers false when the queue has repeatable jobs of this name that the caller does not know of,
-- else {when it runs next, keys that were removed}.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local others = {}
for _, other in ipairs(request.others) do
  others[other.key] = other.prefix
end
local removed = {}
for _, key in ipairs(redis.call('ZRANGE', base .. 'repeat', 0, -1)) do
  if key ~= request.key and string.sub(key, 1, #request.name + 1) == request.name .. ':' then
    if not others[key] then
      return false
    end
    removed[#removed + 1] = key
  end
end

local known = tonumber(redis.call('ZSCORE', base .. 'repeat', request.key) or '0')
local current = request.prefix .. string.format('%.0f', known)
local next = request.next
local server = redis.call('TIME')
local is_past = next <= server[1] * 1000 + math.floor(server[2] / 1000)
if known > next and (known == request.following or is_past)
  and redis.call('ZSCORE', base .. 'delayed', current) then
  -- This occurrence has already started: the local clock is behind, or the request arrived late.
  next = known
else
  redis.call('ZADD', base .. 'repeat', next, request.key)
  if redis.call('EXISTS', base .. request.job.id) == 0 then
    add_job(base, request.job)
  end
end
local occurrence = request.prefix .. string.format('%.0f', next)
if redis.call('ZSCORE', base .. 'delayed', occurrence) then
  redis.call('HSET', base .. occurrence, 'data', request.job.data)
  if occurrence == request.job.id then
    redis.call('HSET', base .. occurrence, 'opts', request.job.opts)
  end
end

-- Removes occurrences that will not run: those of replaced jobs, and later ones of this job. An overdue one
-- was missed while no worker ran, and runs once.
local function stale(id, score)
  for _, prefix in pairs(others) do
    if string.sub(id, 1, #prefix) == prefix then
      return true
    end
  end
  return string.sub(id, 1, #request.prefix) == request.prefix and id ~= occurrence
    and math.floor(tonumber(score) / 4096) > next
end
local delayed = redis.call('ZRANGE', base .. 'delayed', 0, -1, 'WITHSCORES')
for i = 1, #delayed, 2 do
  if stale(delayed[i], delayed[i + 1]) then
    redis.call('ZREM', base .. 'delayed', delayed[i])
    redis.call('DEL', base .. delayed[i], base .. delayed[i] .. ':logs')
  end
end
for _, key in ipairs(removed) do
  redis.call('ZREM', base .. 'repeat', key)
end
return { string.format('%.0f', next), removed }
