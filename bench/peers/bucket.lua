-- A token bucket as Redis runs it for every peer: KEYS[1] the bucket, ARGV[1] tokens a second, ARGV[2] its size.
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local was = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(burst, (tonumber(was[1]) or burst) + (now - (tonumber(was[2]) or now)) * rate / 1000)
local allowed = tokens >= 1 and 1 or 0
redis.call('HSET', KEYS[1], 'tokens', tokens - allowed, 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(burst * 1000 / rate))
return allowed
