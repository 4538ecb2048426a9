// What tests ask of the rig beside signal-cli: see signal.py for what each does.
const { forget } = require('./accounts');
const { proto } = require('./packages');

function verbs(server) {
  const people = new Map(); // the mock's own people, by name
  const read = []; // what they received
  let linking;

  const person = (name) => people.get(name);
  // A phone of the rig by its number, or the signal-cli that a person linked.
  const target = (to) => (to.startsWith('+') ? server.devices.get(to)[0] : person(to).linked);

  async function meet(from, device) {
    from.met ||= new Set();
    if (!from.met.has(device)) await from.addSingleUseKey(device, await device.popSingleUseKey());
    from.met.add(device);
  }

  async function watch(name, owner, kind, next) {
    try {
      for (;;) {
        const found = await owner[next]();
        read.push({ to: name, kind, from: found.source.aci, text: found.body, at: Date.now() });
      }
    } catch (error) {
      console.error(name, kind, error.message);
    }
  }

  return {
    async person({ name, contacts = [] }) {
      const made = await server.createPrimaryDevice({ profileName: name, contacts: contacts.map(person) });
      Object.assign(made.contactsBlob, { cdnNumber: 2, contentType: 'application/octet-stream' });
      people.set(name, made);
      watch(name, made, 'message', 'waitForMessage');
      watch(name, made, 'receipt', 'waitForReceipt');
      return { number: made.device.number, aci: made.device.aci };
    },
    // The person scans the QR code that signal-cli shows; `linked` waits for the end of it.
    async link({ name, uri }) {
      const provision = await server.waitForProvision();
      linking = provision.complete({ provisionURL: uri, primaryDevice: person(name) }).then((device) => {
        device.real = true;
        person(name).linked = device;
      });
      linking.catch((error) => console.error('link', error.message));
      return {};
    },
    async linked() {
      await linking;
      return {};
    },
    async say({ from, to, text }) {
      const timestamp = Date.now();
      await meet(person(from), target(to));
      await person(from).sendText(target(to), text, { timestamp, withProfileKey: true });
      return { timestamp };
    },
    async raw({ from, to, content }) {
      const timestamp = Date.now();
      await meet(person(from), target(to));
      await person(from).sendRaw(target(to), proto.Content.fromObject(content), { timestamp });
      return { timestamp };
    },
    async read() {
      return read.splice(0);
    },
    async discover({ numbers }) {
      const found = numbers.map((number) => (server.devices.get(number) || [])[0]);
      const known = found.filter((device) => device && !server.isUnregistered(device.aci));
      return known.map(({ number, aci, pni }) => `${number} ${aci} ${pni}`).join('\n');
    },
    async code({ number }) {
      return { code: server.codes.get(number) };
    },
    async fault(given) {
      Object.assign(server.faults, given);
      return {};
    },
    async away({ away }) {
      server.away(away);
      return {};
    },
    async forget({ number }) {
      forget(server, number);
      return {};
    },
    async challenge() {
      return server.challenge || {};
    },
  };
}

module.exports = { verbs };
