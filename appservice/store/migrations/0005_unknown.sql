-- 0005 (compatible with 0001+): Finds what has an uncertain fate without reading every delivery.

CREATE INDEX deliveries_unknown ON deliveries (settled_at) WHERE state = 'unknown';
