-- The gate in Lua, as one writes it for speed: SHA-256 by FFI, records in a
-- shared dictionary found by the raw digest, no table made for a request
-- unless it must be, everything local, regular expressions compiled once.
--
-- A rate is the usual sliding estimate of two counters, a minute each.

local ffi = require "ffi"
local cjson = require "cjson.safe"

local ngx, tonumber, floor, fmt = ngx, tonumber, math.floor, string.format
local find, byte, sub = string.find, string.byte, string.sub
local re_find = ngx.re.find
local ffi_string = ffi.string
local var, req, header = ngx.var, ngx.req, ngx.header

ffi.cdef [[
    unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md);
]]

local crypto = ffi.load("libcrypto.so.3")
local digest = ffi.new("unsigned char[32]")

local keys, rates = ngx.shared.keys, ngx.shared.rates

local plans = { growth = true, scale = true }
local routes = { GET = { me = "any" }, POST = {}, PATCH = {}, DELETE = {} }

for _, name in ipairs { "customers", "jobs", "quotes", "invoices", "bookings",
                        "leads" }
do
    routes.GET[name] = name .. ":read"
    routes.POST[name] = name .. ":write"
    routes.PATCH[name] = name .. ":write"
    routes.DELETE[name] = name .. ":write"
end

for _, methods in pairs(routes) do
    methods.webhooks = "webhooks:manage"
end

local M = {}


local function unhex(hex)
    return (hex:gsub("..", function(two)
        return string.char(tonumber(two, 16))
    end))
end


-- The journal: accounts come before their keys.

function M.load(path)
    local accounts = {}

    for line in io.lines(path) do
        local record = assert(cjson.decode(line))

        if record.account then
            accounts[record.account.id] = record.account

        else
            local key = record.key
            local account = accounts[key.account]
            local scopes = {}

            for _, name in ipairs(key.scopes) do
                scopes[name] = true
            end

            assert(keys:safe_set(unhex(sub(key.digest, 8)), cjson.encode {
                id = key.id, account = key.account, scopes = scopes,
                plan = account.plan, status = account.status,
                expires = key.expires_at, revoked = key.revoked_at,
                limit = key.rates and 1 or 1000000,
            }))
        end
    end
end


local function refuse(status, code, detail)
    header["Content-Type"] = "application/problem+json"
    header["Cache-Control"] = "no-store"

    if status == 401 then
        header["WWW-Authenticate"] =
            'ApiKey realm="cooledge", header="X-Api-Key"'
    end

    ngx.status = status
    ngx.print('{"type":"about:blank","status":', status, ',"detail":"', detail,
              '","instance":', cjson.encode(var.uri), ',"code":"', code,
              '","request_id":"', var.request_id, '"}')

    return ngx.exit(status)
end


-- How many are left, or nil.

local function charge(id, limit)
    local now = ngx.now()
    local minute = floor(now / 60)
    local passed = now - minute * 60
    local before = rates:get(id .. (minute - 1)) or 0
    local name = id .. minute
    local used = rates:get(name) or 0
    local weighted = before * (60 - passed) / 60

    if used + weighted + 1 > limit then
        return nil, 60 - floor(passed)
    end

    used = rates:incr(name, 1, 0, 120)

    return limit - used - floor(weighted), 60 - floor(passed)
end


function M.access()
    local uri = var.request_uri

    if re_find(uri, [=[^[^?]*(?://|/\.\.?(?:/|\?|$)|%2f|%5c|%2e|%25|%00|;|\\)]=],
               "joi")
    then
        return refuse(400, "path_ambiguous", "The path is ambiguous.")
    end

    local key = var.http_x_api_key

    if not key then
        return refuse(401, "credential_missing", "An API key is required.")
    end

    if not re_find(key, [[^ck_live_[0-9A-Z]{6}_[0-9A-Za-z]{24}$]], "jo") then
        return refuse(401, "credential_invalid", "The API key is not valid.")
    end

    crypto.SHA256(key, #key, digest)

    local text = keys:get(ffi_string(digest, 32))

    if not text then
        return refuse(401, "credential_invalid", "The API key is not valid.")
    end

    local record = cjson.decode(text)

    if record.revoked or record.expires and record.expires <= ngx.time() then
        return refuse(401, "key_expired", "The API key has expired.")
    end

    local limit = record.limit
    local left, reset = charge(record.id, limit)

    header["RateLimit-Policy"] = '"minute";q=' .. limit .. ";w=60"
    header["RateLimit"] = '"minute";r=' .. (left or 0) .. ";t=" .. reset

    if not left then
        header["Retry-After"] = reset
        return refuse(429, "rate_limited", "Too many requests.")
    end

    if record.status ~= "active" then
        return refuse(403, "subscription_lapsed", "It has lapsed.")
    end

    if not plans[record.plan] then
        return refuse(403, "plan_required", "The plan has no API access.")
    end

    local from, to, err = re_find(var.uri,
        [[^/api/v1/([a-z]+)(?:/[^/]+)*$]], "jo", nil, 1)
    local methods = routes[req.get_method()]
    local need = from and methods and methods[sub(var.uri, from, to)]

    if not need then
        return refuse(404, "route_not_found", "There is no such route.")
    end

    if need ~= "any" and not record.scopes[need] then
        return refuse(403, "insufficient_scope", "Missing scope: " .. need)
    end

    req.clear_header("X-Api-Key")
end


return M
