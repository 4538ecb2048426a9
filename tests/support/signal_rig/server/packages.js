// What the rig takes from the mock server beyond what it exports.
const path = require('path');
const { createRequire } = require('module');

const root = path.dirname(require.resolve('@signalapp/mock-server/package.json'));
const inside = (name) => require(path.join(root, name));
// Its own dependencies: two copies of libsignal would not know each other's keys.
const beside = createRequire(path.join(root, 'src/index.js'));

module.exports = {
  ServerGroup: inside('src/server/group.js').ServerGroup,
  Server: inside('src/api/server.js').Server,
  createHandler: inside('src/server/http.js').createHandler,
  Connection: inside('src/server/ws').Connection,
  crypto: inside('src/crypto.js'),
  attachmentToPointer: inside('src/data/attachment.js').attachmentToPointer,
  parseAuthHeader: inside('src/util.js').parseAuthHeader,
  proto: inside('protos/compiled.js').signalservice,
  Long: beside('long'),
  PublicKey: beside('@signalapp/libsignal-client').PublicKey,
  zkgroup: beside('@signalapp/libsignal-client/zkgroup'),
  WebSocketServer: beside('ws').Server,
  micro: beside('micro'),
};
