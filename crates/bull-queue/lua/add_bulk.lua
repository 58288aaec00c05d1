-- Adds several jobs. KEYS[1] is the queue's key prefix; ARGV[1] {nonce, jobs}. Returns their ids, in order.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local before = receipt(base, request.nonce)
if before then
  return cjson.decode(before)
end
local ids = {}
for i, job in ipairs(request.jobs) do
  ids[i] = add_job(base, job)
end
leave_receipt(base, request.nonce, cjson.encode(ids))
return ids
