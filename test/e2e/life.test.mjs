// Nothing is lost when something dies, and nothing outlives its time.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Server, eventually, removeDir, holders, mountsUnder } from './support/server.mjs';
import { Agent } from './support/client.mjs';

/** Podman's command line on the private storage of a server. */
function podman(server, ...args) {
  const dir = server.dataDir;
  return execFileSync('timeout', ['60', 'podman', '--url', `unix://${join(dir, 'run/podman.sock')}`, ...args],
    { encoding: 'utf8' });
}

function containers(server) {
  return podman(server, 'ps', '-a', '--format', '{{.Names}}').split('\n').filter(Boolean);
}

async function withServer(settings, work) {
  const server = await Server.start(settings);
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

test('a container whose time is over is removed, and its id explains that', () => withServer({}, async (server) => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container({ ttl_seconds: 3 });
  const command = await agent.run(id, 'echo before the end; sleep 100', { wait_seconds: 0 });
  await eventually('it expires', async () => {
    const result = await agent.tool('check_container', { container_id: id });
    return result.isError && result.structuredContent.code === 'gone';
  });
  const error = await agent.refused('gone', 'execute_command', { container_id: id, command: 'true' });
  assert.match(JSON.stringify(error), /(was|were) over/);
  assert.match(JSON.stringify(error), /create_container/);
  const view = await agent.call('check_command', { command_id: command.command_id });
  assert.notEqual(view.state, 'running');
  assert.equal(view.stdout, 'before the end\n');
  await eventually('Podman has nothing left', () => containers(server).length === 0);
  await agent.close();
}));

test('extend_seconds renews a life, never past the maximum', () => withServer({}, async (server) => {
  const agent = await Agent.connect(server.url);
  const made = await agent.call('create_container', { ttl_seconds: 60 });
  const longer = await agent.call('check_container', { container_id: made.container_id, extend_seconds: 600 });
  assert.ok(Date.parse(longer.expires_at) > Date.parse(made.expires_at));
  const most = await agent.call('check_container', { container_id: made.container_id, extend_seconds: 7200 });
  assert.ok(Date.parse(most.expires_at) - Date.parse(made.created_at) <= 7200 * 1000);
  await agent.close();
}));

test('kill -9 of the server loses neither a command nor its output', () => withServer({}, async (server) => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const over = await agent.run(id, 'echo finished before');
  const running = await agent.run(id, 'for i in 1 2 3 4 5 6; do echo tick $i; sleep 1; done; exit 9', { wait_seconds: 1 });
  assert.equal(running.state, 'running');
  const { sessionId } = agent;
  await server.crashAndRestart();
  const again = await Agent.connect(server.url, { sessionId });
  const end = await again.finish(running.command_id);
  assert.equal(end.state, 'exited');
  assert.equal(end.exit_code, 9);
  assert.equal(end.stdout, [1, 2, 3, 4, 5, 6].map((i) => `tick ${i}\n`).join(''));
  assert.equal((await again.call('check_command', { command_id: over.command_id })).stdout, 'finished before\n');
  assert.equal((await again.run(id, 'echo usable')).stdout, 'usable\n');
  await again.close();
}));

test('kill -9 of the server while a command prints without end loses no byte', () => withServer({}, async (server) => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const lines = 200000;
  const running = await agent.run(id, `awk 'BEGIN { for (i = 0; i < ${lines}; i++) printf "%07d\\n", i }'`, { background: true });
  const { sessionId } = agent;
  await server.crashAndRestart();
  const again = await Agent.connect(server.url, { sessionId });
  const end = await again.finish(running.command_id);
  assert.equal(end.exit_code, 0);
  const tail = await again.call('check_command', { command_id: running.command_id, stream: 'stdout', tail_bytes: 16 });
  assert.equal(tail.stdout, `${String(lines - 2).padStart(7, '0')}\n${String(lines - 1).padStart(7, '0')}\n`);
  assert.equal(tail.next_offset, lines * 8);
  await again.close();
}));

test('kill -9 of the Podman service loses neither a command nor its output', () => withServer({}, async (server) => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const running = await agent.run(id, 'for i in 1 2 3 4 5 6; do echo tick $i; sleep 1; done; exit 5', { wait_seconds: 1 });
  process.kill(server.podmanPid(), 'SIGKILL');
  const end = await agent.finish(running.command_id);
  assert.equal(end.exit_code, 5);
  assert.equal(end.stdout, [1, 2, 3, 4, 5, 6].map((i) => `tick ${i}\n`).join(''));
  assert.equal((await agent.run(id, 'echo usable', { wait_seconds: 20 })).stdout, 'usable\n');
  const other = await eventually('a new container can be made', async () => {
    const made = await agent.tool('create_container');
    return !made.isError && made.structuredContent.container_id;
  });
  assert.equal((await agent.run(other, 'echo new')).stdout, 'new\n');
  await agent.close();
}));

test('a container removed behind our back becomes a tombstone', () => withServer({}, async (server) => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const command = await agent.run(id, 'sleep 100', { wait_seconds: 0 });
  podman(server, 'rm', '-f', '-t', '0', `sandpod-${id}`);
  await eventually('it is noticed', async () => {
    const result = await agent.tool('check_container', { container_id: id });
    return result.isError && result.structuredContent.code === 'gone';
  }, 90000);
  assert.equal((await agent.call('check_command', { command_id: command.command_id })).state, 'lost');
  await agent.close();
}));

test('a container of ours that the database does not know is removed', () => withServer({}, async (server) => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const label = podman(server, 'inspect', '--format', '{{index .Config.Labels "sandpod.instance"}}', `sandpod-${id}`).trim();
  const image = podman(server, 'inspect', '--format', '{{.ImageName}}', `sandpod-${id}`).trim();
  podman(server, 'create', '--name', 'stray', '--label', `sandpod.instance=${label}`, '--network', 'none', image, 'true');
  podman(server, 'create', '--name', 'foreign', '--network', 'none', image, 'true');
  await eventually('the stray is gone', () => !containers(server).includes('stray'), 100000);
  assert.ok(containers(server).includes('foreign'), 'another\'s container is left alone');
  podman(server, 'rm', 'foreign');
  await agent.close();
}));

test('SIGTERM leaves containers to the next start, and ends with status 0', async () => {
  const server = await Server.start({}, { keepDir: true, destroyOnExit: false });
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const running = await agent.run(id, 'sleep 3; echo slept', { wait_seconds: 0 });
  const { sessionId } = agent;
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  const next = await Server.start({}, { dataDir: server.dataDir });
  try {
    const again = await Agent.connect(next.url, { sessionId });
    assert.equal((await again.finish(running.command_id)).stdout, 'slept\n');
    assert.equal((await again.run(id, 'echo usable')).stdout, 'usable\n');
    await again.close();
  } finally {
    await next.stop();
  }
});

test('SIGTERM lets an answer in flight finish', () => withServer({}, async (server) => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const answer = agent.run(id, 'sleep 2; echo finished', { wait_seconds: 20 });
  await eventually('it runs', async () => (await agent.call('list_commands', { container_id: id })).commands.length === 1);
  server.child.kill('SIGTERM');
  assert.equal((await answer).stdout, 'finished\n');
  assert.equal((await server.exited).code, 0);
}));

test('nothing is left behind: no container, no conmon, no process, no mount', async () => {
  const server = await Server.start({}, { keepDir: true });
  const agent = await Agent.connect(server.url);
  await Promise.all([1, 2, 3].map(async () => agent.run(await agent.container(), 'sleep 500', { background: true })));
  await agent.close();
  assert.equal((await server.stop()).code, 0);
  await eventually('every process is gone', () => holders(server.dataDir).length === 0);
  assert.deepEqual(mountsUnder(server.dataDir), []);
  await removeDir(server.dataDir);
});

test('doctor prints a table and ends with status 0 where a server can start', async () => {
  const server = await Server.start();
  try {
    const out = spawnSync(process.env.SANDPOD, ['doctor'], { encoding: 'utf8', timeout: 120000,
      env: { ...process.env, DATA_DIR: server.dataDir, SANDBOX_IMAGE: 'builtin' } });
    assert.equal(out.status, 0, out.stdout + out.stderr);
    assert.match(out.stdout, /isolation\s+ok/);
    assert.match(out.stdout, /A server can start here/);
  } finally {
    await server.stop();
  }
});

test('a bad setting stops the start with a sentence that names it', () => {
  const out = spawnSync(process.env.SANDPOD, [], { encoding: 'utf8', env: { ...process.env, PORT: 'many' } });
  assert.equal(out.status, 1);
  assert.match(out.stderr, /PORT/);
  assert.match(out.stderr, /many/);
});
