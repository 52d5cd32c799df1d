#!lua flags=allow-oom
-- Removes buckets of a set that is out of use. KEYS: the meta, then buckets. ARGV: the token, the set's number of
-- buckets, '1' if nothing of the set is left after this.
local token, buckets, applying, sets = unpack(redis.call('HMGET', KEYS[1], 'token', 'buckets', 'applyingBuckets', 'sets'))
if token ~= ARGV[1] then return {'fenced', token or ''} end
if buckets == ARGV[2] or applying == ARGV[2] then return {'in use'} end
if #KEYS > 1 then redis.call('UNLINK', unpack(KEYS, 2)) end
if ARGV[3] == '1' then
  local left = {}
  for set in string.gmatch(sets or '', '%d+') do
    if set ~= ARGV[2] then left[#left + 1] = set end
  end
  redis.call('HSET', KEYS[1], 'sets', table.concat(left, ','))
end
return {'done'}
