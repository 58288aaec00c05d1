-- Moves due delayed jobs to the waiting list. KEYS[1] is the queue's key prefix; ARGV[1] {now, token}.
-- Returns when the next one is due (ms), or false.
local base, request = KEYS[1], cjson.decode(ARGV[1])
return promote_due(base, request.now, request.token) or false
