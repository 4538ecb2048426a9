// Element's crypto engine in its strict mode: it accepts and serves only devices that their
// owners vouch for. One JSON object a line: orders on stdin, what it sees on stdout.
import 'fake-indexeddb/auto';
import { createInterface } from 'node:readline';
import * as sdk from 'matrix-js-sdk';
import { OnlySignedDevicesIsolationMode } from 'matrix-js-sdk/lib/crypto-api/index.js';
import { logger } from 'matrix-js-sdk/lib/logger.js';

logger.setLevel('silent');
const [baseUrl, userId, deviceId, accessToken, password] = process.argv.slice(2);
const tell = (fact) => process.stdout.write(`${JSON.stringify(fact)}\n`);

const client = sdk.createClient({ baseUrl, userId, deviceId, accessToken });
await client.initRustCrypto({ useIndexedDB: false });
const crypto = client.getCrypto();
crypto.setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
await crypto.bootstrapCrossSigning({
  authUploadDeviceSigningKeys: async (upload) => {
    try {
      await upload(null);
    } catch (error) {
      const identifier = { type: 'm.id.user', user: userId };
      await upload({ type: 'm.login.password', identifier, password, session: error.data?.session });
    }
  },
});

const shown = new Set();
async function show(event) {
  if (event.getSender() === userId || shown.has(event.getId())) return;
  const fact = { event: event.getId(), room: event.getRoomId(), sender: event.getSender() };
  if (event.isDecryptionFailure()) {
    tell({ ...fact, unreadable: event.decryptionFailureReason });
    return;
  }
  if (event.getType() !== 'm.room.message') return;
  shown.add(event.getId());
  const encryption = await crypto.getEncryptionInfoForEvent(event);
  const user = await crypto.getUserVerificationStatus(event.getSender());
  tell({
    ...fact,
    text: event.getContent().body,
    encrypted: event.isEncrypted(),
    shield: encryption?.shieldColour ?? null,
    reason: encryption?.shieldReason ?? null,
    identityChanged: user.needsUserApproval,
  });
}

client.on('Event.decrypted', show);
client.on('Room.timeline', (event) => {
  if (!event.isEncrypted()) show(event);
});
client.on('RoomMember.membership', async (_, member) => {
  if (member.userId !== userId || member.membership !== 'invite') return;
  const room = await client.joinRoom(member.roomId);
  tell({ joined: room.roomId });
});
createInterface({ input: process.stdin }).on('line', async (line) => {
  const order = JSON.parse(line);
  try {
    const sent = await client.sendTextMessage(order.room, order.text);
    tell({ sent: sent.event_id });
  } catch (error) {
    tell({ failed: String(error) });
  }
});
await client.startClient({ initialSyncLimit: 20 });
tell({ ready: userId });
