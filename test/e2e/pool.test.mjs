// Containers made ahead of need: given away at once, through kills and restarts, and none left behind.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { Server, eventually } from './support/server.mjs';
import { Agent } from './support/client.mjs';

async function withServer(settings, work) {
  const server = await Server.start({ POOL_SIZE: '3', ...settings });
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

async function pool(server) {
  return (await (await fetch(`${server.url}/ready`)).json()).pool;
}

function full(server) {
  return eventually('the pool is full', async () => {
    const { warm, target } = await pool(server);
    return target > 0 && warm === target;
  });
}

/** All containers of the server's private Podman: their Podman ids and our ids. */
function inPodman(server) {
  return new Promise((resolve, reject) => {
    request({ socketPath: `${server.dataDir}/run/podman.sock`, path: '/v4.0.0/libpod/containers/json?all=true' }, (reply) => {
      let text = '';
      reply.on('data', (part) => { text += part; });
      reply.on('end', () => resolve(JSON.parse(text).map(({ Labels }) => Labels['sandpod.container'])));
    }).on('error', reject).end();
  });
}

test('a container comes out of the pool, works like any other, and is replaced', () => withServer({}, async (server) => {
  await full(server);
  const spare = await inPodman(server);
  const agent = await Agent.connect(server.url);
  const made = await agent.call('create_container', { name: 'mine', env: { GREETING: 'hello' } });
  assert.ok(spare.includes(made.container_id), 'it was there before it was asked for');
  assert.equal(made.status, 'running');
  const { stdout } = await agent.run(made.container_id, 'echo "$GREETING from $(pwd)"');
  assert.equal(stdout, 'hello from /workspace\n');
  await full(server);
  assert.equal((await inPodman(server)).length, 4);
  const { containers } = await agent.call('list_containers');
  assert.deepEqual(containers.map((row) => row.container_id), [made.container_id]);
  await agent.close();
}));

test('other limits are in force in a container out of the pool', () => withServer({}, async (server) => {
  await full(server);
  const spare = await inPodman(server);
  const agent = await Agent.connect(server.url);
  const made = await agent.call('create_container', { memory_mb: 64, pids: 20, cpus: 0.25 });
  assert.ok(spare.includes(made.container_id));
  assert.deepEqual(made.limits, { memory_mb: 64, cpus: 0.25, pids: 20 });
  assert.equal(made.isolation.memory, 'enforced');
  const eater = await agent.run(made.container_id, 'x=$(head -c 100000000 /dev/zero | tr "\\0" x); echo ${#x}', { wait_seconds: 40 });
  assert.ok(eater.state === 'oom_killed' || eater.exit_code !== 0, `100 MB fit into 64 MiB: ${JSON.stringify(eater)}`);
  await agent.close();
}));

test('a limit that only a new container can have is made anew', () => withServer({ SANDBOX_NETWORK: 'auto' }, async (server) => {
  await full(server);
  const spare = await inPodman(server);
  const agent = await Agent.connect(server.url);
  const offered = (await agent.client.listTools()).tools.find((t) => t.name === 'create_container').inputSchema.properties.network;
  const other = await agent.container({ network: 'none' });
  assert.equal(spare.includes(other), offered.default === 'none');
  assert.ok(spare.includes(await agent.container()));
  await agent.close();
}));

test('spare containers and those given away outlive a kill of the server', () => withServer({}, async (server) => {
  await full(server);
  let agent = await Agent.connect(server.url);
  const { sessionId } = agent;
  const id = await agent.container();
  await agent.run(id, 'echo kept > file');
  await full(server);
  const before = await inPodman(server);
  await server.crashAndRestart();
  await full(server);
  assert.deepEqual((await inPodman(server)).sort(), before.sort());
  agent = await Agent.connect(server.url, { sessionId });
  assert.equal((await agent.run(id, 'cat file')).stdout, 'kept\n');
  const next = await agent.container();
  assert.ok(before.includes(next), 'a spare one of before the kill is as good as a new one');
}));

test('kills in the middle of filling up leave nothing behind', () => withServer({ POOL_SIZE: '6' }, async (server) => {
  for (let i = 0; i < 4; i++) {
    await eventually('some are ready', async () => (await pool(server)).warm > i);
    await server.crashAndRestart();
  }
  await full(server);
  await eventually('Podman has the pool and nothing else', async () => (await inPodman(server)).length === 6);
}));

test('a kill of Podman in the middle of filling up costs the pool nothing but time', () => withServer({ POOL_SIZE: '4' }, async (server) => {
  await eventually('one is ready', async () => (await pool(server)).warm > 0);
  process.kill(server.podmanPid(), 'SIGKILL');
  await full(server);
  const agent = await Agent.connect(server.url);
  assert.equal((await agent.run(await agent.container(), 'echo on')).stdout, 'on\n');
  await agent.close();
}));

test('more wishes than ready containers are all served, each caller in turn', () => withServer({ POOL_SIZE: '1' }, async (server) => {
  await full(server);
  const [greedy, modest] = [await Agent.connect(server.url), await Agent.connect(server.url)];
  const order = [];
  const wish = async (agent, name) => { await agent.container({ name }); order.push(name); };
  const many = Array.from({ length: 12 }, () => wish(greedy, 'greedy'));
  await eventually('the first of them is served', () => order.length > 0);
  await wish(modest, 'modest');
  assert.ok(order.length < 12, `the modest one came after ${order.length} of the greedy one's twelve`);
  await Promise.all(many);
  assert.equal(order.length, 13);
  await greedy.close();
  await modest.close();
}));

test('a changed setting throws the spare containers of another shape away', () => withServer({}, async (server) => {
  await full(server);
  const before = await inPodman(server);
  await server.crashAndRestart({ SANDBOX_PIDS: '60' });
  await eventually('the old ones are gone', async () => !(await inPodman(server)).some((id) => before.includes(id)));
  await full(server);
  const agent = await Agent.connect(server.url);
  const made = await agent.call('create_container');
  assert.equal(made.limits.pids, 60);
  assert.ok(!before.includes(made.container_id));
  await agent.close();
}));
