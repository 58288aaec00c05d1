-- Lists the jobs in `active`, and moves values that are not jobs aside. KEYS[1] is the queue's key prefix.
-- Returns for each {id, lock, remaining ms of the lock, owner, processedOn}; false for what is missing.
local base = KEYS[1]
local seen = {}
for _, id in ipairs(redis.call('LRANGE', base .. 'active', 0, -1)) do
  local fields = redis.pcall('HMGET', base .. id, 'owner', 'processedOn')
  if is_error(fields) then
    set_aside(base, id)
    fields = { false, false }
  end
  local lock = redis.call('GET', base .. id .. ':lock')
  seen[#seen + 1] = { id, lock, redis.call('PTTL', base .. id .. ':lock'), fields[1], fields[2] }
end
return seen
