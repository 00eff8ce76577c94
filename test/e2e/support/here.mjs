// A server of this machine that containers may be allowed to reach (NETWORK_ALLOW): on an address of its
// own, which nobody else has and which goes away with it.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import assert from 'node:assert/strict';

function ip(...args) {
  return spawnSync('ip', args, { encoding: 'utf8', timeout: 10000 });
}

export class Here {
  /** Lets a server of node:net or node:http listen; `allow` is what NETWORK_ALLOW must say for it. */
  static async listen(server) {
    const here = new Here();
    const [a, b] = randomBytes(2);
    here.server = server;
    here.sockets = new Set();
    server.on('connection', (socket) => { here.sockets.add(socket.once('close', () => here.sockets.delete(socket))); });
    here.address = `198.19.${a}.${Math.max(b, 1)}`; // RFC 2544: nobody's
    const added = ip('addr', 'add', `${here.address}/32`, 'dev', 'lo');
    assert.equal(added.status, 0, added.stderr);
    process.on('exit', () => here.#remove());
    process.once('SIGTERM', () => process.exit(1)); // the runner's, when time is over
    await new Promise((resolve, reject) => { server.once('error', reject).listen(0, here.address, resolve); });
    here.port = server.address().port;
    here.allow = `${here.address}:${here.port}`;
    here.url = `http://${here.allow}`;
    return here;
  }

  #remove() {
    ip('addr', 'del', `${this.address}/32`, 'dev', 'lo');
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => { this.server.close(resolve); });
    this.#remove();
  }
}
