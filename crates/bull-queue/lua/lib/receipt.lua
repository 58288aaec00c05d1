-- A reply can be lost after its script has run. The caller then sends the same request again, with
-- the same nonce, and is told what the first run did. The receipt outlives the caller's patience.
local function receipt(base, nonce)
  return redis.call('GET', base .. 'receipt:' .. nonce)
end

local function leave_receipt(base, nonce, text)
  redis.call('SET', base .. 'receipt:' .. nonce, text, 'PX', 60000)
end
