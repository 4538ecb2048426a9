// What tests ask of the rig beside signal-cli: each returns what it made.
function verbs(server) {
  const people = new Map(); // the mock's own people, by name

  let latest = 0;

  const person = (name) => people.get(name);
  const target = (number) => server.devices.get(number)[0];

  async function meet(from, device) {
    from.met ||= new Set();
    if (!from.met.has(device)) await from.addSingleUseKey(device, await device.popSingleUseKey());
    from.met.add(device);
  }

  return {
    async person({ name, contacts = [] }) {
      const made = await server.createPrimaryDevice({ profileName: name, contacts: contacts.map(person) });
      Object.assign(made.contactsBlob, { cdnNumber: 2, contentType: 'application/octet-stream' });
      people.set(name, made);
      return { number: made.device.number, aci: made.device.aci };
    },
    // The person scans the QR code that signal-cli shows; the rest happens beside.
    async link({ name, uri }) {
      const provision = await server.waitForProvision();
      const linking = provision.complete({ provisionURL: uri, primaryDevice: person(name) });
      linking.then((device) => Object.assign(device, { real: true })).catch((error) => console.error('link', error.message));
      return {};
    },
    async say({ from, to, text }) {
      // A message is named by its time: two in the same millisecond would be one.
      const timestamp = (latest = Math.max(Date.now(), latest + 1));
      await meet(person(from), target(to));
      await person(from).sendText(target(to), text, { timestamp, withProfileKey: true });
      return { timestamp };
    },
    // The account's owner takes every linked device off, or Signal does after thirty days.
    async unlink({ number }) {
      const [, ...linked] = server.devices.get(number) || [];
      for (const { deviceId } of linked) await server.removeDevice(number, deviceId);
      server.cut();
      return { unlinked: linked.length };
    },
    // Those devices were last seen that many days ago.
    async absent({ number, days }) {
      const [, ...linked] = server.devices.get(number) || [];
      for (const device of linked) device.lastSeen = Date.now() - days * 86_400_000;
      return { absent: linked.length };
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
      if (given.down) server.cut();
      return {};
    },
  };
}

module.exports = { verbs };
