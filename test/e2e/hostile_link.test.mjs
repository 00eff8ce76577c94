// A tenant who means harm to the way between its container's process 1 and a server on the same
// machine: a directory with a bell, and a socket in it while process 1 is waited for.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Server, eventually } from './support/server.mjs';
import { Agent } from './support/client.mjs';
import { buildHostile, installHostile } from './support/hostile.mjs';

let server, agent, program;

before(async () => {
  program = buildHostile();
  server = await Server.start({ LOG_LEVEL: 'debug' });
  agent = await Agent.connect(server.url);
});
after(async () => { await agent?.close(); await server?.stop(); });

/** A container with the program in it, gone afterwards. */
async function inHostile(body) {
  const id = await agent.container();
  try {
    await installHostile(agent, id, program);
    await body(id, await inPodman(id));
  } finally {
    await agent.tool('destroy_container', { container_id: id });
  }
}

/** What Podman knows of a container: the number of its process 1, and our label. */
function inPodman(id) {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: join(server.dataDir, 'run/podman.sock'), path: '/v4.0.0/libpod/containers/json?all=true' }, (reply) => {
      let text = '';
      reply.on('data', (d) => { text += d; });
      reply.on('end', () => {
        const found = JSON.parse(text).find((c) => c.Labels['sandpod.container'] === id);
        const name = createHash('sha256').update(`${found.Labels['sandpod.instance']}link ${id}`).digest('hex');
        resolve({ pid: found.Pid, name });
      });
    });
    call.on('error', reject);
    call.end();
  });
}

const links = (id) => server.log.split(`${id}: linked`).length - 1;
const refusals = (id) => server.log.split(/is not process 1: refused/).length - 1;

/** A new server on the same data, while process 1 is kept from being the first at the socket. */
async function restartWithoutProcess1(pid) {
  process.kill(pid, 'SIGSTOP');
  try {
    await server.crashAndRestart();
  } catch (error) {
    process.kill(pid, 'SIGCONT');
    throw error;
  }
}

test('while process 1 is linked there is no socket, and nobody inside can find out its name', () => inHostile(async (id, { name }) => {
  assert.deepEqual(readdirSync(join(server.dataDir, 'link', id)), ['bell']);
  assert.equal((await agent.run(id, '/tmp/hostile spy')).stdout,
    'watch Permission denied, list Permission denied, bell Permission denied, environment Permission denied\n');
  const seen = await agent.run(id, 'env; cat /proc/net/unix; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; cat /proc/self/mountinfo');
  assert.doesNotMatch(seen.stdout, new RegExp(`SANDPOD_LINK|${name}`));
  assert.match(seen.stdout, /\/proc\/self\/fd\/\d+\/new/, 'the connection of process 1 is seen, under another name');
  assert.equal((await agent.run(id, `/tmp/hostile pose ${name} 0.3`)).stdout, 'sent away 0, taken in 0\n');
  const changed = await agent.run(id, 'cd /.sandpod/link; touch x || mkfifo x || rm bell || mv bell b || mv /.sandpod/link /l || ln -s /etc x || mount -t tmpfs none . || echo nothing');
  assert.match(changed.stdout, /^nothing\n$/);
}));

test('who comes in place of process 1 is sent away, even with the right name and in a namespace of its own', () => inHostile(async (id, { pid, name }) => {
  const plain = await agent.run(id, `/tmp/hostile pose ${name} 60`, { background: true });
  const nested = await agent.run(id, `/tmp/hostile nest ${name} 60`, { background: true });
  await restartWithoutProcess1(pid);
  await eventually('both were refused', () => refusals(id) >= 2);
  assert.equal(links(id), 0);
  process.kill(pid, 'SIGCONT');
  await eventually('process 1 is linked', () => links(id) === 1);
  assert.equal((await agent.finish(plain.command_id)).stdout, 'sent away 1, taken in 0\n');
  assert.match((await agent.finish(nested.command_id)).stdout, /^(as 1: sent away 1, taken in 0|no namespace)\n$/);
}));

test('a storm at the socket costs nobody else anything, and process 1 is linked when it is over or before', () => inHostile(async (id, { pid, name }) => {
  const other = await agent.container();
  const storm = await agent.run(id, `/tmp/hostile storm ${name} 12 60`, { background: true });
  await restartWithoutProcess1(pid);
  await eventually('the storm is there', () => server.log.includes(`${id}: link over: others than process 1`));
  await eventually('the neighbour is linked', () => links(other) === 1);
  const begun = Date.now();
  assert.equal((await agent.run(other, 'echo fine')).stdout, 'fine\n');
  assert.ok(Date.now() - begun < 1000, `a neighbour waited ${Date.now() - begun} ms`);
  process.kill(pid, 'SIGCONT');
  await eventually('process 1 is linked', () => links(id) === 1);
  await agent.call('kill_command', { command_id: storm.command_id });
  assert.equal((await agent.run(id, 'echo works', { wait_seconds: 20 })).stdout, 'works\n');
  assert.ok(refusals(id) < 3000, `${refusals(id)} visitors were looked at`);
}));
