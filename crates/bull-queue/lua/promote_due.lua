-- Puts delayed jobs whose time has come in line. KEYS[1] the queue's base; ARGV[1] {now, token}.
-- Answers when the next one is due (ms), or false.
local base, request = KEYS[1], cjson.decode(ARGV[1])
return promote_due(base, request.now, request.token) or false
