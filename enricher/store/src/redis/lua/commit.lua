#!lua
-- Makes the run that is being applied the committed one. KEYS: the meta. ARGV: the token, the run, the layout.
local token, run, applying, buckets, entity, time = unpack(redis.call('HMGET', KEYS[1],
  'token', 'run', 'applying', 'applyingBuckets', 'applyingEntity', 'applyingSnapshotTime'))
if token ~= ARGV[1] then return {'fenced', token or ''} end
local started = {'applying', 'applyingBuckets', 'applyingEntity', 'applyingSnapshotTime'}
if tonumber(run) >= tonumber(ARGV[2]) then
  if applying == ARGV[2] then redis.call('HDEL', KEYS[1], unpack(started)) end
  return {'already', run}
end
if applying ~= ARGV[2] then return {'elsewhere', applying or ''} end
redis.call('HSET', KEYS[1], 'layout', ARGV[3], 'run', applying, 'buckets', buckets, 'entity', entity,
  'snapshotTime', time)
-- What was found unchanged was the run before, perhaps later than this one read the table.
redis.call('HDEL', KEYS[1], 'verifiedTime', unpack(started))
return {'done'}
