// Hosts that only the test has: a network namespace behind a veth pair, which holds addresses of other
// networks (private ones, a cloud's metadata service, a public one) and counts who connects to them.
// This machine gets a route to each.  Everything is gone after stop(), also when a test fails.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import assert from 'node:assert/strict';
import { eventually } from './server.mjs';

/** The far end: greets, and says for each connection which address was called by whom. */
const program = `
const net = require('node:net');
const server = net.createServer((socket) => {
  console.log(socket.localAddress + ' ' + socket.remoteAddress);
  socket.on('error', () => {});
  socket.end('hi\\n');
});
server.listen(0, '0.0.0.0', () => console.log('port ' + server.address().port));
process.stdin.on('end', () => process.exit()).resume();
`;

function ip(...args) {
  const done = spawnSync('ip', args, { encoding: 'utf8', timeout: 10000 });
  assert.equal(done.status, 0, `ip ${args.join(' ')}: ${done.stderr}`);
}

export class Canaries {
  static async start(addresses) {
    const canaries = new Canaries();
    const tag = randomBytes(4).toString('hex');
    canaries.namespace = `sp-canary-${tag}`;
    canaries.link = `spc${tag}`;
    canaries.calls = [];
    process.on('exit', () => canaries.#remove());
    process.once('SIGTERM', () => process.exit(1)); // the runner's, when time is over
    try {
      canaries.#makeNamespace();
      for (const address of addresses) await canaries.#addAddress(address);
      await canaries.#listen();
    } catch (err) {
      await canaries.stop();
      throw err;
    }
    return canaries;
  }

  /** The two ends of the link are from TEST-NET-3, which nobody has. */
  #makeNamespace() {
    const low = (randomBytes(1)[0] & 0x3f) * 4;
    this.near = `203.0.113.${low + 1}`;
    this.far = `203.0.113.${low + 2}`;
    ip('netns', 'add', this.namespace);
    ip('link', 'add', this.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.namespace);
    ip('addr', 'add', `${this.near}/30`, 'dev', this.link);
    ip('link', 'set', this.link, 'up');
    ip('-n', this.namespace, 'addr', 'add', `${this.far}/30`, 'dev', 'eth0');
    for (const name of ['lo', 'eth0']) ip('-n', this.namespace, 'link', 'set', name, 'up');
    ip('-n', this.namespace, 'route', 'add', 'default', 'via', this.near);
  }

  /** The route may be in use by another run of this test for a while. */
  async #addAddress(address) {
    ip('-n', this.namespace, 'addr', 'add', `${address}/32`, 'dev', 'lo');
    await eventually(`a route to ${address}`, () =>
      spawnSync('ip', ['route', 'add', `${address}/32`, 'via', this.far, 'dev', this.link]).status === 0, 60000);
  }

  async #listen() {
    this.child = spawn('nsenter', [`--net=/run/netns/${this.namespace}`, process.execPath, '-e', program],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: this.child.stdout });
    this.port = await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const [first, second] = line.split(' ');
        if (first === 'port') resolve(Number(second));
        else this.calls.push({ to: first, from: second });
      });
      this.child.once('exit', () => reject(new Error('the canaries ended')));
    });
  }

  /** What the far end hears there, calling from one of its addresses through this machine. */
  hears(host, port, localAddress) {
    const call = `require('node:net').connect(${JSON.stringify({ host, port, localAddress, timeout: 2000 })})
      .on('timeout', () => process.exit(2)).on('error', () => process.exit(1)).pipe(process.stdout)`;
    return spawnSync('nsenter', [`--net=/run/netns/${this.namespace}`, process.execPath, '-e', call],
      { encoding: 'utf8', timeout: 10000 });
  }

  /** Who called this address so far. */
  callers(address) {
    return this.calls.filter((call) => call.to === address).map((call) => call.from);
  }

  #remove() {
    spawnSync('ip', ['link', 'del', this.link]); // and the routes with it
    spawnSync('ip', ['netns', 'del', this.namespace]);
  }

  async stop() {
    this.child?.stdin.end();
    if (this.child && this.child.exitCode === null) await new Promise((resolve) => { this.child.once('exit', resolve); });
    this.#remove();
  }
}
