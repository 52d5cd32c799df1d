#!lua
-- Takes a lease that nobody has. KEYS: the lease. ARGV: the holder, the milliseconds after which it ends by itself.
if redis.call('EXISTS', KEYS[1]) == 1 then return {'taken'} end
redis.call('HSET', KEYS[1], 'holder', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'done'}
