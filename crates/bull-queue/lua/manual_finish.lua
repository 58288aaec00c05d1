-- Ends a try of a job in `active`, whoever runs it. Its lock stays: whoever runs it learns at the next
-- renewal that it is not his any more, and until then nobody can retry or remove it.
-- KEYS[1] the queue's base; ARGV[1] {
--   nonce, id, now, token, attempts_made, processed_on: as the caller has read them,
--   outcome: completed | failed | delayed | wait, fields, keep, event, due, lifo: as in finish.lua }
-- Answers 1 done, 0 no such job, -3 it is not in `active`, -4 it is not as it was read any more.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local id = request.id
if receipt(base, request.nonce) then
  return 1
end
if redis.call('EXISTS', base .. id) == 0 then
  return 0
end
if not stands_in_active(base, id) then
  return -3
end
local seen = redis.call('HMGET', base .. id, 'attemptsMade', 'processedOn')
if (tonumber(seen[1] or '0') or 0) ~= request.attempts_made
  or (tonumber(seen[2] or '0') or 0) ~= request.processed_on then
  return -4
end

leave_receipt(base, request.nonce, id)
redis.call('HSET', base .. id, unpack(request.fields))
if request.outcome == 'delayed' then
  local score = request.due * 4096 + (tonumber(id) or 0) % 4096
  redis.call('ZADD', base .. 'delayed', score, id)
  leave_active(base, id)
  announce(base .. 'delayed', score / 4096)
elseif request.outcome == 'wait' then
  leave_active(base, id)
  enqueue(base, id, priority_of(base, id), request.lifo, request.token)
else
  settle(base, request.outcome, id, request.now, request.keep, request.event, true)
end
return 1
