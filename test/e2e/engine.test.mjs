// PODMAN_SOCKET: a Podman that is somebody else's, on this machine by its socket, or "elsewhere" by TCP,
// where nothing of ours can be mounted and the agent has to be sent; then no Podman is needed here.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Server, eventually } from './support/server.mjs';
import { Agent } from './support/client.mjs';
import { Engine } from './support/engine.mjs';

const image = join(dirname(process.env.SANDPOD), 'builtin.tar');

async function withServer(kind, settings, work) {
  const engine = await Engine.start(kind);
  let server;
  try {
    engine.podman('import', image, 'localhost/x');
    server = await Server.start({ PODMAN_SOCKET: engine.setting, SANDBOX_IMAGE: 'localhost/x', ...settings });
    await work(server, engine);
  } finally {
    await server?.stop();
    await engine.stop();
  }
}

const names = (engine) => engine.podman('ps', '-a', '--format', '{{.Names}}').split('\n').filter(Boolean);

const kinds = [
  { kind: 'unix', network: 'internet', settings: {} },
  { kind: 'tcp', network: 'none', settings: { PATH: '/nowhere' } },
];
for (const { kind, network, settings } of kinds) {
  test(`a container is made, used and destroyed over ${kind}`, () => withServer(kind, { SANDBOX_NETWORK: 'auto', ...settings }, async (server, engine) => {
    const agent = await Agent.connect(server.url);
    const made = await agent.call('create_container');
    const id = made.container_id;
    assert.equal(made.network, network);
    for (const wall of ['memory', 'cpu', 'pids', 'capabilities', 'privileges', 'seccomp', 'userns', 'proc'])
      assert.equal(made.isolation[wall], 'enforced', wall);
    assert.deepEqual(names(engine), [`sandpod-${id}`]);

    const done = await agent.run(id, 'echo out; echo err >&2; id -u; pwd; exit 3');
    assert.deepEqual([done.exit_code, done.stdout, done.stderr], [3, 'out\n0\n/workspace\n', 'err\n']);
    const fed = await agent.run(id, 'sort', { stdin: 'b\na\n' });
    assert.equal(fed.stdout, 'a\nb\n');
    const big = await agent.run(id, 'seq 1 300000 > numbers; sha256sum numbers', { wait_seconds: 20 });
    const { url } = await agent.call('get_file_url', { container_id: id, path: 'numbers' });
    const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
    assert.equal(createHash('sha256').update(bytes).digest('hex'), big.stdout.split(' ')[0]);

    await agent.call('destroy_container', { container_id: id });
    await eventually('Podman has nothing left', () => names(engine).length === 0);
    await agent.close();
  }));
}

test('a command outlives the service that PODMAN_SOCKET names', () => withServer('unix', {}, async (server, engine) => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const running = await agent.run(id, 'for i in 1 2 3 4; do echo tick $i; sleep 1; done; exit 5', { wait_seconds: 1 });
  await engine.down();
  await engine.up();
  const end = await agent.finish(running.command_id);
  assert.deepEqual([end.exit_code, end.stdout], [5, 'tick 1\ntick 2\ntick 3\ntick 4\n']);
  assert.equal((await agent.run(id, 'echo usable', { wait_seconds: 20 })).stdout, 'usable\n');
  await agent.close();
}));

test('the containers of others on that Podman are left alone', () => withServer('unix', {}, async (server, engine) => {
  engine.podman('run', '-d', '--name', 'foreign', '--network', 'none', 'localhost/x', 'sleep', '1000');
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  assert.equal((await agent.run(id, 'echo fine')).stdout, 'fine\n');
  await agent.close();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.deepEqual(names(engine), ['foreign']);
}));
