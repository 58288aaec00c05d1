-- Tries each command that the scripts use, on temporary keys. KEYS[1] is the queue's key prefix; ARGV[1]
-- {nonce}. Returns {command, Redis's error} for each refused one.
local base, request = KEYS[1], cjson.decode(ARGV[1])
local key = base .. 'receipt:check:' .. request.nonce .. ':'
local refused = {}
local function try(command, ...)
  local answer = redis.pcall(command, ...)
  local is_refused = type(answer) == 'table' and answer.err
  if is_refused then
    refused[#refused + 1] = { command, answer.err }
  end
  return not is_refused
end

local text, hash, list, other, set, scores =
  key .. 'text', key .. 'hash', key .. 'list', key .. 'other', key .. 'set', key .. 'scores'
try('TIME')
try('EXISTS', text)
try('INCR', text)
if try('SET', text, 1, 'PX', 60000) then
  try('GET', text)
  try('PTTL', text)
  try('PEXPIRE', text, 60000)
  try('TYPE', text)
end
if try('HSET', hash, 'field', 1) then
  try('PEXPIRE', hash, 60000)
  try('HGET', hash, 'field')
  try('HMGET', hash, 'field')
  try('HGETALL', hash)
  try('HEXISTS', hash, 'field')
  try('HINCRBY', hash, 'field', 1)
  try('HDEL', hash, 'other')
end
try('LPUSH', list, 1)
if try('RPUSH', list, 1) then
  try('PEXPIRE', list, 60000)
  try('LLEN', list)
  try('LRANGE', list, 0, -1)
  try('LINDEX', list, 0)
  try('LPOS', list, 1)
  try('LSET', list, 0, 1)
  try('LINSERT', list, 'BEFORE', 1, 2)
  try('LTRIM', list, 0, -1)
  try('LREM', list, 0, 3)
  try('RPOPLPUSH', list, other)
  try('RENAME', list, other)
end
try('SREM', set, 1)
if try('ZADD', scores, 1, 'member') then
  try('PEXPIRE', scores, 60000)
  try('ZSCORE', scores, 'member')
  try('ZCARD', scores)
  try('ZCOUNT', scores, 0, 1)
  try('ZRANGE', scores, 0, -1)
  try('ZREVRANGE', scores, 0, -1)
  try('ZRANGEBYSCORE', scores, 0, 1)
  try('ZREMRANGEBYSCORE', scores, 2, 3)
  try('ZREMRANGEBYRANK', scores, 2, 3)
  try('ZREM', scores, 'member')
end
try('PUBLISH', base .. 'waiting@check', '')
try('DEL', text, hash, list, other, set, scores)
return refused
