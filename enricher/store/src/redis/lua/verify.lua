#!lua
-- Records that the data of a run were found unchanged. KEYS: the meta. ARGV: the owner, the run, the time.
local owner, run, verified = unpack(redis.call('HMGET', KEYS[1], 'owner', 'run', 'verifiedTime'))
if not run then return {'elsewhere', ''} end
if owner ~= ARGV[1] then return {'owned', owner or ''} end
if run ~= ARGV[2] then return {'elsewhere', run} end
if not verified or tonumber(verified) < tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], 'verifiedTime', ARGV[3])
end
return {'done'}
