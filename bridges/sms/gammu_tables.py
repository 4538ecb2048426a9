"""The tables of gammu-smsd (its schema, version 17): what we ask of them."""

# One statement, so that nothing waits for a second answer. The first part of a long text stands
# in `outbox`, the others ($7 texts, $8 headers) beside it.
QUEUE = """
WITH head AS (
    INSERT INTO outbox ("DestinationNumber", "TextDecoded", "UDH", "Coding", "MultiPart", "Class",
        "CreatorID", "DeliveryReport", "RelativeValidity", "SendingTimeOut")
    SELECT $1, $2, $3::text, $4::text, $3::text IS NOT NULL, -1, $5::text, 'yes', $6,
        LOCALTIMESTAMP(0)
    WHERE NOT EXISTS (SELECT FROM outbox WHERE "CreatorID" = $5::text)
        AND NOT EXISTS (SELECT FROM sentitems WHERE "CreatorID" = $5::text)
    RETURNING "ID"
)
INSERT INTO outbox_multipart
    ("ID", "SequencePosition", "TextDecoded", "UDH", "Coding", "Class")
SELECT head."ID", part.place + 1, part.text, part.header, $4::text, -1
FROM head, unnest($7::text[], $8::text[]) WITH ORDINALITY AS part (text, header, place)
"""
WAITING = """SELECT count(*) FROM outbox"""
# Its modem was away: nobody wants to read these any more, by the validity that each was given (in
# the GSM's steps). They are first set aside, for ever, so that none leaves while we say so; what
# the modem has in hand it keeps.
SET_ASIDE = """
UPDATE outbox SET "SendingDateTime" = 'infinity' WHERE "CreatorID" ~ '^[0-9a-f]{20}$'
    AND "InsertIntoDB" < LOCALTIMESTAMP(0) - make_interval(mins => CASE
        WHEN "RelativeValidity" < 144 THEN ("RelativeValidity" + 1) * 5
        ELSE 720 + ("RelativeValidity" - 143) * 30 END)
    AND "SendingTimeOut" < LOCALTIMESTAMP(0) - INTERVAL '1 minute'
RETURNING "ID" AS row, "CreatorID" AS id
"""
FORGET_QUEUED = """
WITH parts AS (DELETE FROM outbox_multipart WHERE "ID" = $1)
DELETE FROM outbox WHERE "ID" = $1
"""
# One row a part; a message is delivered once all its parts are, and failed once one is.
FATES = """
SELECT "CreatorID" AS id, bool_and("Status" = 'DeliveryOK') AS delivered,
    bool_or("Status" IN ('DeliveryFailed', 'SendingError', 'Error')) AS failed,
    max("StatusError") AS error
FROM sentitems WHERE "CreatorID" ~ '^[0-9a-f]{20}$'
    AND NOT EXISTS (SELECT FROM outbox WHERE outbox."CreatorID" = sentitems."CreatorID")
GROUP BY "CreatorID"
HAVING bool_and("Status" = 'DeliveryOK')
    OR bool_or("Status" IN ('DeliveryFailed', 'SendingError', 'Error'))
LIMIT 200
"""
# Texts and numbers stay here no longer than a receipt may come.
FORGET_SENT = """DELETE FROM sentitems WHERE "CreatorID" = $1"""
HIDE_SENT = """
UPDATE sentitems SET "Text" = '', "TextDecoded" = ''
WHERE "CreatorID" ~ '^[0-9a-f]{20}$' AND "TextDecoded" <> ''
    AND NOT EXISTS (SELECT FROM outbox WHERE outbox."CreatorID" = sentitems."CreatorID")
"""
FORGET_OLD = """
DELETE FROM sentitems WHERE "CreatorID" ~ '^[0-9a-f]{20}$'
    AND "SendingDateTime" < LOCALTIMESTAMP(0) - INTERVAL '2 days'
"""
CAME_IN = """
SELECT "ID" AS id, "SenderNumber" AS sender, "TextDecoded" AS text, "UDH" AS header,
    "ReceivingDateTime" AS at,
    extract(epoch FROM LOCALTIMESTAMP(0) - "UpdatedInDB") AS age
FROM inbox WHERE NOT "Processed" ORDER BY "ID" LIMIT 200
"""
FORGET_CAME_IN = """DELETE FROM inbox WHERE "ID" = ANY($1::integer[])"""
SERVED = """SELECT EXISTS (SELECT FROM phones WHERE "Send" AND "TimeOut" > LOCALTIMESTAMP(0))"""
