-- 0014 (compatible with 0001+): Texts whose report never came are found without looking at the others.

CREATE INDEX deliveries_unreported ON deliveries (settled_at)
    WHERE channel = 'sms' AND state = 'accepted';
