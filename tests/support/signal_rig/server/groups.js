// Groups v2 as signal-cli changes them; the mock itself knows titles, invitations and removals.
const { ServerGroup, parseAuthHeader, proto, zkgroup } = require('./packages');

const { ADMINISTRATOR, MEMBER, ANY } = proto.AccessControl.AccessRequired;
const { Role } = proto.Member;
const LISTS = ['members', 'membersPendingProfileKey', 'membersPendingAdminApproval', 'membersBanned'];

class Forbidden extends Error {}

const same = (a, b) => Buffer.from(a).equals(Buffer.from(b));
const without = (list, id, idOf = (one) => one.userId) => list.filter((one) => !same(idOf(one), id));
const invited = (one) => one.member.userId;
const fromUrl = (text) => Buffer.from(text.replace(/-/g, '+').replace(/_/g, '/'), 'base64');

// One change asked by one account: checked action by action, then signed.
class Change {
  constructor(group, source, sourcePni, actions, linkPassword) {
    this.group = group;
    this.actions = actions;
    this.source = source.serialize();
    this.pni = sourcePni.serialize();
    this.version = actions.version;
    this.epoch = 0;
    this.state = { ...group.state, version: this.version, accessControl: { ...group.state.accessControl } };
    for (const name of LISTS) this.state[name] = [...(this.state[name] || [])];
    this.me = this.state.members.find((one) => same(one.userId, this.source));
    const { inviteLinkPassword } = this.state;
    this.byLink = Boolean(linkPassword && inviteLinkPassword && same(linkPassword, inviteLinkPassword));
    this.done = { version: this.version, sourceUserId: this.source, groupId: Buffer.from(group.id, 'base64') };
  }

  sign() {
    this.#members();
    this.#invitations();
    this.#requests();
    this.#bans();
    this.#settings();
    const { GroupChange } = proto;
    const actions = GroupChange.Actions.encode(GroupChange.Actions.fromObject(this.done)).finish();
    const serverSignature = this.group.zkSecret.sign(Buffer.from(actions)).serialize();
    const signed = { actions, changeEpoch: this.epoch, serverSignature };
    this.group.privChanges.groupChanges.push({ groupChange: signed, groupState: this.state });
    return signed;
  }

  #members() {
    const { state } = this;
    this.#each('addMembers', ({ added, joinFromInviteLink }) => {
      const member = { ...this.group.unrollMember(added), joinedAtVersion: this.version };
      const joins = same(member.userId, this.source) && !this.me;
      if (joins) this.#allow(this.byLink && state.accessControl.addFromInviteLink === ANY && !this.#banned());
      else this.#need(state.accessControl.members);
      state.members.push(member);
      state.membersPendingProfileKey = without(state.membersPendingProfileKey, member.userId, invited);
      return { added: member, joinFromInviteLink };
    });
    this.#each('deleteMembers', (action) => {
      if (!same(action.deletedUserId, this.source)) this.#need(ADMINISTRATOR);
      state.members = without(state.members, action.deletedUserId);
      return action;
    });
    this.#each('modifyMemberRoles', (action) => {
      this.#need(ADMINISTRATOR);
      this.#alter(action.userId, { role: action.role });
      return action;
    });
    this.#each('modifyMemberProfileKeys', ({ presentation }) => {
      const shown = this.#presented(presentation);
      this.#alter(shown.userId, { profileKey: shown.profileKey });
      return shown;
    });
  }

  #invitations() {
    const { state } = this;
    this.#each('addPendingMembers', ({ added }) => {
      this.#need(state.accessControl.members);
      const { userId, role } = added.member;
      const entry = { member: { userId, role, joinedAtVersion: this.version }, addedByUserId: this.source, timestamp: Date.now() };
      state.membersPendingProfileKey.push(entry);
      return { added: entry };
    });
    this.#each('deletePendingMembers', (action) => {
      const own = [this.source, this.pni].some((id) => same(action.deletedUserId, id));
      if (!own) this.#need(ADMINISTRATOR);
      state.membersPendingProfileKey = without(state.membersPendingProfileKey, action.deletedUserId, invited);
      return action;
    });
    this.#each('promotePendingMembers', ({ presentation }) => {
      const shown = this.#presented(presentation);
      this.#accept(shown, shown.userId);
      return shown;
    });
    this.#each('promoteMembersPendingPniAciProfileKey', ({ presentation }) => {
      const shown = this.#presented(presentation);
      this.#accept(shown, this.pni);
      this.#since(5);
      this.done.sourceUserId = this.pni;
      return { ...shown, pni: this.pni };
    });
  }

  #requests() {
    const { state } = this;
    this.#each('addMemberPendingAdminApprovals', ({ added }) => {
      this.#allow(this.byLink && state.accessControl.addFromInviteLink === ADMINISTRATOR && !this.#banned());
      const request = { ...this.#presented(added.presentation), timestamp: Date.now() };
      state.membersPendingAdminApproval.push(request);
      this.#since(1);
      return { added: request };
    });
    this.#each('deleteMemberPendingAdminApprovals', (action) => {
      if (!same(action.deletedUserId, this.source)) this.#need(ADMINISTRATOR);
      state.membersPendingAdminApproval = without(state.membersPendingAdminApproval, action.deletedUserId);
      this.#since(1);
      return action;
    });
    this.#each('promoteMemberPendingAdminApprovals', (action) => {
      this.#need(ADMINISTRATOR);
      const asked = state.membersPendingAdminApproval.find((one) => same(one.userId, action.userId));
      this.#allow(asked);
      state.membersPendingAdminApproval = without(state.membersPendingAdminApproval, action.userId);
      const { userId, profileKey } = asked;
      state.members.push({ userId, profileKey, role: action.role || Role.DEFAULT, joinedAtVersion: this.version });
      this.#since(1);
      return action;
    });
  }

  #bans() {
    const { state } = this;
    this.#each('addMembersBanned', ({ added }) => {
      this.#need(ADMINISTRATOR);
      const entry = { userId: added.userId, timestamp: Date.now() };
      state.membersBanned.push(entry);
      this.#since(4);
      return { added: entry };
    });
    this.#each('deleteMembersBanned', (action) => {
      this.#need(ADMINISTRATOR);
      state.membersBanned = without(state.membersBanned, action.deletedUserId);
      this.#since(4);
      return action;
    });
  }

  #settings() {
    const { state } = this;
    const access = state.accessControl;
    const { attributes } = access;
    this.#set('modifyTitle', attributes, ({ title }) => Object.assign(state, { title }));
    this.#set('modifyAvatar', attributes, ({ avatar }) => Object.assign(state, { avatar }));
    this.#set('modifyDescription', attributes, ({ descriptionBytes }) => Object.assign(state, { descriptionBytes }), 2);
    this.#set('modifyDisappearingMessagesTimer', attributes, ({ timer }) => Object.assign(state, { disappearingMessagesTimer: timer }));
    this.#set('modifyAttributesAccess', ADMINISTRATOR, (set) => Object.assign(access, { attributes: set.attributesAccess }));
    this.#set('modifyMemberAccess', ADMINISTRATOR, (set) => Object.assign(access, { members: set.membersAccess }));
    this.#set('modifyAddFromInviteLinkAccess', ADMINISTRATOR, (set) => Object.assign(access, { addFromInviteLink: set.addFromInviteLinkAccess }), 1);
    this.#set('modifyInviteLinkPassword', ADMINISTRATOR, ({ inviteLinkPassword }) => Object.assign(state, { inviteLinkPassword }), 1);
    this.#set('modifyAnnouncementsOnly', ADMINISTRATOR, ({ announcementsOnly }) => Object.assign(state, { announcementsOnly }), 3);
  }

  #each(name, act) {
    this.done[name] = (this.actions[name] || []).map(act);
  }

  #set(name, level, act, epoch = 0) {
    if (!Object.hasOwn(this.actions, name) || this.actions[name] == null) return;
    this.#need(level);
    act(this.actions[name]);
    this.done[name] = this.actions[name];
    this.#since(epoch);
  }

  #alter(userId, change) {
    this.state.members = this.state.members.map((one) => (same(one.userId, userId) ? { ...one, ...change } : one));
  }

  #accept(shown, id) {
    const invitation = this.state.membersPendingProfileKey.find((one) => same(invited(one), id));
    this.#allow(invitation);
    this.state.membersPendingProfileKey = without(this.state.membersPendingProfileKey, id, invited);
    this.state.members.push({ role: invitation.member.role || Role.DEFAULT, ...shown, joinedAtVersion: this.version });
  }

  #presented(bytes) {
    const presentation = new zkgroup.ProfileKeyCredentialPresentation(Buffer.from(bytes));
    this.group.profileOps.verifyProfileKeyCredentialPresentation(this.group.publicParams, presentation);
    return { userId: presentation.getUuidCiphertext().serialize(), profileKey: presentation.getProfileKeyCiphertext().serialize() };
  }

  #banned() {
    return this.state.membersBanned.some((one) => same(one.userId, this.source));
  }

  #since(epoch) {
    this.epoch = Math.max(this.epoch, epoch);
  }

  #need(level) {
    const admin = this.me && this.me.role === Role.ADMINISTRATOR;
    this.#allow(level === ANY || (level === MEMBER && this.me) || (level === ADMINISTRATOR && admin));
  }

  #allow(allowed) {
    if (!allowed) throw new Forbidden();
  }
}

ServerGroup.prototype.modify = function (source, sourcePni, actions, linkPassword) {
  if (actions.version !== (this.state.version || 0) + 1) return { conflict: true, signedChange: undefined };
  return { conflict: false, signedChange: new Change(this, source, sourcePni, actions, linkPassword).sign() };
};

const PATH = /^\/storageService\/v\d\/groups(\/join\/([^?]+))?(\?inviteLinkPassword=(.+))?$/;

// Creating, changing, and asking by link what a group is. False: not about that.
async function groupRequest(server, request, answer) {
  const found = PATH.exec(request.url);
  if (!found || !(found[1] || ['PATCH', 'PUT'].includes(request.method))) return false;
  const password = (text) => text && fromUrl(decodeURIComponent(text));
  const said = await respond(server, request, password(found[2]), password(found[4]));
  answer.statusCode = said.status;
  answer.setHeader('X-Signal-Timestamp', Date.now());
  if (said.reason) answer.setHeader('X-Signal-Forbidden-Reason', said.reason);
  answer.end(said.body ? Buffer.from(said.body) : '');
  return true;
}

async function respond(server, request, joinPassword, linkPassword) {
  const { username, password } = parseAuthHeader(request.headers.authorization);
  const params = Buffer.from(username, 'hex');
  let credentials;
  try {
    credentials = await server.verifyGroupCredentials(params, Buffer.from(password, 'hex'));
  } catch {
    return { status: 401 };
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (request.method === 'PUT') return created(server, credentials, body);
  const group = await server.getGroup(params);
  if (!group) return { status: 404 };
  return joinPassword ? described(group, credentials, joinPassword) : changed(group, credentials, body, linkPassword);
}

async function created(server, credentials, body) {
  const wish = proto.Group.decode(body);
  for (const one of wish.membersPendingProfileKey) {
    one.addedByUserId = credentials.getUuidCiphertext().serialize();
    one.timestamp = Date.now();
  }
  const group = await server.createGroup(wish);
  const endorsement = group.getGroupSendEndorsementResponse(credentials.getUuidCiphertext());
  return { status: 200, body: proto.GroupResponse.encode({ group: group.state, groupSendEndorsementResponse: endorsement }).finish() };
}

function described({ state }, credentials, password) {
  const me = credentials.getUuidCiphertext().serialize();
  const holds = (list) => (list || []).some((one) => same(one.userId, me));
  if (!state.inviteLinkPassword?.length || !same(password, state.inviteLinkPassword)) return { status: 403, reason: 'invalid-link' };
  if (holds(state.membersBanned)) return { status: 403, reason: 'banned' };
  const { publicKey, title, avatar, version, descriptionBytes } = state;
  const info = {
    publicKey,
    title,
    avatar,
    version,
    descriptionBytes,
    memberCount: state.members.length,
    addFromInviteLink: state.accessControl.addFromInviteLink,
    pendingAdminApproval: holds(state.membersPendingAdminApproval),
  };
  return { status: 200, body: proto.GroupJoinInfo.encode(info).finish() };
}

function changed(group, credentials, body, linkPassword) {
  const aci = credentials.getUuidCiphertext();
  try {
    const { conflict, signedChange } = group.modify(aci, credentials.getPniCiphertext(), proto.GroupChange.Actions.decode(body), linkPassword);
    if (conflict) return { status: 409 };
    const response = { groupChange: signedChange, groupSendEndorsementResponse: group.getGroupSendEndorsementResponse(aci) };
    return { status: 200, body: proto.GroupChangeResponse.encode(response).finish() };
  } catch (error) {
    if (!(error instanceof Forbidden)) throw error;
    return { status: 403 };
  }
}

module.exports = { groupRequest };
