#!lua
-- Takes the meta for a run. KEYS: the meta. ARGV: the token, the owner, the oldest and the newest layout known, '1'
-- if there has to be a meta.
local layout, owner, token = unpack(redis.call('HMGET', KEYS[1], 'layout', 'owner', 'token'))
if redis.call('EXISTS', KEYS[1]) == 1 then
  local number = tonumber(layout) or 0
  if number < tonumber(ARGV[3]) or number > tonumber(ARGV[4]) then return {'layout', tostring(number)} end
  if owner ~= ARGV[2] then return {'owned', owner or ''} end
  -- Nor is its own number taken a second time: where bookkeeping was dropped, two runs may have claimed it.
  if tonumber(token or 0) >= tonumber(ARGV[1]) then return {'fenced', token} end
elseif ARGV[5] == '1' then
  return {'fenced', ''}
else
  redis.call('HSET', KEYS[1], 'layout', ARGV[4], 'owner', ARGV[2], 'run', '0')
end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
return {'done'}
