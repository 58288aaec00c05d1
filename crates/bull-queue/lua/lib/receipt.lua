-- A reply can be lost after its script has run. The caller then sends the same request again with the same
-- nonce, and receives the result of the first run. The receipt lives longer than the caller retries.
local function receipt(base, nonce)
  return redis.call('GET', base .. 'receipt:' .. nonce)
end

local function leave_receipt(base, nonce, text)
  redis.call('SET', base .. 'receipt:' .. nonce, text, 'PX', 60000)
end
