#!lua flags=allow-oom
-- Gives a lease back. KEYS: the lease. ARGV: the holder.
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return {'taken'} end
redis.call('UNLINK', KEYS[1])
return {'done'}
