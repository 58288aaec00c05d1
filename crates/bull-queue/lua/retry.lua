-- Moves a failed job to the waiting list for one more attempt. KEYS[1] is the queue's key prefix; ARGV[1]
-- {nonce, id, token, now}. Returns the result of `retry_job`.
local base, request = KEYS[1], cjson.decode(ARGV[1])
if receipt(base, request.nonce) then
  return 1
end
local code = retry_job(base, request.id, request.now, request.token)
if code == 1 then
  leave_receipt(base, request.nonce, request.id)
end
return code
