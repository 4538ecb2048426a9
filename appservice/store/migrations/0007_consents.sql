-- 0007 (compatible with 0001+): Which numbers agreed to be texted, and which said STOP.

-- The number is an HMAC, the same as in `members.phone_index`; `sealed` holds the answer's words
-- under the key of the member who gave it. A stranger's STOP has neither member nor words.
CREATE TABLE consents (
    number_index bytea PRIMARY KEY,
    member text,
    stage text NOT NULL CHECK (stage IN ('asked', 'agreed', 'stopped')),
    at timestamptz NOT NULL,
    reminded_at timestamptz,
    sealed bytea,
    CONSTRAINT only_stop_is_a_strangers CHECK (member IS NOT NULL OR stage = 'stopped'),
    CONSTRAINT only_who_is_asked_is_reminded CHECK (reminded_at IS NULL OR stage = 'asked'),
    CONSTRAINT words_are_a_members CHECK (sealed IS NULL OR member IS NOT NULL)
);
CREATE INDEX consents_waiting ON consents (at) WHERE stage = 'asked' AND reminded_at IS NULL;
CREATE INDEX consents_by_member ON consents (member);
