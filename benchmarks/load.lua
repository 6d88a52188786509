-- One request after the other, with a number of its own in `{n}`; prints what came of it as JSON.
--
-- Arguments: method, path, first number, span, body, connections.
-- With a span the numbers are those from the first on, spread over it; without one they only rise.

-- All connections are open, and the server has accepted them, before the first request is sent: how
-- long it takes to accept them is no part of any request.
local OPENING_MS = 300

local counter = 0
local method, path, body, first, span, opening

function init(args)
  method, path = args[1], args[2]
  first, span = tonumber(args[3]), tonumber(args[4])
  body = args[5]
  opening = tonumber(args[6])
  if body == "" then body = nil end
  if body then wrk.headers["Content-Type"] = "application/json" end
end

local function fill(text, n)
  return (text:gsub("{n}", n))
end

function delay()
  if opening == 0 then return 0 end
  opening = opening - 1
  return OPENING_MS
end

function request()
  local n = first + counter
  if span > 0 then n = first + (counter * 7919) % span end
  counter = counter + 1
  n = string.format("%d", n)
  return wrk.format(method, fill(path, n), nil, body and fill(body, n))
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "duration_us": %d, "failed": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration - OPENING_MS * 1000,
    e.connect + e.read + e.write + e.timeout + e.status,
    latency:percentile(50), latency:percentile(99)))
end
