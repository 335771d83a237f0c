-- For wrk: requests of a mix, in turn, each with a key drawn at random.
--
--     wrk -s keys.lua URL -- KEYS MIX SEED
--
-- KEYS: a line of the same length for each key.  MIX: "METHOD PATH [BODY]".

local keys, width, n
local heads, tails = {}, {}
local turn, seed = 0, 1


function init(args)
    local file = assert(io.open(args[1], "rb"))

    keys = file:read("*a")
    file:close()

    width = keys:find("\n", 1, true)
    n = #keys / width
    seed = tonumber(args[3])

    for line in io.lines(args[2]) do
        local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
        local tail = "\r\n\r\n"

        if body ~= "" then
            tail = "\r\nContent-Type: application/json\r\nContent-Length: "
                   .. #body .. "\r\n\r\n" .. body
        end

        heads[#heads + 1] = method .. " " .. path
                            .. " HTTP/1.1\r\nHost: bench\r\nX-Api-Key: "
        tails[#tails + 1] = tail
    end
end


function request()
    local at

    -- Park and Miller's: products stay below 2^53
    seed = seed * 16807 % 2147483647
    at = seed % n * width

    turn = turn % #heads + 1

    return heads[turn] .. keys:sub(at + 1, at + width - 1) .. tails[turn]
end


function done(summary, latency, requests)
    io.write(string.format("RESULT %d %d %d %d %d %d %d\n",
        summary.requests, summary.duration, summary.errors.status,
        summary.errors.connect + summary.errors.read + summary.errors.write
        + summary.errors.timeout,
        latency:percentile(50), latency:percentile(99),
        latency:percentile(99.9)))
end
