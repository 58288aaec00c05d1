-- Adds a job. KEYS[1] is the queue's key prefix; ARGV[1] {nonce, job}. Returns {id, new}.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local before = receipt(base, request.nonce)
if before then
  return { before, 1 }
end
local id, new = add_job(base, request.job)
leave_receipt(base, request.nonce, id)
return { id, new and 1 or 0 }
