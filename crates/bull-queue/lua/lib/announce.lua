-- Tells those who listen. A user without the right to it (Redis 7 gives a new one no channel) has done
-- all the rest: an error would make the caller believe that nothing was done. `check.lua` tells of it.
local function announce(channel, message)
  redis.pcall('PUBLISH', channel, message)
end
