#!lua flags=allow-oom
-- Takes an entity out of use: readers are told that there is no copy, older runs are refused, and every set of its
-- buckets may be unlinked. KEYS: the meta. ARGV: the token, the owner, the oldest and the newest layout known, sets of
-- buckets besides those that the meta names, separated by commas; '1' to do so whoever is the owner.
local meta = KEYS[1]
local layout, owner, token = unpack(redis.call('HMGET', meta, 'layout', 'owner', 'token'))
if redis.call('EXISTS', meta) == 1 then
  local number = tonumber(layout) or 0
  if number < tonumber(ARGV[3]) or number > tonumber(ARGV[4]) then return {'layout', tostring(number)} end
  if owner ~= ARGV[2] and ARGV[6] ~= '1' then return {'owned', owner or ''} end
  if tonumber(token or 0) >= tonumber(ARGV[1]) then return {'fenced', token} end
elseif ARGV[5] == '' then
  return {'already', '0'}
end
local all, seen = {}, {}
for _, field in ipairs({'sets', 'buckets', 'applyingBuckets', ''}) do
  local text = field == '' and ARGV[5] or redis.call('HGET', meta, field)
  for set in string.gmatch(text or '', '%d+') do
    if not seen[set] then
      seen[set] = true
      all[#all + 1] = set
    end
  end
end
redis.call('HSET', meta, 'layout', ARGV[4], 'owner', ARGV[2], 'token', ARGV[1], 'run', '0',
  'sets', table.concat(all, ','))
redis.call('HDEL', meta, 'buckets', 'entity', 'snapshotTime', 'verifiedTime', 'applying', 'applyingBuckets',
  'applyingEntity', 'applyingSnapshotTime')
return {'done'}
