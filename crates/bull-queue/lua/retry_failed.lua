-- Moves failed jobs to the waiting list for one more attempt, all of them before a worker fetches the
-- first. KEYS[1] is the queue's key prefix; ARGV[1] {nonce, ids, token, now}. Returns the ids of the
-- retried jobs, in order.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local before = receipt(base, request.nonce)
if before then
  return cjson.decode(before)
end
local retried = {}
for _, id in ipairs(request.ids) do
  if retry_job(base, id, request.now, request.token) == 1 then
    retried[#retried + 1] = id
  end
end
leave_receipt(base, request.nonce, cjson.encode(retried))
return retried
