-- Puts one of a bucket's chunks into the temporary key. ARGV[5]: the chunk's number, from 0; ARGV[6]: the milliseconds
-- after which a temporary key that nobody goes on with is gone.
local refused = refusal(KEYS[3])
if refused then return refused end
local number = tonumber(ARGV[5])
if number == 0 then
  redis.call('UNLINK', KEYS[2])
  if ARGV[3] ~= '' then redis.call('COPY', KEYS[1], KEYS[2]) end
elseif redis.call('HGET', KEYS[2], '') ~= ARGV[2] .. ' chunk ' .. (number - 1) then
  return {'torn'}
end
redis.call('HSET', KEYS[2], '', ARGV[2] .. ' chunk ' .. number)
apply(KEYS[2], 7)
redis.call('PEXPIRE', KEYS[2], ARGV[6])
return {'done'}
