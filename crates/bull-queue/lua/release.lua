-- Returns a job that was fetched but not started to the front of the waiting list. KEYS[1] is the queue's
-- key prefix; ARGV[1] {token}. Returns the number of jobs.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local released = 0
for _, id in ipairs(redis.call('LRANGE', base .. 'active', 0, -1)) do
  local lock = redis.call('GET', base .. id .. ':lock')
  if redis.pcall('HGET', base .. id, 'owner') == request.token and (not lock or lock == request.token) then
    local priority = priority_of(base, id)
    if priority > 0 then
      redis.call('ZADD', base .. 'priority', priority, id)
    end
    enqueue(base, id, 0, true, request.token)
    drop_ownership(base, id)
    released = released + 1
  end
end
return released
