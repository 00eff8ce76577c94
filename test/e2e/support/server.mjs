// The real server as a child: started on a free port with a data directory of its own, ready when it
// says so, and gone with all its containers when the test is over, whatever happened.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';

const program = process.env.SANDPOD;

/** Settings that tests share: the built-in image, since no registry can be relied on, and no container
 *  that the test did not ask for. */
const base = { PORT: '0', SANDBOX_IMAGE: 'builtin', LOG_LEVEL: 'info', SANDBOX_NETWORK: 'none', POOL_SIZE: '0' };

export class Server {
  /** A server with its own data directory (or the one given, to start again on it). */
  static async start(settings = {}, { dataDir, keepDir = false, destroyOnExit = true } = {}) {
    const server = new Server();
    server.dataDir = dataDir ?? mkdtempSync(join(tmpdir(), 'sp-'));
    server.keepDir = keepDir;
    server.settings = settings;
    server.args = destroyOnExit ? ['serve', '--destroy-on-exit'] : ['serve'];
    await server.#spawn();
    return server;
  }

  async #spawn() {
    this.log = '';
    this.lines = [];
    this.child = spawn(program, this.args, {
      env: { ...process.env, ...base, DATA_DIR: this.dataDir, ...this.settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = once(this.child, 'exit').then(([code, signal]) => ({ code, signal }));
    this.child.stderr.on('data', (d) => { this.log += d; });
    const lines = createInterface({ input: this.child.stdout });
    this.url = await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        this.lines.push(line);
        const ready = /^listening on (http:\/\/\S+)$/.exec(line);
        if (ready) resolve(ready[1]);
      });
      this.exited.then(({ code }) =>
        reject(new Error(`the server ended with ${code} before it was ready:\n${this.log}`)));
    });
    this.key = this.lines.map((l) => /^api key .*: (sp_\S+)$/.exec(l)?.[1]).find(Boolean) ?? this.key;
  }

  /** kill -9, and a new one on the same data. */
  async crashAndRestart(settings = {}) {
    this.child.kill('SIGKILL');
    await this.exited;
    const port = new URL(this.url).port;
    this.settings = { ...this.settings, ...settings, PORT: port };
    await this.#spawn();
  }

  /** The pid of the private Podman service. */
  podmanPid() {
    for (const pid of childrenOf(this.child.pid)) {
      const words = commandLine(pid);
      if (words.some((w) => w.endsWith('podman')) && words.includes('service')) return pid;
    }
    throw new Error('no Podman service under the server');
  }

  /** SIGTERM; resolves with the exit status. */
  async stop() {
    /* A second signal would end it at once, with its containers left behind. */
    if (!this.child.killed) this.child.kill('SIGTERM');
    const end = await this.exited;
    if (!this.keepDir) await removeDir(this.dataDir);
    return end;
  }
}

/** Processes whose command line names this directory. */
export function holders(dir) {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) &&
    commandLine(entry).some((word) => word.includes(dir)));
}

/** Mounts at or below this directory. */
export function mountsUnder(dir) {
  return readFileSync('/proc/self/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1])
    .filter((place) => place?.startsWith(`${dir}/`));
}

/** Removes a data directory once the last of Podman's own clean-up processes has left it. */
export async function removeDir(dir) {
  await eventually(`nobody uses ${dir}`, () => holders(dir).length === 0);
  await eventually(`nothing is mounted under ${dir}`, () => {
    const places = mountsUnder(dir).reverse();
    for (const place of places) spawnSync('umount', [place]);
    return places.length === 0;
  });
  rmSync(dir, { recursive: true, force: true });
}

export function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

export function childrenOf(pid) {
  const found = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      if (parent === pid) found.push(Number(entry));
    } catch { /* it ended meanwhile */ }
  }
  return found;
}

/** Calls probe until it gives something true; fails after limitMs. Waits for an event we cannot see. */
export async function eventually(what, probe, limitMs = 30000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
