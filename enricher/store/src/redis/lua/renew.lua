#!lua flags=allow-oom
-- Lets a lease last on. KEYS: the lease. ARGV: the holder, the milliseconds.
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return {'taken'} end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'done'}
