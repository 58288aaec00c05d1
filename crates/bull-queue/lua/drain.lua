-- Removes all waiting jobs. KEYS[1] is the queue's key prefix; ARGV[1] {nonce, delayed: also the delayed
-- ones}. Occurrences of repeatable jobs stay, because without them a schedule would silently end. Returns
-- the number of removed jobs.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local before = receipt(base, request.nonce)
if before then
  return tonumber(before)
end
local removed = 0
for _, list in ipairs({ 'wait', 'paused' }) do
  for _, id in ipairs(redis.call('LRANGE', base .. list, 0, -1)) do
    forget_job(base, id, false)
    removed = removed + 1
  end
  redis.call('DEL', base .. list)
end
redis.call('DEL', base .. 'priority')
if request.delayed then
  for _, id in ipairs(redis.call('ZRANGE', base .. 'delayed', 0, -1)) do
    if string.sub(id, 1, 7) ~= 'repeat:' then
      redis.call('ZREM', base .. 'delayed', id)
      forget_job(base, id, false)
      removed = removed + 1
    end
  end
end
leave_receipt(base, request.nonce, removed)
return removed
