// Signal's mock server with what signal-cli asks and the mock lacks.
const { AsyncLocalStorage } = require('async_hooks');
const { EventEmitter } = require('events');
const { randomUUID } = require('crypto');
const fs = require('fs');
const https = require('https');
const path = require('path');
const { Connection, Long, Server, WebSocketServer, attachmentToPointer, createHandler, crypto, micro, parseAuthHeader, proto } = require('./packages');
const { groupRequest } = require('./groups');
const { accountRequest } = require('./accounts');

const EnvelopeType = {
  CipherText: proto.Envelope.Type.CIPHERTEXT,
  PreKey: proto.Envelope.Type.PREKEY_BUNDLE,
  SealedSender: proto.Envelope.Type.UNIDENTIFIED_SENDER,
  Plaintext: proto.Envelope.Type.PLAINTEXT_CONTENT,
};

// signal-cli's provisioning socket never acknowledges what the server asks: don't wait for it.
Connection.prototype.handleProvision = async function (id) {
  const address = proto.ProvisioningUuid ? proto.ProvisioningUuid.encode({ uuid: id }) : proto.ProvisioningAddress.encode({ address: id });
  this.send('PUT', '/v1/address', { body: address.finish() });
  const { envelope } = await this.server.getProvisioningResponse(id);
  this.send('PUT', '/v1/message', { body: envelope });
};

class RigServer extends Server {
  faults = { limit: 0, captcha: false, twice: false, down: false };
  sessions = new Map(); // verification of a number by SMS
  codes = new Map();
  #mailboxes = new Map(); // of devices that are real clients
  #sentAt = new AsyncLocalStorage();

  async listen(port, host) {
    const empty = crypto.encryptAttachment(Buffer.alloc(0));
    this.emptyAttachment = attachmentToPointer(await this.storeAttachment(empty.blob), empty);
    const rest = createHandler(this, { cdn3Path: this.config.cdn3Path });
    const server = https.createServer(this.config.https, (request, answer) => {
      if (this.faults.down) return request.socket.destroy();
      return this.#http(request, answer, rest).catch((error) => {
        console.error('http', error);
        answer.statusCode = 500;
        answer.end();
      });
    });
    this.websockets = new WebSocketServer({ server, verifyClient: this.#known.bind(this) });
    this.websockets.on('connection', (socket, request) => {
      const connection = new Connection(request, socket, this);
      this.#complete(connection);
      connection.start().catch((error) => {
        console.error('websocket', error.message);
        socket.close();
      });
    });
    this.https = server;
    return new Promise((done) => server.listen(port, host, done));
  }

  // As when the network goes: nobody is told, connections end.
  cut() {
    for (const socket of this.websockets.clients) socket.terminate();
  }

  async auth(username, password) {
    return (await super.auth(username, password)) || super.auth(`${username}.1`, password);
  }

  // A device that the server forgot is told so, as Signal tells it: 403 at the door.
  async #known(info, decide) {
    if (this.faults.down) return info.req.socket.destroy();
    const { username, password } = parseAuthHeader(info.req.headers.authorization);
    return decide(!username || Boolean(await this.auth(username, password)), 403);
  }

  // Each request passes by us first; what the mock answers is put right for signal-cli.
  #complete(connection) {
    const run = connection.router.run.bind(connection.router);
    connection.router.run = async (request) => {
      withoutNulls(request);
      const ours = await accountRequest(this, connection, request);
      if (ours) return ours;
      const answer = await this.#sentAt.run(timestampOf(request), () => run(request));
      const profile = /^\/v1\/profile\/([^/?]+)/.exec(request.path);
      if (profile && answer.status === 200) {
        const shown = JSON.parse(answer.body);
        answer.body = Buffer.from(JSON.stringify({ capabilities: {}, ...shown, uuid: decodeURIComponent(profile[1]) }));
      }
      return answer;
    };
  }

  // The mock keeps what is meant for its own people; a real client gets its envelope.
  async handleMessage(source, kind, type, target, content) {
    if (!target.real) return super.handleMessage(source, kind, type, target, content);
    const now = Date.now();
    const envelope = {
      type: EnvelopeType[type],
      sourceServiceId: source && source.aci,
      sourceDevice: source && source.deviceId,
      destinationServiceId: target.getServiceIdByKind(kind),
      serverTimestamp: Long.fromNumber(now),
      // Clients refuse an envelope whose timestamp is not its message's.
      timestamp: Long.fromNumber(this.#sentAt.getStore() || now),
      content,
    };
    const bytes = Buffer.from(proto.Envelope.encode(envelope).finish());
    await this.send(target, bytes);
    if (this.faults.twice) await this.send(target, bytes);
  }

  // As Signal: who sends never waits for who receives, and what was not acknowledged comes again.
  async send(target, message) {
    if (!target.real) return super.send(target, message);
    const envelope = proto.Envelope.decode(message);
    envelope.serverGuid ||= randomUUID();
    const mailbox = this.#mailbox(target);
    mailbox.letters.push(Buffer.from(proto.Envelope.encode(envelope).finish()));
    this.#deliver(mailbox);
    return undefined;
  }

  async addWebSocket(device, socket) {
    const mailbox = this.#mailbox(device);
    Object.assign(mailbox, { socket, announced: false });
    // One that is being linked connects before it is known to be real.
    return device.real ? this.#deliver(mailbox) : super.addWebSocket(device, socket);
  }

  removeWebSocket(device, socket) {
    const mailbox = this.#mailbox(device);
    if (mailbox.socket === socket) mailbox.socket = undefined;
    super.removeWebSocket(device, socket);
  }

  #mailbox(device) {
    if (!this.#mailboxes.has(device)) this.#mailboxes.set(device, { letters: [], busy: false });
    return this.#mailboxes.get(device);
  }

  async #deliver(mailbox) {
    if (mailbox.busy) return;
    mailbox.busy = true;
    while (mailbox.socket && mailbox.letters.length) {
      const { socket } = mailbox;
      try {
        await socket.sendMessage(mailbox.letters[0]);
        mailbox.letters.shift();
      } catch {
        if (mailbox.socket === socket) mailbox.socket = undefined;
      }
    }
    mailbox.busy = false;
    if (mailbox.socket && !mailbox.announced) {
      mailbox.announced = true;
      // Clients don't acknowledge that one.
      mailbox.socket.sendMessage('empty').catch(() => {});
    }
  }

  // signal-cli asks some things over plain HTTPS that the mock serves on its websocket only.
  async #http(request, answer, rest) {
    if (request.url.startsWith('/v')) return this.#likeWebsocket(request, answer);
    request.url = request.url.replace(/^(\/storageService\/v\d\/groups)\/(\?|$)/, '$1$2');
    if (await this.#upload(request, answer)) return undefined;
    if (await groupRequest(this, request, answer)) return undefined;
    const download = /^\/attachments\/([\w-]+)$/.exec(request.url);
    if (download && fs.existsSync(this.#attachment(download[1]))) request.url = `/cdn3${request.url}`;
    if (request.url === '/storageService/v1/storage') request.url += '/';
    return micro.run(request, answer, rest);
  }

  async #likeWebsocket(request, answer) {
    const body = await bytesOf(request);
    const connection = new Connection(request, new EventEmitter(), this);
    this.#complete(connection);
    const { username, password } = parseAuthHeader(request.headers.authorization);
    if (username) connection.device = await this.auth(username, password);
    const headers = Object.entries(request.headers).map(([name, value]) => `${name}:${value}`);
    const given = { verb: request.method, path: request.url, headers, body: body.length ? body : undefined };
    const said = await connection.router.run(given);
    answer.statusCode = said.status;
    for (const header of said.headers || []) {
      const colon = header.indexOf(':');
      answer.setHeader(header.slice(0, colon), header.slice(colon + 1));
    }
    answer.end(Buffer.from(said.body || ''));
  }

  // Resumable uploads (tus.io); the mock's own does not find what it made when asked by HEAD.
  async #upload(request, answer) {
    const named = /^\/cdn3\/attachments\/([\w-]+)$/.exec(request.url);
    if (!named || !['POST', 'HEAD', 'PATCH'].includes(request.method)) return false;
    const file = this.#attachment(named[1]);
    const body = await bytesOf(request);
    answer.setHeader('Tus-Resumable', '1.0.0');
    if (request.method === 'POST') {
      fs.writeFileSync(file, body);
      answer.statusCode = 201;
      answer.setHeader('Location', this.config.publicUrl + request.url);
    } else if (!fs.existsSync(file)) {
      answer.statusCode = 404;
    } else if (request.method === 'PATCH') {
      const expected = Number(request.headers['upload-offset']) === fs.statSync(file).size;
      if (expected) fs.appendFileSync(file, body);
      answer.statusCode = expected ? 204 : 409;
    }
    if (fs.existsSync(file)) answer.setHeader('Upload-Offset', fs.statSync(file).size);
    answer.end();
    return true;
  }

  #attachment(name) {
    return path.join(this.config.cdn3Path, 'attachments', name);
  }
}

async function bytesOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

// signal-cli writes explicit nulls, which the mock's schemas refuse.
function withoutNulls(request) {
  if (!request.body || request.body[0] !== 0x7b) return;
  try {
    const json = JSON.parse(Buffer.from(request.body).toString());
    const clean = JSON.stringify(json, (_, value) => (value === null ? undefined : value));
    request.body = Buffer.from(clean);
  } catch {
    // Not JSON after all: the mock says so.
  }
}

function timestampOf(request) {
  const inPath = /[?&]ts=(\d+)/.exec(request.path);
  if (inPath) return Number(inPath[1]);
  if (!request.path.startsWith('/v1/messages/')) return 0;
  try {
    return JSON.parse(Buffer.from(request.body).toString()).timestamp;
  } catch {
    return 0;
  }
}

module.exports = { RigServer };
