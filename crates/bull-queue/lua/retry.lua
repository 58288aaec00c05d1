-- Puts a failed job in line for one more try. KEYS[1] the queue's base; ARGV[1] {nonce, id, token,
-- now}. Answers what `retry_job` says.
local base, request = KEYS[1], cjson.decode(ARGV[1])
if receipt(base, request.nonce) then
  return 1
end
local code = retry_job(base, request.id, request.now, request.token)
if code == 1 then
  leave_receipt(base, request.nonce, request.id)
end
return code
