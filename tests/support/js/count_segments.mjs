// Alphabet and number of SMS of each text of a JSON list, as sms-segments-calculator sees them.
import { readFileSync } from "node:fs";
import calculator from "sms-segments-calculator";

const texts = JSON.parse(readFileSync(0, "utf-8"));
const found = texts.map((text) => {
  const message = new calculator.SegmentedMessage(text);
  return [message.encodingName, message.segments.length];
});
process.stdout.write(JSON.stringify(found));
