// What one session may reach, and how much it may load.  Every connection, whoever asks for it, is
// made here: the name is looked up once, each address judged, and the socket goes to exactly the
// address that was judged, so that a second look-up cannot give another.
import { lookup } from 'node:dns/promises';
import { connect as openSocket, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { Exceptions, isPublic } from './address.js';
import { Failure } from './failure.js';

const CONNECT_MS = 10_000;
const REFUSALS_MAX = 50;

/** "example.org" stands for itself and all below it, "*.example.org" for what is below it. */
export function domainMatches(host, pattern) {
  if (pattern === '*')
    return true;
  const below = pattern.startsWith('*.');
  const bare = below ? pattern.slice(2) : pattern;
  const domain = (isIP(bare) ? bare : domainToASCII(bare)).toLowerCase();
  return domain !== '' && ((!below && host === domain) || host.endsWith(`.${domain}`));
}

/** As in a URL or a CONNECT line, without brackets and the root's dot. */
export function plainHost(host) {
  return host.replace(/^\[|\]$/g, '').replace(/\.$/, '').toLowerCase();
}

function dnsFailure(host, error) {
  const why = error.code === 'EAI_AGAIN' ? 'the name server does not answer' : 'there is no such name';
  return new Failure('dns', `${host} was not found: ${why} (${error.code})`);
}

function connectFailure(host, port, error) {
  const why = { ECONNREFUSED: 'refused the connection', ETIMEDOUT: 'does not answer',
    EHOSTUNREACH: 'cannot be reached', ENETUNREACH: 'cannot be reached' }[error.code];
  return new Failure('connect', `${host} port ${port} ${why ?? `failed (${error.code ?? error.message})`}`);
}

function open(address, port) {
  return new Promise((resolve, reject) => {
    const socket = openSocket({ host: address, port });
    const fail = (error) => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(CONNECT_MS, () => fail(Object.assign(new Error('late'), { code: 'ETIMEDOUT' })));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeListener('error', fail);
      resolve(socket);
    });
  });
}

export class Policy {
  /** resolve: looks a name up, { all: true }. */
  constructor(resolve = lookup) {
    this.resolve = resolve;
    this.sockets = new Set();
    this.renew({});
  }

  /** The rules and the allowance of a new call. */
  renew({ allowed_domains = ['*'], allow_addresses = [], max_bytes = 32 * 1024 * 1024 }) {
    this.domains = allowed_domains;
    this.exceptions = new Exceptions(allow_addresses);
    this.maxBytes = max_bytes;
    this.bytes = 0;
    this.refusals = new Map();
    /* Rejects when the allowance is used up. */
    this.overflow = new Promise((_, reject) => {
      this.overflowing = () => reject(this.sizeFailure());
    });
    this.overflow.catch(() => {});
  }

  get tooLarge() {
    return this.bytes > this.maxBytes;
  }

  sizeFailure() {
    return new Failure('too_large', `more than ${this.maxBytes} bytes: loading was stopped there`);
  }

  checkDomain(host) {
    if (!this.domains.some((pattern) => domainMatches(host, pattern)))
      throw new Failure('domain_not_allowed', `${host} is not one of the domains that this server allows`,
        { domain: host });
  }

  /** The failure that a host met in this call. */
  refusalOf(host, port) {
    return this.refusals.get(`${plainHost(host)}:${port}`);
  }

  /** Hosts that were refused by rule. */
  blockedHosts() {
    const ruled = [...this.refusals].filter(([, why]) => ['domain_not_allowed', 'private_address'].includes(why.code));
    return [...new Set(ruled.map(([where]) => where.slice(0, where.lastIndexOf(':'))))];
  }

  async #addresses(host) {
    if (isIP(host))
      return [host];
    try {
      return (await this.resolve(host, { all: true })).map((one) => one.address);
    } catch (error) {
      throw dnsFailure(host, error);
    }
  }

  async #connect(host, port) {
    this.checkDomain(host);
    const all = await this.#addresses(host);
    const open_to = all.filter((address) => isPublic(address) || this.exceptions.has(address, port));
    if (open_to.length === 0)
      throw new Failure('private_address', `${host} is not on the public internet (${all[0]}): ` +
        'private, local and reserved addresses are never visited');
    let last;
    for (const address of open_to) {
      try {
        return await open(address, port);
      } catch (error) {
        last = error;
      }
    }
    throw connectFailure(host, port, last);
  }

  /** A connected socket whose bytes count. */
  async connect(name, port) {
    const host = plainHost(name);
    try {
      if (this.tooLarge)
        throw this.sizeFailure();
      const socket = await this.#connect(host, port);
      this.#watch(socket);
      return socket;
    } catch (error) {
      if (this.refusals.size < REFUSALS_MAX)
        this.refusals.set(`${host}:${port}`, error);
      throw error;
    }
  }

  #watch(socket) {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (chunk) => {
      this.bytes += chunk.length;
      if (this.tooLarge) {
        this.cut();
        this.overflowing();
      }
    });
    /* Nothing flows before somebody else takes it. */
    socket.pause();
  }

  /** Ends every connection. */
  cut() {
    for (const socket of this.sockets)
      socket.destroy();
  }
}
