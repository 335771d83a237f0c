-- write: changes records, all of them or none, on top of what their writer
-- knows.  It is atomic as every script is; what its writer has read may be
-- older than what is here, and then nothing is written.
--
-- KEYS  meta, log, and for each record: the bucket of its field, the bucket of
--       the account that it needs (that of the field again, if it needs none)
-- ARGV  epoch, seq and chain: where in the history the writer is
--       retain: how many changes the log keeps
--       whole: "1" if the writer must have seen every change (an account
--       goes, and no key may have been made for it meanwhile; or one gets a
--       live key, and may have only so many)
--       and for each record: field ("key:ID", "account:ID"), the version that
--       the writer knows ("0": there is none, "*": any, "-9": none after
--       that one), the line without LF,
--       the field of the account that must be there, or ""
--
-- Answers, all elements are strings:
--       OK seq chain           written; seq is the last one's version
--       CONFLICT n version line  the n-th record (from 1) is a later one;
--                              version "0" and line "" if there is none
--       ACCOUNT n              the n-th record's account is not there
--       BEHIND seq             "whole", and there are later changes
--       FORK seq chain         the writer knows what was lost here
--       ANOTHER epoch          the writer's records are of another epoch
--       EMPTY                  there is nothing here
--
-- When the engine refuses a command (OOM, READONLY, MISCONF, NOPERM), that
-- error is the answer, and everything is as it was.

local meta, log = KEYS[1], KEYS[2]
local epoch, seq, chain, retain = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now = redis.call('HMGET', meta, 'epoch', 'seq', 'chain')

if not now[1] then
    return {'EMPTY'}
end

if now[1] ~= epoch then
    return {'ANOTHER', now[1]}
end

local function gone(line)
    local ok, json = pcall(cjson.decode, line)
    local record = ok and type(json) == 'table' and (json.key or json.account)

    return type(record) ~= 'table' or record.deleted == true
end

-- The value of a field is "VERSION LINE".

local function split(value)
    local space = value and string.find(value, ' ', 1, true)

    if not space then
        return 0, ''
    end

    return tonumber(string.sub(value, 1, space - 1)),
           string.sub(value, space + 1)
end

local mine, theirs = tonumber(seq), tonumber(now[2])

if mine > theirs or mine == theirs and chain ~= now[3] then
    return {'FORK', now[2], now[3]}
end

if mine < theirs then
    local entry = redis.call('XRANGE', log, seq .. '-0', seq .. '-0')[1]

    if entry and entry[2][2] ~= chain then
        return {'FORK', now[2], now[3]}
    end

    if ARGV[5] == '1' then
        return {'BEHIND', now[2]}
    end
end

local old, made, n = {}, {}, (#KEYS - 2) / 2

for i = 1, n do
    local field, expected, line, account = unpack(ARGV, 2 + i * 4, 5 + i * 4)

    old[i] = redis.call('HGET', KEYS[1 + i * 2], field)

    local version, current = split(old[i])

    local most = string.match(expected, '^%-(%d+)$')

    if most then
        expected = version > tonumber(most) and most or '*'
    end

    if expected ~= '*' and version < tonumber(expected) then
        return {'FORK', now[2], now[3]}
    end

    if expected ~= '*' and version > tonumber(expected) then
        return {'CONFLICT', tostring(i), string.format('%.0f', version),
                current}
    end

    if account ~= '' then
        local needed = made[account]

        if not needed then
            local _, found = split(redis.call('HGET', KEYS[2 + i * 2],
                                              account))
            needed = found
        end

        if gone(needed) then
            return {'ACCOUNT', tostring(i)}
        end
    end

    made[field] = line
end

-- What is refused here is refused at the first command, nearly always: memory
-- and role are looked at once a script.  Rights that are given for one key and
-- not for another can stop it later; then it is all taken back.

local chains, versions = {}, {}

chain = now[3]

for i = 1, n do
    versions[i] = string.format('%.0f', theirs + i)
    chain = redis.sha1hex(chain .. ' ' .. versions[i] .. ' '
                          .. ARGV[4 + i * 4])
    chains[i] = chain
end

local done, failed = 0, nil

local function try(...)
    local answer = redis.pcall(...)

    if type(answer) == 'table' and answer.err then
        failed = answer
        return false
    end

    return true
end

local function undo()
    for i = done, 1, -1 do
        local field = ARGV[2 + i * 4]

        if old[i] then
            redis.pcall('HSET', KEYS[1 + i * 2], field, old[i])

        else
            redis.pcall('HDEL', KEYS[1 + i * 2], field)
        end
    end

    redis.pcall('HSET', meta, 'seq', now[2], 'chain', now[3])

    return failed
end

if n == 0 then
    return {'OK', now[2], now[3]}
end

if not try('HSET', meta, 'seq', versions[n], 'chain', chain) then
    return failed
end

for i = 1, n do
    if not try('HSET', KEYS[1 + i * 2], ARGV[2 + i * 4],
               versions[i] .. ' ' .. ARGV[4 + i * 4])
    then
        return undo()
    end

    done = i
end

for i = 1, n do
    if not try('XADD', log, 'MAXLEN', '~', retain, versions[i] .. '-0',
               'c', chains[i], 'l', ARGV[4 + i * 4])
    then
        return undo()
    end
end

return {'OK', versions[n], chain}
