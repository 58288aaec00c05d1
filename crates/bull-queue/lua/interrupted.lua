-- Takes a dead worker's job out of `active`. KEYS[1] the queue's base; ARGV[1] {
--   id, lock, owner, processed_on: what `look` saw, empty for what was missing,
--   now, token, max_stalled: to put it back in line at most so often; none to fail it at once,
--   reason, stalled_reason, event, stalled_event }
-- Answers false when the job is not as it was seen any more, else `failed`, `stalled` or `gone`.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local id = request.id
local fields = redis.call('HMGET', base .. id, 'owner', 'processedOn')
local lock = redis.call('GET', base .. id .. ':lock') or ''
if lock ~= request.lock or (fields[1] or '') ~= request.owner
  or (fields[2] or '') ~= request.processed_on then
  return false
end
local stands = false
for _, active in ipairs(redis.call('LRANGE', base .. 'active', 0, -1)) do
  stands = stands or active == id
end
if not stands then
  return false
end
if redis.call('EXISTS', base .. id) == 0 then
  drop_ownership(base, id)
  return 'gone'
end

local reason, event = request.reason, request.event
if request.max_stalled then
  local stalled = redis.call('HINCRBY', base .. id, 'stalledCounter', 1)
  if stalled <= request.max_stalled then
    drop_ownership(base, id)
    announce(base .. 'stalled@', id)
    enqueue(base, id, 0, true, request.token)
    return 'stalled'
  end
  reason, event = request.stalled_reason, request.stalled_event
end
redis.call('HSET', base .. id, 'failedReason', reason)
settle(base, 'failed', id, request.now, {}, event)
return 'failed'
