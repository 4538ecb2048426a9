// Signal on loopback: Signal's own mock server, made whole for signal-cli, and a control port.
// usage: node main.js --port PORT --control PORT --dir FOLDER   (NODE_PATH names the packages)
const fs = require('fs');
const http = require('http');
const path = require('path');
const { RigServer } = require('./rig-server');
const { verbs } = require('./verbs');

const LOOPBACK = '127.0.0.1';

async function main(words) {
  const given = Object.fromEntries(words.flatMap((word, i) => (i % 2 ? [] : [[word.slice(2), words[i + 1]]])));
  const dir = path.resolve(given.dir);
  const cdn3Path = path.join(dir, 'cdn3');
  fs.mkdirSync(path.join(cdn3Path, 'attachments'), { recursive: true });
  const server = new RigServer({ cdn3Path, timeout: 600_000, publicUrl: `https://${LOOPBACK}:${given.port}` });
  await server.listen(Number(given.port), LOOPBACK);
  writeProperties(dir, given);
  await listen(verbs(server), Number(given.control));
}

// What the shadow classes read: where Signal is, and the keys that it is known by.
function writeProperties(dir, { port, control }) {
  const root = path.dirname(require.resolve('@signalapp/mock-server/package.json'));
  const read = (name) => JSON.parse(fs.readFileSync(path.join(root, 'certs', name)));
  const zk = read('zk-params.json');
  const lines = {
    url: `https://${LOOPBACK}:${port}`,
    ca: path.join(root, 'certs/ca-cert.pem'),
    trustRoot: read('trust-root.json').publicKey,
    zk: zk.publicParams,
    generic: zk.genericPublicParams,
    backup: zk.backupPublicParams,
    control: `http://${LOOPBACK}:${control}`,
  };
  const text = Object.entries(lines).map(([name, value]) => `${name}=${value}\n`).join('');
  fs.writeFileSync(path.join(dir, 'signal.properties'), text);
}

// POST /verb with a JSON body; GET / says that everything listens.
function listen(table, port) {
  const server = http.createServer(async (request, answer) => {
    try {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : {};
      const verb = request.url.slice(1);
      answer.setHeader('content-type', 'application/json');
      answer.end(JSON.stringify(verb ? await table[verb](body) : {}));
    } catch (error) {
      answer.statusCode = 500;
      answer.end(JSON.stringify({ error: error.stack }));
    }
  });
  return new Promise((done) => server.listen(port, LOOPBACK, done));
}

main(process.argv.slice(2));
