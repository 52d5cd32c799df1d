-- Makes the temporary key the bucket. ARGV[5]: the number of its last chunk; ARGV[6] to [8]: what changes, for the feed.
local refused = refusal(KEYS[3])
if refused then return refused end
if redis.call('HGET', KEYS[2], '') ~= ARGV[2] .. ' chunk ' .. ARGV[5] then return {'torn'} end
redis.call('HSET', KEYS[2], '', ARGV[4])
redis.call('PERSIST', KEYS[2])
redis.call('UNLINK', KEYS[1])
redis.call('RENAME', KEYS[2], KEYS[1])
announce(KEYS[4], 6)
return {'done'}
