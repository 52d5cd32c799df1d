#!lua
-- In front of every script that writes a bucket. (`#!lua` lets Redis refuse the whole script where memory is full,
-- instead of its first half.)
-- KEYS: the bucket; for a script of chunks the temporary key; then the meta and the change feed, left out where another
--       shard has them.
-- ARGV: the token; the run that the bucket comes to; the run it must be at, or '' to replace whatever is there; its
--       new control field; then what each script says.

-- Layout, run and columns of the bucket, all nil if it has no control field.
local function control()
  local text = redis.call('HGET', KEYS[1], '')
  if not text then return end
  return string.match(text, '^(%d+) (%d+) ?(.*)$')
end

-- The answer of a script that must not write; nil if it may.
local function refusal(meta)
  local token, applying
  if meta then
    token, applying = unpack(redis.call('HMGET', meta, 'token', 'applying'))
    if token ~= ARGV[1] then return {'fenced', token or ''} end
  end
  local layout, run, columns = control()
  local my_layout, _, my_columns = string.match(ARGV[4], '^(%d+) (%d+) ?(.*)$')
  if layout and tonumber(layout) > tonumber(my_layout) then return {'layout', layout} end
  local ahead = run and tonumber(run) - tonumber(ARGV[2]) or -1
  -- One that is ahead of the run that the meta knows of is of a history that was lost with its meta: it is replaced.
  if ahead == 0 or (ahead > 0 and not meta) then return {'already', run} end
  -- A meta that went back to before this run was started knows nothing of the buckets that it writes.
  if meta and applying ~= ARGV[2] then return {'fenced', ''} end
  if ARGV[3] ~= '' then
    if not run or tonumber(run) ~= tonumber(ARGV[3]) then return {'elsewhere', run or ''} end
    if columns ~= my_columns then return {'columns'} end
  end
end

-- Lua's stack holds some 8,000 values.
local SLICE = 2000

local function call_in_slices(command, key, first, last)
  while first <= last do
    local slice_end = math.min(first + SLICE - 1, last)
    redis.call(command, key, unpack(ARGV, first, slice_end))
    first = slice_end + 1
  end
end

-- ARGV[first] says how many keys to remove; they follow, then the key and row of each row to set.
local function apply(key, first)
  local removed = tonumber(ARGV[first])
  call_in_slices('HDEL', key, first + 1, first + removed)
  call_in_slices('HSET', key, first + 1 + removed, #ARGV)
end

-- Tells whoever keeps rows elsewhere, in the same step that changes them. ARGV[first]: '<buckets>.<bucket>', or '' if no
-- row changed; then the changed keys, or '' if it may be any; then the most entries that the feed keeps.
local function announce(feed, first)
  if not feed or ARGV[first] == '' then return end
  local entry = {'run', ARGV[2], 'bucket', ARGV[first]}
  if ARGV[first + 1] ~= '' then
    entry[5], entry[6] = 'keys', ARGV[first + 1]
  end
  redis.call('XADD', feed, 'MAXLEN', '~', ARGV[first + 2], '*', unpack(entry))
end
