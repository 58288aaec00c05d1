-- Fetches the next waiting job for a worker. KEYS[1] is the queue's key prefix; ARGV[1] {now, token,
-- lock_ms, again, drained}. Returns {id, fields, next due}; see take_next.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local job = request.again and taken_before(base, request, request.now)
if not job then
  job = take_next(base, request, request.now)
end
if request.drained and not job[1] then
  announce(base .. 'drained', '')
end
return job
