-- Removes the jobs of one list or set that are older than a time and not locked.
-- KEYS[1] the queue's base; ARGV[1] {
--   nonce, part, before: ms, limit: how many at most, none for all,
--   set: `time` for a set whose scores are times, `other` for another set, none for a list,
--   skip, look: which part of a set is looked at; a list is looked at whole }
-- Answers {ids removed, how many were looked at and kept}.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local before = receipt(base, request.nonce)
if before then
  return cjson.decode(before)
end
local key = base .. request.part

local ids
if request.set == 'time' then
  ids = redis.call('ZRANGEBYSCORE', key, '-inf', request.before, 'LIMIT', request.skip, request.look)
elseif request.set then
  ids = redis.call('ZRANGE', key, request.skip, request.skip + request.look - 1)
else
  ids = redis.call('LRANGE', key, 0, -1)
end

local function is_old(id)
  -- A key that is not a hash has no time and counts as old.
  for _, time in ipairs(redis.pcall('HMGET', base .. id, 'finishedOn', 'processedOn', 'timestamp')) do
    if time then
      return (tonumber(time) or 0) < request.before
    end
  end
  return true -- Nothing is left of the job but its id.
end

local removed, kept = {}, 0
local first, last, step = 1, #ids, 1
if not request.set then
  -- The oldest are at the right end of a list.
  first, last, step = #ids, 1, -1
end
for i = first, last, step do
  local id = ids[i]
  if request.limit and #removed >= request.limit then
    break
  end
  if redis.call('EXISTS', base .. id .. ':lock') == 0 and is_old(id) then
    if request.set then
      redis.call('ZREM', key, id)
    else
      -- Marks each position with a unique value; LREM for each would scan the list every time.
      redis.call('LSET', key, i - 1, '')
    end
    redis.call('ZREM', base .. 'priority', id)
    redis.call('SREM', base .. 'stalled', id)
    forget_job(base, id, request.set == 'time')
    removed[#removed + 1] = id
  else
    kept = kept + 1
  end
end
if not request.set and #removed > 0 then
  redis.call('LREM', key, 0, '')
end
leave_receipt(base, request.nonce, cjson.encode({ removed, kept }))
return { removed, kept }
