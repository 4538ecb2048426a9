-- 0016 (compatible with 0001+): Alerts and everything else take turns on a channel.

-- A lane is an alert, or 0 for all the rest; `turn` says when a parcel leaves among the lanes.
ALTER TABLE deliveries ADD COLUMN lane bigint NOT NULL DEFAULT 0,
    ADD COLUMN turn bigint NOT NULL DEFAULT 0;
DROP INDEX deliveries_next;
CREATE INDEX deliveries_next ON deliveries (channel, urgency, turn, id)
    WHERE state = 'queued' AND urgency >= 0 AND retry_at IS NULL;
CREATE INDEX deliveries_lanes ON deliveries (channel, urgency, lane, turn) WHERE state = 'queued';
CREATE INDEX deliveries_waiting ON deliveries (channel, retry_at)
    WHERE state = 'queued' AND retry_at IS NOT NULL;
