#!lua flags=allow-oom
-- Removes the meta of an entity that is retired and of which no set of buckets is left. KEYS: the meta. ARGV: the token.
local token, run, sets, applying = unpack(redis.call('HMGET', KEYS[1], 'token', 'run', 'sets', 'applying'))
if token ~= ARGV[1] then return {'fenced', token or ''} end
if run ~= '0' or applying or (sets and sets ~= '') then return {'in use'} end
redis.call('UNLINK', KEYS[1])
return {'done'}
