-- Brings a bucket to a run in one step. ARGV[5] to [7]: what changes, for the feed.
local refused = refusal(KEYS[2])
if refused then return refused end
if ARGV[3] == '' then redis.call('UNLINK', KEYS[1]) end
redis.call('HSET', KEYS[1], '', ARGV[4])
apply(KEYS[1], 8)
announce(KEYS[3], 5)
return {'done'}
