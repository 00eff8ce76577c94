// A Podman that is not the server's own: a service started by the test on a socket or a port, with
// storage and configuration of its own, and gone with everything in it when the test is over.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { eventually, removeDir } from './server.mjs';

function works(program, ...args) {
  return spawnSync(program, args, { timeout: 10000 }).status === 0;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

export class Engine {
  /** kind: "unix" or "tcp". */
  static async start(kind) {
    const engine = new Engine();
    engine.dir = mkdtempSync(join(tmpdir(), 'sp-engine-'));
    engine.address = kind === 'tcp' ? `tcp://127.0.0.1:${await freePort()}` : `unix://${engine.dir}/podman.sock`;
    engine.setting = engine.address.replace('unix://', '');
    engine.#configure();
    await engine.up();
    return engine;
  }

  #configure() {
    const file = (name, ...lines) => writeFileSync(join(this.dir, name), `${lines.join('\n')}\n`);
    for (const name of ['storage', 'tmp', '.config/containers']) mkdirSync(join(this.dir, name), { recursive: true });
    /* As systemd has it: seen alike by the service and by what cleans up after a container. */
    for (const change of ['--bind', '--make-rshared'])
      assert.ok(works('mount', change, ...(change === '--bind' ? [`${this.dir}/storage`] : []), `${this.dir}/storage`));
    file('containers.conf', '[engine]', `runtime = "${works('runc', '--version') ? 'runc' : 'crun'}"`,
      'cgroup_manager = "cgroupfs"', 'events_logger = "file"', 'lock_type = "file"', 'exit_command_delay = 2',
      '[containers]', 'default_sysctls = []', 'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
      '[network]', 'network_backend = "netavark"', `network_config_dir = "${this.dir}/networks"`);
    file('storage.conf', '[storage]', 'driver = "overlay"', `graphroot = "${this.dir}/storage"`, `runroot = "${this.dir}/run"`);
    file('registries.conf', 'unqualified-search-registries = ["docker.io"]');
    file('.config/containers/policy.json', '{"default":[{"type":"insecureAcceptAnything"}]}');
    this.env = {
      PATH: process.env.PATH, HOME: this.dir, TMPDIR: join(this.dir, 'tmp'),
      CONTAINERS_CONF: join(this.dir, 'containers.conf'),
      CONTAINERS_STORAGE_CONF: join(this.dir, 'storage.conf'),
      CONTAINERS_REGISTRIES_CONF: join(this.dir, 'registries.conf'),
    };
    this.places = ['--root', `${this.dir}/storage`, '--runroot', `${this.dir}/run`, '--tmpdir', `${this.dir}/libpod`,
      '--storage-driver', 'overlay'];
  }

  /** Starts the service (again). */
  async up() {
    this.child = spawn('podman', [...this.places, 'system', 'service', '--time=0', this.address],
      { env: this.env, cwd: this.dir, stdio: 'ignore' });
    this.exited = once(this.child, 'exit');
    await eventually('the service answers', () => works('podman', '--url', this.address, 'version'));
  }

  async down() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Podman's command line on the same storage. */
  podman(...args) {
    const done = spawnSync('podman', [...this.places, ...args],
      { env: this.env, cwd: this.dir, encoding: 'utf8', timeout: 120000 });
    assert.equal(done.status, 0, `podman ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  async stop() {
    await this.down();
    this.podman('rm', '-f', '-a', '-t', '0');
    await removeDir(this.dir);
  }
}
