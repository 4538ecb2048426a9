"""Whose turn it is on a channel, in SQL: start-time fair queueing between lanes.

A lane is an alert, or 0 for all the rest. What is queued takes the turn after the last one of its
lane, and never one before the turn that is being served: so a lane that was silent begins now, and
one with thousands of parcels goes on in between. Each urgency has turns of its own.
"""

# Of a channel and an urgency: the latest turn in hand, else the next one that could be.
SERVED = """coalesce(
    (SELECT max(s.turn) FROM deliveries s
     WHERE s.channel = {channel} AND s.urgency = {urgency} AND s.state = 'submitting'),
    (SELECT n.turn FROM deliveries n
     WHERE n.channel = {channel} AND n.urgency = {urgency} AND n.state = 'queued'
        AND n.urgency >= 0 AND n.retry_at IS NULL ORDER BY n.turn LIMIT 1),
    0)"""
LAST = """(SELECT l.turn FROM deliveries l
     WHERE l.channel = {channel} AND l.urgency = {urgency} AND l.lane = {lane}
        AND l.state = 'queued' ORDER BY l.turn DESC LIMIT 1)"""

# What waited until now takes its place anew, or a night's heap would pass before all the rest.
_WAKE = """
WITH due AS MATERIALIZED (
    SELECT id, urgency, lane, turn FROM deliveries
    WHERE channel = $1 AND state = 'queued' AND retry_at <= $2 FOR UPDATE SKIP LOCKED
), served AS MATERIALIZED (
    SELECT urgency, {served} AS turn
    FROM (SELECT DISTINCT urgency FROM due) due
), placed AS (
    SELECT due.id, served.turn - 1
        + row_number() OVER (PARTITION BY urgency, lane ORDER BY due.turn, due.id) AS turn
    FROM due JOIN served USING (urgency)
)
UPDATE deliveries d SET retry_at = NULL, turn = placed.turn FROM placed WHERE d.id = placed.id
"""
WAKE = _WAKE.format(served=SERVED.format(channel="$1", urgency="due.urgency"))
# Urgent from now on: what waits for the morning leaves, and the rest goes before what is not.
_HURRY = """
WITH held AS MATERIALIZED (
    SELECT d.id, d.turn, d.code = $2 AS deferred FROM parcels p JOIN deliveries d USING (id)
    WHERE p.alert = $1 AND d.channel = 'sms' AND d.state = 'queued'
        AND (d.urgency = 1 OR d.code = $2) FOR UPDATE OF d
), served AS MATERIALIZED (
    SELECT {served} AS turn
), placed AS (
    SELECT held.id, deferred,
        served.turn - 1 + row_number() OVER (ORDER BY held.turn, held.id) AS turn
    FROM held, served
)
UPDATE deliveries d SET urgency = 0, turn = placed.turn,
    retry_at = CASE WHEN deferred THEN NULL ELSE d.retry_at END,
    code = CASE WHEN deferred THEN '' ELSE d.code END
FROM placed WHERE d.id = placed.id
RETURNING deferred
"""
HURRY = _HURRY.format(served=SERVED.format(channel="'sms'", urgency="0"))
