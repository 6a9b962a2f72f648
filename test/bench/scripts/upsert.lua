function handle()
local rkey = input.rkey or TID()
local uri = "at://" .. caller_did .. "/" .. collection .. "/" .. rkey
local r = Record.load(uri)
if r then
-- Update existing record
r.status = input.status
r.updatedAt = now()
r:save()
else
-- Create new record
r = Record(collection, {
status = input.status,
createdAt = now(),
updatedAt = now(),
})
r:set_rkey(rkey)
r:save()
end
return { uri = r._uri, cid = r._cid }
end
