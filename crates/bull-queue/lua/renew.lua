-- Renews the lock of a running job. KEYS[1] is the queue's key prefix; ARGV[1] {id, token, processed_on,
-- lock_ms}. Returns the result of `ownership`.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local mine = ownership(base, request)
if mine == 1 then
  redis.call('SET', base .. request.id .. ':lock', request.token, 'PX', request.lock_ms)
  redis.call('SREM', base .. 'stalled', request.id)
elseif redis.call('GET', base .. request.id .. ':lock') == request.token then
  -- Moved by hand and still running: nobody else may run it yet.
  redis.call('PEXPIRE', base .. request.id .. ':lock', request.lock_ms)
end
return mine
