-- 0013 (compatible with 0001+): The head of a conversation has one index that fits, no statistics needed.

DROP INDEX deliveries_next;
-- Who asks for a conversation's head doesn't say `urgency >= 0`, so this index is none of theirs.
CREATE INDEX deliveries_next ON deliveries (channel, urgency, id)
    WHERE state = 'queued' AND urgency >= 0;
