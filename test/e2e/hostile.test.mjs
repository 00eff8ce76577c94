// A tenant who means harm, with a program of its own: what it can do to its own container is its
// affair, what it can do to the server, to Podman and to others is tested here.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import { Server, eventually } from './support/server.mjs';
import { Agent } from './support/client.mjs';
import { buildHostile, installHostile } from './support/hostile.mjs';

let server, agent, other, program;

before(async () => {
  program = buildHostile();
  server = await Server.start({ LOG_LEVEL: 'debug', SANDBOX_LINK: 'exec' });
  agent = await Agent.connect(server.url);
  other = await agent.container();
});
after(async () => { await agent?.close(); await server?.stop(); });

/** A container with the program in it, gone afterwards. */
async function inHostile(body) {
  const id = await agent.container();
  try {
    await installHostile(agent, id, program);
    await body(id);
  } finally {
    await agent.tool('destroy_container', { container_id: id });
    await eventually(`${id} is removed`, () => server.log.includes(`${id}: destroying -> gone`));
  }
}

/** The server and the neighbours are as quick as ever. */
async function othersAreFine() {
  const begun = Date.now();
  assert.equal((await agent.run(other, 'echo fine')).stdout, 'fine\n');
  assert.ok(Date.now() - begun < 1000, `a neighbour waited ${Date.now() - begun} ms`);
}

const works = async (id) => assert.equal((await agent.run(id, 'echo works', { wait_seconds: 20 })).stdout, 'works\n');

/** How often the container was linked. */
const links = (id) => server.log.split(`${id}: linked`).length - 1;

test('nobody inside passes for the link, not even a process that is just being reaped', () => inHostile(async (id) => {
  assert.equal((await agent.run(id, '/tmp/hostile forge 3', { wait_seconds: 20 })).stdout, 'tries 1 wins 0\n');
  assert.equal(links(id), 1);
}));

test('process 1 obeys no signal whose sender is made up', () => inHostile(async (id) => {
  const long = await agent.run(id, 'sleep 100', { background: true });
  assert.equal((await agent.run(id, '/tmp/hostile queue 15')).stdout, 'queued 0\n');
  assert.equal((await agent.run(id, '/tmp/hostile sigio 15')).stdout, 'owned 0\n');
  assert.equal((await agent.run(id, '/tmp/hostile queue 10')).stdout, 'queued 0\n');
  assert.equal((await agent.run(id, '/tmp/hostile sigio 10')).stdout, 'owned 0\n');
  await works(id);
  assert.equal((await agent.call('check_command', { command_id: long.command_id })).state, 'running');
}));

test('a link process that is killed is replaced, and one that is stopped is not missed', () => inHostile(async (id) => {
  assert.equal((await agent.run(id, '/tmp/hostile strangers 19')).stdout, 'signalled 1\n');
  await works(id);
  const killer = await agent.run(id, '/tmp/hostile strangers 9; echo on', { background: true });
  assert.match((await agent.finish(killer.command_id)).stdout, /on\n$/);
  await works(id);
  assert.equal(links(id), 2);
  await othersAreFine();
}));

test('a flood at the door of process 1 keeps no link out', () => inHostile(async (id) => {
  await agent.run(id, '/tmp/hostile flood 8 40', { background: true });
  await agent.run(id, '/tmp/hostile strangers 9', { background: true });
  await eventually('a new link', () => links(id) === 2);
  await works(id);
  await othersAreFine();
}));

/** Podman's own list, which waits for every container's lock. */
function podmanList() {
  return new Promise((resolve, reject) => {
    const path = '/v4.0.0/libpod/containers/json?all=true&sync=true';
    const call = request({ socketPath: join(server.dataDir, 'run/podman.sock'), path, timeout: 15000 }, (reply) => {
      reply.resume();
      reply.on('end', () => resolve(reply.statusCode));
    });
    call.on('timeout', () => call.destroy(new Error('Podman does not list its containers')));
    call.on('error', reject);
    call.end();
  });
}

test('a runtime that is stopped on its way into a container does not freeze Podman', () => inHostile(async (id) => {
  const service = server.podmanPid();
  await agent.run(id, '/tmp/hostile strangers 9; exec /tmp/hostile hunt 60 19', { background: true });
  await eventually('the link is gone', () => server.log.includes(`${id}: link over`));
  await othersAreFine();
  await eventually('the runtime is ended', () => server.log.includes(`${id}: ended a runtime`));
  assert.equal(await podmanList(), 200);
  const made = await agent.container();
  await agent.call('destroy_container', { container_id: made });
  assert.equal(server.podmanPid(), service, 'the service was not restarted');
}));

test('files of /etc and the agent cannot be replaced, and a new link needs none of what can', () => inHostile(async (id) => {
  await agent.run(id, 'rm -f /etc/passwd; mv /etc /was; mkfifo /etc/passwd; mv /.sandpod /was; rm -rf /.sandpod; ' +
    'for f in hosts resolv.conf hostname; do rm -f /etc/$f; mkfifo /etc/$f; done; rm -f /bin/sh; ' +
    'exec /tmp/hostile strangers 9', { background: true });
  await eventually('a new link', () => links(id) === 2);
  assert.equal((await agent.tool('execute_command', { container_id: id, command: 'true' })).structuredContent.code, 'conflict');
  assert.equal(await podmanList(), 200);
  await othersAreFine();
}));

test('swapping directories and links under a download shows no file but the container\'s own', () => inHostile(async (id) => {
  await agent.run(id, 'mkdir -p /tmp/r/a; echo good > /tmp/r/a/x; echo good > /tmp/r/a/environ; ln -s /proc/1 /tmp/r/b; ' +
    'echo good > /tmp/r/y; ln -s /proc/1/environ /tmp/r/z');
  const swaps = await agent.run(id, '/tmp/hostile swap /tmp/r/a /tmp/r/b 4 & /tmp/hostile swap /tmp/r/y /tmp/r/z 4; wait', { background: true });
  let good = 0, refused = 0;
  for (const end = Date.now() + 3500; Date.now() < end;) {
    for (const path of ['/tmp/r/a/x', '/tmp/r/a/environ', '/tmp/r/y']) {
      const shared = await agent.tool('get_file_url', { container_id: id, file_path: path });
      const reply = shared.isError ? undefined : await fetch(shared.structuredContent.url);
      const text = await reply?.text();
      if (reply?.status === 200) {
        assert.equal(text, 'good\n');
        good++;
      } else {
        refused++;
      }
    }
  }
  assert.ok(good > 10 && refused > 10, `${good} good, ${refused} refused: the swaps were not seen`);
  assert.equal((await agent.finish(swaps.command_id)).exit_code, 0);
}));

test('a fork bomb fills its own container, and nobody else notices', () => inHostile(async (id) => {
  const bomb = await agent.run(id, '/tmp/hostile bomb', { background: true });
  await eventually('all processes are in use', async () =>
    (await agent.call('check_container', { container_id: id })).usage?.pids >= 100);
  await othersAreFine();
  await agent.container().then((made) => agent.call('destroy_container', { container_id: made }));
  assert.equal((await agent.call('kill_command', { command_id: bomb.command_id })).state, 'killed');
  await works(id);
}));

test('a session is worth nothing with another key, or with a key where it had none', async () => {
  const own = await Server.start({ AUTH: 'none' });
  try {
    const open = await Agent.connect(own.url);
    const id = await open.container();
    const ping = (key) => fetch(`${own.url}/mcp`, { method: 'POST', body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
        'Mcp-Session-Id': open.sessionId, 'MCP-Protocol-Version': '2025-11-25', ...(key && { Authorization: `Bearer ${key}` }) } });
    assert.equal((await ping()).status, 200);
    await own.crashAndRestart({ AUTH: 'key' });
    assert.equal((await ping()).status, 401);
    assert.equal((await ping('sp_' + 'a'.repeat(52))).status, 401);
    assert.equal((await ping(own.key)).status, 404, 'the key is right, the session is somebody else\'s');
    const keyed = await Agent.connect(own.url, { key: own.key });
    await keyed.refused('not_found', 'check_container', { container_id: id });
    await keyed.close();
  } finally {
    await own.stop();
  }
});

test('only system calls of the machine\'s own kind reach the kernel', () => inHostile(async (id) => {
  /* SIGSYS */
  assert.equal((await agent.run(id, '/tmp/hostile older')).stdout, 'i386 31 x32 31\n');
  assert.match((await agent.run(id, 'sh -c "kill -SYS \\$\\$"')).hint, /32-bit programs do/);
}));
