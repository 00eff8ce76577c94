// What goes wrong around the server, and what it says of it: a full disk, an image that went away, a
// stop under way, a key that is missing, and an operator who asks for help.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { Agent as HttpAgent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server, eventually } from './support/server.mjs';
import { Agent, textOf } from './support/client.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function withServer(settings, options, work) {
  const server = await Server.start(settings, options);
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

async function ready(server) {
  const reply = await fetch(`${server.url}/ready`);
  return { code: reply.status, ...(await reply.json()) };
}

async function isHealthy(server) {
  const reply = await fetch(`${server.url}/health`);
  await reply.arrayBuffer();
  return reply.status === 200;
}

/** A directory on a disk of its own, of so many MiB. */
async function withDisk(mib, work) {
  const place = mkdtempSync(join(tmpdir(), 'sp-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'sandpod-test', place]);
  try {
    await work(place);
  } finally {
    execFileSync('umount', [place]);
    rmSync(place, { recursive: true });
  }
}

/** Writes until there is no space left, down to the last byte. */
function fill(path) {
  const file = openSync(path, 'a');
  for (let size = 1 << 20; size >= 1;) {
    try {
      writeSync(file, Buffer.alloc(size));
    } catch (error) {
      assert.equal(error.code, 'ENOSPC');
      size >>= 1;
    }
  }
  closeSync(file);
}

test('a full disk is said to agents, probes and the operator, and is over when there is space', () => withDisk(192, (place) =>
  withServer({}, { dataDir: join(place, 'data') }, async (server) => {
    const agent = await Agent.connect(server.url);
    const id = await agent.container();
    const printing = await agent.run(id, 'read go; seq 1 50000', { wait_seconds: 0 });
    const call = ['execute_command', { container_id: id, command: `: ${'x'.repeat(20000)}` }];
    let refused;
    /* The database's log may have room of its own for a while, and so may what Podman frees meanwhile. */
    await eventually('the disk is full', async () => {
      fill(join(place, 'filler'));
      const result = await agent.tool(...call);
      if (result.isError) refused = result;
      return refused;
    }, 60000);
    assert.match(refused.structuredContent.message, /disk is full/, textOf(refused));
    assert.match(refused.structuredContent.message, /operator/);
    assert.equal(refused.structuredContent.retryable, true);
    assert.ok(await isHealthy(server));
    const state = await ready(server);
    assert.deepEqual([state.code, state.checks.database], [503, 'unavailable']);
    const warnings = server.log.split('\n').filter((line) => /disk of DATA_DIR is full/.test(line));
    assert.equal(warnings.length, 1, server.log);
    assert.equal((await agent.call('check_container', { container_id: id })).status, 'running');

    /* What was running prints on; what has no place is counted, and the command is not held up. */
    await agent.tool('send_input', { command_id: printing.command_id, text: 'go\n' });
    await eventually('it has printed', async () =>
      (await agent.call('check_command', { command_id: printing.command_id })).stdout.includes('50000\n'));

    rmSync(join(place, 'filler'));
    await eventually('the same call works', async () => !(await agent.tool(...call)).isError);
    await eventually('it is ready', async () => (await ready(server)).checks.database === 'ok');
    const end = await agent.finish(printing.command_id);
    assert.deepEqual([end.state, end.exit_code], ['exited', 0]);
    assert.ok(end.stdout.endsWith('49999\n50000\n'));
    await agent.call('destroy_container', { container_id: id });
    await agent.close();
  })));

test('an image removed behind our back is said to agents and probes; what runs goes on', () => withServer({}, {}, async (server) => {
  const podman = (...args) => execFileSync('timeout', ['60', 'podman', '--url', `unix://${join(server.dataDir, 'run/podman.sock')}`, ...args],
    { encoding: 'utf8' });
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  assert.equal((await ready(server)).code, 200);
  /* An image in use is kept by force only, but its name goes. */
  for (const name of podman('images', '--format', '{{.Repository}}:{{.Tag}}').trim().split('\n')) podman('untag', name);
  const error = await agent.refused('unavailable', 'create_container');
  assert.match(error.message, /image .* is not on this server/);
  assert.match(error.message, /operator/);
  assert.equal(error.retryable, false);
  const state = await ready(server);
  assert.deepEqual([state.code, state.checks.image], [503, 'unavailable']);
  assert.ok(await isHealthy(server));
  assert.equal((await agent.run(id, 'echo still here')).stdout, 'still here\n');
  await agent.close();
}));

/** A request over the one connection that this agent keeps. */
function ask(url, httpAgent, { body, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const req = request(url, { agent: httpAgent, ...options }, (reply) => {
      let text = '';
      reply.on('data', (piece) => { text += piece; });
      reply.on('end', () => resolve({ status: reply.statusCode, headers: reply.headers, text, again: req.reusedSocket }));
    });
    req.on('error', reject);
    req.end(body);
  });
}

test('SIGTERM refuses new calls, by 503 where a connection is open, while an answer in flight finishes', () => withServer({}, {}, async (server) => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const kept = new HttpAgent({ keepAlive: true, maxSockets: 1 });
  assert.equal((await ask(`${server.url}/health`, kept)).status, 200);
  const answer = agent.run(id, 'sleep 3; echo finished', { wait_seconds: 20 });
  answer.catch(() => {}); /* told below, when it is awaited */
  await eventually('it runs', async () => (await agent.call('list_commands', { container_id: id })).commands.length === 1);
  server.child.kill('SIGTERM');
  await eventually('it is stopping', () => /stopping/.test(server.log));
  const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'create_container', arguments: {} } };
  const reply = await ask(`${server.url}/mcp`, kept, {
    method: 'POST', body: JSON.stringify(call),
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', 'Mcp-Session-Id': agent.sessionId },
  });
  assert.ok(reply.again, 'the connection was used again');
  assert.deepEqual([reply.status, reply.headers.connection], [503, 'close']);
  assert.match(reply.text, /shutting down|stopping/);
  await assert.rejects(ask(`${server.url}/health`, new HttpAgent()), { code: 'ECONNREFUSED' });
  assert.equal((await answer).stdout, 'finished\n');
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  kept.destroy();
}));

test('--help prints every setting with what it may be and its default', () => {
  const { status, stdout } = spawnSync(process.env.SANDPOD, ['--help'], { encoding: 'utf8' });
  assert.equal(status, 0);
  const source = readFileSync(join(root, 'src/config/settings.c'), 'utf8');
  const names = [...source.matchAll(/^\t[A-Z]+\("([A-Z][A-Z_]+)",/gm)].map((match) => match[1]);
  assert.ok(names.length > 20, `${names.length} settings found`);
  for (const name of names) assert.match(stdout, new RegExp(`^ +${name} +\\S.*\\n +\\S.*; default: \\S`, 'm'), name);
});

test('the first look fails loudly when the key is missing, and works with it', () => withServer({ AUTH: 'key' }, {}, (server) => {
  const show = (...key) => spawnSync(join(root, 'packaging/show.sh'), [server.url, ...key], { encoding: 'utf8', timeout: 60000, env: { PATH: process.env.PATH } });
  const without = show();
  assert.notEqual(without.status, 0, without.stdout);
  assert.match(without.stderr, /key/i);
  assert.doesNotMatch(without.stdout, /create_container/);
  assert.notEqual(show('sp_wrong').status, 0);
  const withKey = show(server.key);
  assert.equal(withKey.status, 0, withKey.stderr);
  assert.match(withKey.stdout, /hello from a container/);
}));
