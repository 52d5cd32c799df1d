#!lua
-- Records what is going to be applied. KEYS: the meta. ARGV: the token, the run, its number of buckets, the entity, the
-- snapshot's time.
local token, run, sets = unpack(redis.call('HMGET', KEYS[1], 'token', 'run', 'sets'))
if token ~= ARGV[1] then return {'fenced', token or ''} end
if tonumber(run) >= tonumber(ARGV[2]) then return {'already', run} end
if not sets or sets == '' then
  sets = ARGV[3]
elseif not string.find(',' .. sets .. ',', ',' .. ARGV[3] .. ',', 1, true) then
  sets = sets .. ',' .. ARGV[3]
end
redis.call('HSET', KEYS[1], 'applying', ARGV[2], 'applyingBuckets', ARGV[3], 'applyingEntity', ARGV[4],
  'applyingSnapshotTime', ARGV[5], 'sets', sets)
return {'done'}
