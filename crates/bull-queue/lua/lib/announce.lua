-- Publishes an event. If the user lacks the permission (in Redis 7, a new user has no channels), everything
-- else has been done, and an error would make the caller believe otherwise. `check_rights.lua` reports it.
local function announce(channel, message)
  redis.pcall('PUBLISH', channel, message)
end
