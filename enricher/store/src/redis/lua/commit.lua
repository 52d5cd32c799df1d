#!lua
-- Makes the run that is being applied the committed one. KEYS: the meta; the change feed, left out where another shard
-- has it. ARGV: the token, the run, the layout, the most entries that the feed keeps.
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
-- In the same step: of an entity that is removed meanwhile nothing is made again.
if KEYS[2] then redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'run', applying) end
return {'done'}
