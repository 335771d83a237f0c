-- merge: brings back one record that was lost here, and that a node still has
-- ("mine").  Where both sides have changed the record since they parted,
-- revocation and deletion win, else what is here.
--
-- KEYS  meta, log, the bucket of the field
-- ARGV  epoch
--       seq and chain of the last change that both sides have; seq "0" where
--       no such change is known
--       field, and mine: the node's last line of that record
--       seen: the version of a line here that is an older state of the node's
--       own record (another node has brought that one back); "0" if none
--       away: "1" if only what takes a right away is to be brought back
--       retain: how many changes the log keeps
--       until: with away, the node's own place: a deletion is older than what
--       is here in a later version
--
-- Answers, all elements are strings:
--       OK seq chain      mine is the record now, as a new change
--       SAME version      it is here already
--       KEPT version line   theirs stays; "0" and "" if there is none
--       TRIMMED seq       the log no longer has the common change
--       FORK seq chain    the common change is none here
--       ANOTHER epoch, EMPTY, and errors: as in write.lua

local meta, log, bucket = KEYS[1], KEYS[2], KEYS[3]
local common, field, mine = tonumber(ARGV[2]), ARGV[4], ARGV[5]
local now = redis.call('HMGET', meta, 'epoch', 'seq', 'chain')

if not now[1] then
    return {'EMPTY'}
end

if now[1] ~= ARGV[1] then
    return {'ANOTHER', now[1]}
end

local last = tonumber(now[2])

if common > last or common == last and common > 0 and ARGV[3] ~= now[3] then
    return {'FORK', now[2], now[3]}
end

if common > 0 and common < last then
    local id = ARGV[2] .. '-0'
    local entry = redis.call('XRANGE', log, id, id)[1]

    if not entry and ARGV[7] ~= '1' then
        return {'TRIMMED', now[2]}
    end

    if entry and entry[2][2] ~= ARGV[3] then
        return {'FORK', now[2], now[3]}
    end
end

-- Whether a line takes its record's rights away.

local function away(line)
    local ok, json = pcall(cjson.decode, line)
    local record = ok and type(json) == 'table' and (json.key or json.account)

    return type(record) == 'table'
           and (record.deleted == true
                or record.revoked_at ~= nil
                   and record.revoked_at ~= cjson.null)
end

local old = redis.call('HGET', bucket, field)
local space = old and string.find(old, ' ', 1, true)
local version = space and tonumber(string.sub(old, 1, space - 1)) or 0
local theirs = space and string.sub(old, space + 1) or ''

if version > 0 and theirs == mine then
    return {'SAME', string.format('%.0f', version)}
end

local function deleted(line)
    local ok, json = pcall(cjson.decode, line)
    local record = ok and type(json) == 'table' and (json.key or json.account)

    return type(record) == 'table' and record.deleted == true
end

local take = version <= common or version == tonumber(ARGV[6])

if ARGV[7] == '1' or not take then
    take = away(mine) and not away(theirs)
end

if take and ARGV[7] == '1' and version > tonumber(ARGV[9] or last) then
    take = not deleted(mine)
end

if not take then
    return {'KEPT', string.format('%.0f', version), theirs}
end

local seq = string.format('%.0f', last + 1)
local chain = redis.sha1hex(now[3] .. ' ' .. seq .. ' ' .. mine)

local function failed(answer)
    return type(answer) == 'table' and answer.err
end

local answer = redis.pcall('HSET', meta, 'seq', seq, 'chain', chain)

if failed(answer) then
    return answer
end

answer = redis.pcall('HSET', bucket, field, seq .. ' ' .. mine)

if not failed(answer) then
    local added = redis.pcall('XADD', log, 'MAXLEN', '~', ARGV[8],
                              seq .. '-0', 'c', chain, 'l', mine)

    if not failed(added) then
        return {'OK', seq, chain}
    end

    if old then
        redis.pcall('HSET', bucket, field, old)

    else
        redis.pcall('HDEL', bucket, field)
    end

    answer = added
end

redis.pcall('HSET', meta, 'seq', now[2], 'chain', now[3])

return answer
