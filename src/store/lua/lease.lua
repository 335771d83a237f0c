-- lease: a node tells how many units it has ever admitted for a holder, and is
-- granted how many it may come to.  No more is granted than is left: used,
-- granted and not yet used, and what is granted now never exceed a limit, and
-- what a window has used is counted for a thirty-second part longer than it
-- is.  So in no window more than its limit is admitted under leases.
--
-- Counts are absolute, modulo 2^31: a message that is lost, doubled or late
-- changes nothing.  A node that stays silent for half a second after its time
-- was up counts as having used all; so does one that begins another life.
--
-- KEYS  the holder's ledger, a hash:
--       t          ms: the latest time that it knows of
--       o          ms: what it is ahead of the engine's clock, which has gone
--                  back; and what it was before
--       u:UNIT     LAST N0 N1 ...: units used in bucket LAST (a thirty-second
--                  part of the unit, since 1970), in the one before, ...
--       u:month    NUMBER N: of a calendar month
--       n:NODE     LIFE COUNT SEEN SHARE: the last is what it was told
--       r:UNIT     s: when it was emptied last
--       c:SET NODE CEILING EXPIRY: what it was granted for a set of rates;
--                  APIs may have different ones, on the one count
-- ARGV  now: the engine's clock as the node estimates it, in ms
--       node: its name
--       life: another one begins its counts anew
--       count: units ever admitted
--       set: which of its leases this is about
--       want: units to be granted beyond what it has; "back": what is left of
--       that lease is not used
--       nodes: that are there
--       month, month_ms: the number of the month, and ms until it ends
--       then for each rate: unit, limit, own: units that are in the node's
--       own window; and, last, "reset", s, UNITS: when these were emptied, by
--       the holder's record
--
-- Answers strings: ceiling, validity (ms since now), denied (ms in which it is
-- of no use to want more), share (of all use, in thousandths); then for each
-- rate: units in use elsewhere, and ms until there is one more.

local key = KEYS[1]
local now, node, life, count, set, want, nodes, month, month_ms = unpack(ARGV)

local TURN, HALF, GRACE, BUCKETS = 2147483648, 1073741823, 500, 33
local SECONDS = {second = 1, minute = 60, hour = 3600, day = 86400,
                 month = 2592000}

now, count, nodes = tonumber(now), tonumber(count), tonumber(nodes)
month, month_ms = tonumber(month), tonumber(month_ms)

local function text(n)
    return string.format('%.0f', n)
end

local function numbers(s)
    local t = {}

    for n in string.gmatch(s, '%d+') do
        t[#t + 1] = tonumber(n)
    end

    return t
end

local function less(a, b)
    return (a - b) % TURN
end

-- what is there

local fields = redis.call('HGETALL', key)
local known, leases, gone = {}, {}, {}
local units, limits, own, order = {}, {}, {}, {}
local resets, reset, emptied = {}, 0, ''
local latest, ahead, before = 0, 0, 0

for i = 1, #fields, 2 do
    local kind, name = string.match(fields[i], '^(%a):(.*)$')

    if kind == 'n' then
        local at, c, seen, told =
            string.match(fields[i + 1], '^(%S+) (%d+) (%d+) ?(%d*)$')

        known[name] = {life = at, count = tonumber(c), seen = tonumber(seen),
                       share = tonumber(told) or 0,
                       sets = {}}

    elseif kind == 'c' then
        leases[#leases + 1] = {name, fields[i + 1]}

    elseif kind == 'u' then
        units[name] = numbers(fields[i + 1])

    elseif kind == 'r' then
        resets[name] = tonumber(fields[i + 1])

    elseif fields[i] == 't' then
        latest = tonumber(fields[i + 1])

    elseif fields[i] == 'o' then
        ahead, before = string.match(fields[i + 1], '^(%S+) (%S+)$')
        ahead, before = tonumber(ahead), tonumber(before)
    end
end

-- The ledger's time never goes back.  When the engine's clock does, by more
-- than nodes err about it, it goes on from where it was: else nothing would
-- leave a window until that clock is there again.  A node that has not seen
-- this yet tells the time as it was before.

if math.abs(now + before - latest) <= 5000 then
    now = now + before

elseif now + ahead + 15000 < latest then
    ahead, before = latest - now, ahead
    now = latest

else
    now = now + ahead
end

now = math.max(now, latest)

for _, lease in ipairs(leases) do
    local name, of = string.match(lease[1], '^(%S+) (.*)$')
    local ceiling, expiry = string.match(lease[2], '^(%d+) (%d+)$')

    known[of].sets[name] = {ceiling = tonumber(ceiling),
                            expiry = tonumber(expiry)}
end

local longest, shortest = 0, math.huge

for i = 10, #ARGV, 3 do
    local unit = ARGV[i]

    if unit == 'reset' then
        reset, emptied = tonumber(ARGV[i + 1]), ARGV[i + 2]
        break
    end

    order[#order + 1] = unit
    limits[unit] = tonumber(ARGV[i + 1])
    own[unit] = tonumber(ARGV[i + 2])
    units[unit] = units[unit] or {0}

    shortest = math.min(shortest, SECONDS[unit])
end

-- rings move on: used[unit][1] is what the present bucket has used

local used, last = {}, {}

for unit, ring in pairs(units) do
    longest = math.max(longest, SECONDS[unit])

    local to = unit == 'month' and math.max(month, ring[1])
               or math.floor(now * 32 / (1000 * SECONDS[unit]))
    local moved = to - ring[1]
    local r = {}

    if unit == 'month' then
        r[1] = moved == 0 and ring[2] or 0

    else
        for i = 1, BUCKETS do
            r[i] = i > moved and ring[i - moved + 1] or 0
        end
    end

    used[unit], last[unit] = r, to
end

local function book(n)
    for _, r in pairs(used) do
        r[1] = (r[1] or 0) + n
    end
end

local function sum(unit)
    local n = 0

    for _, v in ipairs(used[unit]) do
        n = n + v
    end

    return n
end

-- what of a node's leases is not used: they are on one count, so the largest

local function unspent(of)
    local most = 0

    for _, lease in pairs(of.sets) do
        local n = less(lease.ceiling, of.count)

        most = math.max(most, n > HALF and 0 or n)
    end

    return most
end

local function drop(of, name, s)
    of.sets[s] = nil
    gone[#gone + 1] = 'c:' .. s .. ' ' .. name
end

-- the node itself

local me = known[node]

if me and me.life == life then
    local n = less(count, me.count)

    book(n > HALF and 0 or n)

else
    if me then
        book(unspent(me))

        for s in pairs(me.sets) do
            drop(me, node, s)
        end

    else
        for unit, n in pairs(own) do
            used[unit][1] = used[unit][1] + n
        end
    end

    me = {life = life, sets = {}}
    known[node] = me
end

me.count = count
me.seen = now

for s, lease in pairs(me.sets) do
    if lease.expiry + GRACE < now or (s == set and want == 'back') then
        drop(me, node, s)
    end
end

-- the others

local out, near = 0, 1

for name, other in pairs(known) do
    if other ~= me then
        local lapsed = {sets = {}, count = other.count}

        for s, lease in pairs(other.sets) do
            if lease.expiry + GRACE < now then
                lapsed.sets[s] = lease
                drop(other, name, s)
            end
        end

        local n = unspent(lapsed)

        book(n)
        other.count = (other.count + n) % TURN

        if next(other.sets) == nil and other.seen + 2000 * longest < now then
            gone[#gone + 1] = 'n:' .. name
            known[name] = nil

        else
            out = out + unspent(other)

            if other.seen + shortest * 1000 >= now then
                near = near + 1
            end
        end
    end
end

-- what was used before the windows were emptied, once for all nodes

for unit in string.gmatch(emptied, '%a+') do
    if used[unit] and (resets[unit] or 0) < reset then
        for i in ipairs(used[unit]) do
            used[unit][i] = 0
        end

        resets[unit] = reset
    end
end

-- the grant

local mine = unspent(me)
local rest = math.huge

for _, unit in ipairs(order) do
    rest = math.min(rest, limits[unit] - sum(unit) - out - mine)
end

rest = math.max(rest, 0)

local wanted = want == 'back' and 0 or tonumber(want)
local granted = 0

-- a node alone leaves half, too: what it has then lasts for as long as others'
-- leases do, and who comes second finds something

if wanted > 0 and rest > 0 then
    granted = math.max(wanted, math.floor(rest / (2 * math.max(nodes, 1))))
    granted = math.min(granted, math.max(1, math.floor(rest / (2 * near))),
                       rest)
end

local lease = me.sets[set] or {ceiling = count}

if less(lease.ceiling, count) > HALF then
    lease.ceiling = count
end

if granted > 0 then
    lease.ceiling = (count + mine + granted) % TURN
end

-- when there will be more: the time at which no more than "most" are in use

local function frees(unit, most)
    local n = sum(unit)

    if n <= most then
        return 0
    end

    if unit == 'month' then
        return month_ms
    end

    for i = BUCKETS, 1, -1 do
        n = n - used[unit][i]

        if n <= most then
            local bucket = last[unit] - i + 1

            return math.ceil((bucket + BUCKETS) * 1000 * SECONDS[unit] / 32)
                   - now
        end
    end
end

local function returns()
    local ms = math.huge

    for _, other in pairs(known) do
        if other ~= me and unspent(other) > 0 then
            for _, l in pairs(other.sets) do
                ms = math.min(ms, l.expiry + GRACE - now)
            end
        end
    end

    return ms == math.huge and 0 or ms
end

local validity, denied = 600000, 0
local answer = {}

for _, unit in ipairs(order) do
    local limit, n = limits[unit], sum(unit)
    local w = SECONDS[unit] * 1000
    local least = math.min(math.max(math.floor(w / 16), 100), 2000)
    local valid = n >= limit and 0 or math.floor(w * (limit - n) / limit)

    validity = math.min(validity, math.max(valid, least))

    local free = frees(unit, limit - 1)
    local ms = free

    if ms == 0 and n + out >= limit then
        ms = returns()
    end

    answer[#answer + 1] = text(math.max(n - own[unit], 0))
    answer[#answer + 1] = text(math.max(ms, 0))

    if granted == 0 and wanted > 0 and limit <= n + out + mine then
        free = math.min(free, math.floor(w / 32))

        if out ~= 0 and (free == 0 or free > 200) then
            free = 200
        end

        denied = math.max(denied, free)
    end
end

lease.expiry = now + validity

if want ~= 'back' then
    me.sets[set] = lease
end

-- whose it was, by the longest of its rates

local share, span = 0, 0

for _, unit in ipairs(order) do
    local n = sum(unit)

    if SECONDS[unit] > span and n > 0 then
        span = SECONDS[unit]
        share = math.min(math.floor(own[unit] * 1000 / n), 1000)
    end
end

-- Nodes hear of it at different times: together they are told of no more than
-- the whole, until one has not been heard for as long as its longest rate.

for _, unit in ipairs(order) do
    span = math.max(span, SECONDS[unit])
end

local rest_of = 1000

for _, other in pairs(known) do
    if other ~= me and other.seen + span * 1000 >= now then
        rest_of = rest_of - (other.share or 0)
    end
end

share = math.max(math.min(share, rest_of), 0)
me.share = share

-- all of it is written at once

local write = {'t', text(now)}

for unit, r in pairs(used) do
    local words = {text(last[unit])}

    for i, n in ipairs(r) do
        words[i + 1] = text(n)
    end

    while #words > 2 and words[#words] == '0' do
        words[#words] = nil
    end

    write[#write + 1] = 'u:' .. unit
    write[#write + 1] = table.concat(words, ' ')
end

if ahead ~= 0 then
    write[#write + 1] = 'o'
    write[#write + 1] = text(ahead) .. ' ' .. text(before)
end

for unit, at in pairs(resets) do
    write[#write + 1] = 'r:' .. unit
    write[#write + 1] = text(at)
end

for name, n in pairs(known) do
    write[#write + 1] = 'n:' .. name
    write[#write + 1] = n.life .. ' ' .. text(n.count) .. ' ' .. text(n.seen)
                        .. ' ' .. text(n.share or 0)

    for s, l in pairs(n.sets) do
        write[#write + 1] = 'c:' .. s .. ' ' .. name
        write[#write + 1] = text(l.ceiling) .. ' ' .. text(l.expiry)
    end
end

-- what was dropped may have been granted anew

if #gone > 0 then
    redis.call('HDEL', key, unpack(gone))
end

redis.call('HSET', key, unpack(write))

redis.call('PEXPIRE', key, text(2000 * longest))

table.insert(answer, 1, text(share))
table.insert(answer, 1, text(math.min(denied, 600000)))
table.insert(answer, 1, text(validity))
table.insert(answer, 1, text(lease.ceiling))

return answer
