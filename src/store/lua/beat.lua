-- beat: a node says where in the history it is, and learns whether that is a
-- place in the history that is here.  Silence is no proof of idleness: a
-- follower that waits at a change that was lost here would wait for ever.
--
-- KEYS  acks, nodes
-- ARGV  meta, log: the names of these keys, which are in the same slot.  They
--       are not among KEYS, for an engine wants the right to write for every
--       key there, and a node at the edge may only read these two
--       node: its name, or "" for somebody who only asks
--       boot: the random number of its zone
--       epoch ("" if it has none), seq, chain: where it is
--       now: the engine's clock as the node estimates it, in ms
--       status: what else it says of itself (version, lag, address)
--       fresh, known: a node that was seen within "fresh" ms counts as there,
--       one that was not seen within "known" ms is forgotten
--       begin: "1" to make an engine that is empty begin at this epoch, seq
--       and chain; with these, digest (the kind), pepper (a proof of it, or
--       "") and filling (the word of the push that has filled it, or "")
--
-- Answers, all elements are strings: a word, then seq, chain, epoch of here,
-- nodes that are there, nodes that are known, digest, pepper, the error of the
-- engine if it did not take the node's own entry, or "", and the "boot" that
-- the entry had before, or "".  The words:
--       OK        it has everything
--       BEHIND    changes are to be followed
--       TRIMMED   it has no place here, or the log no longer reaches back to
--                 it: everything is to be read
--       ROLLBACK  it knows later changes: they were lost here
--       FORK      it knows other changes: they were lost here
--       ANOTHER   an epoch that was begun on purpose after the node's own:
--                 what is here holds
--       EMPTY     nothing of the node's is here: an engine that is new, that
--                 is not yet filled, or in which somebody else who knew of
--                 nothing has begun; alone
--
-- What is acknowledged counts for receipts, so a node that is at no place of
-- this history acknowledges nothing.

local acks, nodes = KEYS[1], KEYS[2]
local meta, log, node, boot, epoch, seq, chain, time, status, fresh, known,
      begin, digest, pepper, filling = unpack(ARGV)

time, fresh, known = tonumber(time), tonumber(fresh), tonumber(known)

local now = redis.call('HMGET', meta, 'epoch', 'seq', 'chain', 'digest',
                       'pepper', 'filling', 'before')

if not now[1] then
    if begin ~= '1' or (now[6] or '') ~= filling then
        return {'EMPTY'}
    end

    redis.call('HSET', meta, 'format', '1', 'epoch', epoch, 'seq', seq,
               'chain', chain, 'digest', digest, 'pepper', pepper)
    redis.call('HDEL', meta, 'filling')

    now = {epoch, seq, chain, digest, pepper}
end

-- Only epochs that were ended on purpose are in "before": a new node that met
-- an engine which had just been emptied must not make others forget their keys.

if epoch ~= '' and epoch ~= now[1]
   and not string.find(' ' .. (now[7] or '') .. ' ', ' ' .. epoch .. ' ', 1,
                       true)
then
    return {'EMPTY'}
end

local function first()
    return redis.call('XRANGE', log, '-', '+', 'COUNT', '1')[1]
end

local function place()
    if epoch == '' then
        return 'TRIMMED'
    end

    if epoch ~= now[1] then
        return 'ANOTHER'
    end

    local mine, theirs = tonumber(seq), tonumber(now[2])

    if mine > theirs then
        return 'ROLLBACK'
    end

    if mine == theirs then
        return chain == now[3] and 'OK' or 'FORK'
    end

    local id = seq .. '-0'
    local entry = redis.call('XRANGE', log, id, id)[1]

    if entry then
        return entry[2][2] == chain and 'BEHIND' or 'FORK'
    end

    -- the change itself is gone from the log: the next one tells

    entry = first()

    if not entry or entry[1] ~= string.format('%.0f-0', mine + 1) then
        return 'TRIMMED'
    end

    return redis.sha1hex(chain .. ' ' .. string.format('%.0f', mine + 1)
                         .. ' ' .. entry[2][4]) == entry[2][2]
           and 'BEHIND' or 'FORK'
end

local word, err, before = place(), '', ''

if node ~= '' then
    local at = (word == 'OK' or word == 'BEHIND') and seq or '0'
    local answer = redis.pcall('ZADD', acks, at, node)

    if type(answer) == 'table' and answer.err then
        err = answer.err

    else
        before = redis.pcall('HGET', nodes, node)
        before = type(before) == 'string'
                 and string.match(before, '^%d+ (%S+)') or ''

        answer = redis.pcall('HSET', nodes, node,
                             string.format('%.0f', time) .. ' ' .. boot .. ' '
                             .. at .. ' ' .. word .. ' ' .. status)

        if type(answer) == 'table' and answer.err then
            err = answer.err
        end
    end
end

local here, all = 0, 0
local entries = redis.call('HGETALL', nodes)

for i = 1, #entries, 2 do
    local seen = tonumber(string.match(entries[i + 1], '^%d+') or 0)

    if seen + known < time then
        if node ~= '' and err == '' then
            redis.pcall('HDEL', nodes, entries[i])
            redis.pcall('ZREM', acks, entries[i])
        end

    else
        all = all + 1

        if seen + fresh >= time then
            here = here + 1
        end
    end
end

return {word, now[2], now[3], now[1], tostring(here), tostring(all),
        now[4] or '', now[5] or '', err, before}
