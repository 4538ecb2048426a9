// Registering, verifying, rate limits and the profile of a signal-cli primary.
const { randomBytes, randomInt } = require('crypto');
const { PublicKey, crypto, parseAuthHeader, zkgroup } = require('./packages');

const GOOD_CAPTCHA = 'good';

const json = (status, body, headers = []) => ({
  status,
  headers: ['Content-Type:application/json', `X-Signal-Timestamp:${Date.now()}`, ...headers],
  body: Buffer.from(JSON.stringify(body)),
});

// The answer, or nothing when the mock itself knows what to say.
async function accountRequest(server, connection, request) {
  const path = request.path.split('?')[0];
  const body = () => JSON.parse(Buffer.from(request.body).toString());
  const asked = `${request.verb} ${path}`;
  const session = /^\/v1\/verification\/session\/([^/]+)(\/code)?$/.exec(path);
  if (asked === 'POST /v1/verification/session') return opened(server, body());
  if (session) return verification(server, session, request.verb, body);
  if (asked === 'POST /v1/registration') return registered(server, request, body());
  if (request.verb === 'PUT' && path.startsWith('/v1/messages/')) return limited(server);
  if (!connection.device) return undefined;
  switch (asked) {
    case 'PUT /v1/challenge':
      return challenged(server, body());
    case 'PUT /v1/accounts/attributes':
      return attributes(connection.device, body());
    case 'PUT /v1/profile':
      return profile(connection.device, body());
    case 'GET /v1/devices':
      return devices(server, connection.device);
    default:
      return undefined;
  }
}

const show = (server, session) => {
  const needsCaptcha = server.faults.captcha && !session.captcha;
  return json(200, {
    id: session.id,
    nextSms: 0,
    nextCall: 0,
    nextVerificationAttempt: 0,
    allowedToRequestCode: !needsCaptcha,
    requestedInformation: needsCaptcha ? ['captcha'] : [],
    verified: session.verified,
  });
};

function opened(server, { number }) {
  const session = { id: randomBytes(12).toString('hex'), number, captcha: false, verified: false };
  server.sessions.set(session.id, session);
  return show(server, session);
}

function verification(server, [, id, aboutCode], verb, body) {
  const session = server.sessions.get(id);
  if (!session) return json(404, {});
  if (aboutCode && verb === 'POST') {
    session.code = String(randomInt(100_000, 999_999));
    server.codes.set(session.number, session.code);
  } else if (aboutCode) {
    session.verified = body().code === session.code;
  } else if (verb === 'PATCH' && body().captcha) {
    if (body().captcha !== GOOD_CAPTCHA) return json(403, {});
    session.captcha = true;
  }
  return show(server, session);
}

async function registered(server, request, body) {
  const header = request.headers.find((line) => /^authorization:/i.test(line));
  const { username: number, password } = parseAuthHeader(header.slice(header.indexOf(':') + 1));
  const session = server.sessions.get(body.sessionId);
  if (!session || !session.verified || session.number !== number) return json(403, {});
  const { registrationId, pniRegistrationId, unidentifiedAccessKey } = body.accountAttributes;
  const former = (server.devices.get(number) || [])[0];
  if (former) forget(server, number);
  const device = await server.registerDevice({ number, registrationId, pniRegistrationId, password, ...(former ? { primary: former } : {}) });
  device.real = true;
  device.accessKey = unidentifiedAccessKey ? Buffer.from(unidentifiedAccessKey, 'base64') : undefined;
  for (const [kind, name] of [['ACI', 'aci'], ['PNI', 'pni']]) {
    await device.setKeys(kind, {
      identityKey: PublicKey.deserialize(Buffer.from(body[`${name}IdentityKey`], 'base64')),
      signedPreKey: crypto.decodeSignedPreKey(body[`${name}SignedPreKey`]),
      lastResortKey: crypto.decodeKyberPreKey(body[`${name}PqLastResortPreKey`]),
    });
  }
  const pni = device.pni.replace('PNI:', '');
  return json(200, { uuid: device.aci, pni, number, storageCapable: false, reregistration: false });
}

// A new phone for the same number: same ACI, new identity key, linked devices gone.
function forget(server, number) {
  const devices = server.devices.get(number) || [];
  for (const device of devices) {
    server.devicesByAuth.delete(`${device.number}.${device.deviceId}`);
    server.devicesByAuth.delete(`${device.aci}.${device.deviceId}`);
    server.devicesByServiceId.delete(device.aci);
    server.devicesByServiceId.delete(device.pni);
  }
  server.devices.delete(number);
}

function limited(server) {
  const { limit } = server.faults;
  if (!limit) return undefined;
  if (limit === 428) return json(428, { token: 'a-token', options: ['captcha'] });
  return json(limit, {}, ['Retry-After:120']);
}

function challenged(server, body) {
  const passed = body.captcha === GOOD_CAPTCHA;
  if (passed) server.faults.limit = 0;
  return json(passed ? 200 : 428, {});
}

function attributes(device, { unidentifiedAccessKey }) {
  if (unidentifiedAccessKey) device.accessKey = Buffer.from(unidentifiedAccessKey, 'base64');
  return json(200, {});
}

function profile(device, { name, commitment }) {
  if (name) device.profileName = Buffer.from(name, 'base64');
  device.profileKeyCommitment = new zkgroup.ProfileKeyCommitment(Buffer.from(commitment, 'base64'));
  return json(200, '');
}

async function devices(server, device) {
  const found = await server.getAllDevicesByServiceId(device.aci);
  const described = found.map(({ deviceId, registrationId, lastSeen = Date.now() }) => ({ id: deviceId, name: null, created: 0, lastSeen, registrationId }));
  return json(200, { devices: described });
}

module.exports = { accountRequest };
