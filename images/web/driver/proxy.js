// The browser's only way out: a forward proxy for one session, on loopback.  It asks the session's
// policy for each connection; Chromium never looks a name up nor opens a socket by itself.
import { createServer, request as httpRequest } from 'node:http';
import { randomBytes } from 'node:crypto';

const HOP_BY_HOP = ['connection', 'proxy-connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade',
  'proxy-authorization', 'proxy-authenticate'];

/** Tells the proxy's own answers from those of a server. */
export const MARK = 'x-refused-by-proxy';

function forwarded(raw) {
  const out = [];
  const named = new Set(HOP_BY_HOP);
  for (let i = 0; i < raw.length; i += 2)
    if (raw[i].toLowerCase() === 'connection')
      raw[i + 1].toLowerCase().split(',').forEach((name) => named.add(name.trim()));
  for (let i = 0; i < raw.length; i += 2)
    if (!named.has(raw[i].toLowerCase()))
      out.push(raw[i], raw[i + 1]);
  return out;
}

/** "host:port" of a CONNECT line. */
function authority(text) {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  return match && port > 0 && port < 65536 ? { host: match[1], port } : null;
}

export class Proxy {
  static async start(policy) {
    const proxy = new Proxy(policy);
    await new Promise((resolve, reject) => {
      proxy.server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  constructor(policy) {
    this.policy = policy;
    this.mark = randomBytes(16).toString('hex');
    this.server = createServer();
    this.server.on('request', (req, res) => this.#forward(req, res).catch(() => this.#refuse(res)));
    this.server.on('connect', (req, socket, head) => this.#tunnel(req, socket, head));
    this.server.on('clientError', (_, socket) => socket.destroy());
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  #refuse(res) {
    if (res.headersSent)
      res.destroy();
    else
      res.writeHead(502, { [MARK]: this.mark, 'content-length': 0 }).end();
  }

  async #forward(req, res) {
    const url = new URL(req.url);
    if (url.protocol !== 'http:')
      throw new Error('not http');
    const socket = await this.policy.connect(url.hostname, Number(url.port || 80));
    const out = httpRequest({ createConnection: () => socket, method: req.method, path: `${url.pathname}${url.search}`,
      headers: forwarded(req.rawHeaders), setHost: false });
    out.once('socket', () => socket.resume());
    res.on('close', () => socket.destroy());
    req.on('error', () => out.destroy());
    req.pipe(out);
    const answer = await new Promise((resolve, reject) => {
      out.once('response', resolve).once('error', reject);
    });
    answer.on('error', () => res.destroy());
    answer.on('aborted', () => res.destroy());
    out.on('error', () => res.destroy());
    res.writeHead(answer.statusCode, answer.statusMessage, forwarded(answer.rawHeaders));
    answer.pipe(res);
  }

  async #tunnel(req, client, head) {
    const to = authority(req.url);
    client.on('error', () => client.destroy());
    let socket;
    try {
      socket = to && await this.policy.connect(to.host, to.port);
    } catch {
      socket = null;
    }
    if (!socket || client.destroyed) {
      socket?.destroy();
      client.end('HTTP/1.1 502 Refused\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    socket.on('error', () => client.destroy());
    socket.on('close', () => client.destroy());
    client.on('close', () => socket.destroy());
    client.write('HTTP/1.1 200 Connected\r\n\r\n');
    socket.write(head);
    client.pipe(socket).pipe(client);
  }

  stop() {
    this.policy.cut();
    this.server.close();
    this.server.closeAllConnections();
  }
}
