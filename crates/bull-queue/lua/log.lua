-- Appends a line to a job's log. KEYS[1] is the queue's key prefix; ARGV[1] {nonce, id, line}. Returns the
-- number of lines, 0 if there is no such job.
local base, request = KEYS[1], cjson.decode(ARGV[1])
if redis.call('EXISTS', base .. request.id) == 0 then
  return 0
end
local logs = base .. request.id .. ':logs'
if receipt(base, request.nonce) then
  return redis.call('LLEN', logs)
end
leave_receipt(base, request.nonce, request.id)
return redis.call('RPUSH', logs, request.line)
