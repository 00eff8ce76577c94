// The mode "internet": public addresses and nothing else.  What must not be reached is really there and
// counts who reaches it: services of this machine, a neighbour, and hosts with private addresses in a
// network namespace of the test's own.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Server, eventually } from './support/server.mjs';
import { Agent } from './support/client.mjs';
import { Canaries } from './support/canaries.mjs';
import { Here } from './support/here.mjs';

const PUBLIC = '93.184.215.14';
const ALLOWED = '10.1.2.4'; // beside one of the others
const OTHERS = ['169.254.169.254', '10.1.2.3', '100.64.0.1', '172.16.5.4', '192.168.77.7', '198.18.0.1', '192.0.0.9'];

let canaries, local, allowed, server, agent, one, two;

before(async () => {
  canaries = await Canaries.start([PUBLIC, ALLOWED, ...OTHERS]);
  local = await listenHere();
  allowed = await Here.listen(greeter([]));
  server = await Server.start({ SANDBOX_NETWORK: 'auto', HOST: '0.0.0.0', NETWORK_ALLOW: `${allowed.allow},${ALLOWED}` });
  server.url = server.url.replace('0.0.0.0', '127.0.0.1');
  agent = await Agent.connect(server.url, { key: server.key });
  [one, two] = await Promise.all([made(), made()]);
});

after(async () => {
  await agent?.close();
  await server?.stop();
  local?.listener.close();
  await allowed?.stop();
  await canaries?.stop();
});

/** Says who called. */
function greeter(calls) {
  return createServer((socket) => {
    calls.push(socket.remoteAddress);
    socket.on('error', () => {});
    socket.end('hi\n');
  });
}

/** A service of this machine, on every address that it has. */
async function listenHere() {
  const here = { calls: [] };
  here.listener = greeter(here.calls);
  await new Promise((resolve, reject) => {
    here.listener.once('error', reject).listen(0, '::', resolve);
  });
  here.port = here.listener.address().port;
  return here;
}

/** A container and what it knows of its own network. */
async function made() {
  const view = await agent.call('create_container', { network: 'internet' });
  const id = view.container_id;
  const { stdout } = await agent.run(id, 'ip -4 -o addr show eth0; ip -6 -o addr show eth0; ip route', { wait_seconds: 20 });
  const word = (pattern) => pattern.exec(stdout)?.[1];
  const gateway = word(/default via (\S+)/);
  const bridge = Object.entries(networkInterfaces())
    .find(([, list]) => list.some((a) => a.address === gateway))?.[0];
  return { id, view, gateway, bridge, v4: word(/inet (\d+\.\d+\.\d+\.\d+)\//), v6: word(/inet6 (fe80:\S+)\//) };
}

/** Which of these [address, port] answer in a container; each is given two seconds, all at once. */
async function reached(id, targets) {
  const words = targets.map(([address, port]) => `${address}/${port}`).join(' ');
  const view = await agent.run(id, `for t in ${words}; do (
    out=$(printf 'GET /health HTTP/1.0\\r\\n\\r\\n' | timeout 4 nc -w 2 "\${t%/*}" "\${t##*/}" 2>/dev/null)
    [ -n "$out" ] && echo "$t"
  ) & done; wait; echo tried`, { wait_seconds: 40 });
  assert.match(view.stdout, /tried\n$/, view.stderr);
  return view.stdout.split('\n').filter((line) => line.includes('/')).map((line) => line.split('/')[0]);
}

/** What this machine itself hears from there: the proof that a probe could have reached it. */
function heard(host, port) {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, timeout: 3000 });
    let text = '';
    socket.on('data', (data) => { text += data; });
    socket.write('GET /health HTTP/1.0\r\n\r\n');
    socket.on('timeout', () => socket.destroy(new Error(`${host}: no answer`)));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

/** Every address of this machine at which it hears that port, but for loopback's; as a container would
 * write them.  (The bridges of other tests come and go.) */
async function addressesHere(port) {
  const all = Object.entries(networkInterfaces()).flatMap(([name, list]) => list
    .filter((a) => !a.internal && (a.family === 'IPv4' || name === one.bridge || !a.address.startsWith('fe80:')))
    .map(({ address }) => (address.startsWith('fe80:')
      ? { here: `${address}%${name}`, there: `${address}%eth0` } : { here: address, there: address })));
  const open = await Promise.all(all.map(({ here }) => heard(here, port).then(Boolean, () => false)));
  return all.filter((_, i) => open[i]).map(({ there }) => there);
}

test('with SANDBOX_NETWORK=auto a container has the network "internet", and public resolvers', async () => {
  assert.equal(one.view.network, 'internet');
  assert.ok(one.v4 && one.v6 && one.bridge, JSON.stringify(one));
  const resolvers = await agent.run(one.id, 'cat /etc/resolv.conf');
  assert.equal(resolvers.stdout.trim(), 'nameserver 1.1.1.1\nnameserver 9.9.9.9');
  const unasked = await agent.call('create_container');
  assert.equal(unasked.network, 'internet', 'it is the default where it is in force');
  await agent.call('destroy_container', { container_id: unasked.container_id });
});

test('run_once has a network unless it asks for none', async () => {
  const devices = async (args) => (await agent.call('run_once', { command: 'ls /sys/class/net', ...args })).stdout.trim().split('\n');
  assert.ok((await devices({})).includes('eth0'));
  assert.deepEqual(await devices({ network: 'none' }), ['lo']);
});

test('a public address is reached, from an address of this machine', async () => {
  assert.deepEqual(await reached(one.id, [[PUBLIC, canaries.port]]), [PUBLIC]);
  assert.deepEqual(canaries.callers(PUBLIC), [canaries.near], 'translated, so that it can answer');
});

test('private, link-local, shared and metadata addresses are not reached, though this machine reaches them', async () => {
  for (const address of OTHERS) assert.equal(await heard(address, canaries.port), 'hi\n', address);
  await eventually('each has counted that', () => OTHERS.every((address) => canaries.callers(address).length === 1));
  const before = canaries.calls.length;
  assert.deepEqual(await reached(one.id, [...OTHERS, canaries.far, canaries.near].map((a) => [a, canaries.port])), []);
  assert.deepEqual(canaries.calls.slice(before), []);
});

test('no service of this machine is reached, by none of its addresses', async () => {
  const addresses = await addressesHere(local.port);
  for (const address of [one.gateway, canaries.near]) assert.ok(addresses.includes(address), address);
  assert.ok(addresses.some((a) => a.endsWith('%eth0')), 'the bridge has a link-local address');
  local.calls.length = 0;
  assert.deepEqual(await reached(one.id, addresses.map((a) => [a, local.port])), []);
  assert.deepEqual(local.calls, []);
});

test('what NETWORK_ALLOW names is reached, of this machine and beyond it: that host, and that port where it names one', async () => {
  const targets = [[allowed.address, allowed.port], [ALLOWED, canaries.port]];
  assert.deepEqual((await reached(one.id, targets)).sort(), [ALLOWED, allowed.address]);
  assert.equal(await heard(allowed.address, local.port), 'hi\n', 'the other port of that address is open');
  const others = [[allowed.address, local.port], [one.gateway, allowed.port], [canaries.near, allowed.port]];
  local.calls.length = 0;
  assert.deepEqual(await reached(one.id, others), []);
  assert.deepEqual(local.calls, []);
});

test('the server itself is not reached, by none of this machine\'s addresses', async () => {
  const { port } = new URL(server.url);
  const addresses = await addressesHere(port);
  for (const address of [one.gateway, canaries.near]) assert.ok(addresses.includes(address), address);
  assert.deepEqual(await reached(one.id, addresses.map((a) => [a, port])), []);
  const view = await agent.run(one.id, `wget -q -T 2 -O - http://${one.gateway}:${port}/health`, { wait_seconds: 20 });
  assert.notEqual(view.exit_code, 0);
});

test('a neighbour is not reached, by IPv4 or IPv6, and does not even answer ARP; nor is it from outside', async () => {
  const served = await agent.run(two.id, 'while :; do echo secret | nc -l -p 7000; done', { background: true });
  assert.notEqual(one.v4, two.v4);
  assert.equal(one.bridge, two.bridge);
  const targets = [[two.v4, 7000], [`${two.v6}%eth0`, 7000]];
  await eventually('the neighbour hears itself at both addresses', async () => {
    const itself = await Promise.all(targets.map((target) => reached(two.id, [target])));
    return itself.flat().length === 2;
  });

  assert.deepEqual(await reached(one.id, targets), []);
  const outside = canaries.hears(two.v4, 7000, PUBLIC);
  assert.deepEqual([outside.status, outside.stdout], [2, ''], `a host outside: ${outside.stderr}`);
  const neighbours = await agent.run(one.id, 'ip neigh; cat /proc/net/arp');
  for (const line of neighbours.stdout.split('\n').filter((l) => l.includes(two.v4) || l.includes(two.v6)))
    assert.match(line, /INCOMPLETE|FAILED|00:00:00:00:00:00/, 'it has an address of the neighbour\'s card');
  await agent.call('kill_command', { command_id: served.command_id });
});

test('the way out stays open while neighbours come and go', async () => {
  const card = (file) => readFileSync(`/sys/class/net/${one.bridge}/${file}`, 'utf8').trim();
  const address = card('address');
  for (let round = 0; round < 3; round++) {
    const others = await Promise.all([1, 2].map(() => agent.container({ network: 'internet' })));
    assert.deepEqual(await reached(one.id, [[PUBLIC, canaries.port]]), [PUBLIC]);
    await Promise.all(others.map((id) => agent.call('destroy_container', { container_id: id })));
    assert.deepEqual(await reached(two.id, [[PUBLIC, canaries.port]]), [PUBLIC]);
  }
  assert.equal(card('address'), address);
  assert.equal(card('addr_assign_type'), '3', 'it was set, so that it does not follow the ports');
});

test('none of it changes when the server is killed and starts again', async () => {
  const { sessionId } = agent;
  await server.crashAndRestart();
  server.url = server.url.replace('0.0.0.0', '127.0.0.1');
  agent = await Agent.connect(server.url, { key: server.key, sessionId });
  const three = await made();
  local.calls.length = 0;
  const before = canaries.calls.length;
  await agent.run(two.id, 'while :; do echo secret | nc -l -p 7000; done', { background: true });
  for (const { id } of [one, three]) {
    const targets = [[one.gateway, local.port], [allowed.address, local.port], [allowed.address, allowed.port], [two.v4, 7000], [`${two.v6}%eth0`, 7000], ['10.1.2.3', canaries.port],
      [PUBLIC, canaries.port]];
    assert.deepEqual((await reached(id, targets)).sort(), [allowed.address, PUBLIC]);
  }
  assert.deepEqual(local.calls, []);
  assert.deepEqual(canaries.calls.slice(before).map((call) => call.to), [PUBLIC, PUBLIC]);
});

test('the network "none" has nothing but lo', async () => {
  const view = await agent.call('create_container', { network: 'none' });
  assert.equal(view.network, 'none');
  const { stdout } = await agent.run(view.container_id, 'ip -o link | cut -d: -f2; ip route; ip -6 route show default');
  assert.equal(stdout.trim(), 'lo');
  const before = canaries.calls.length;
  assert.deepEqual(await reached(view.container_id, [[PUBLIC, canaries.port], [one.gateway, local.port]]), []);
  assert.equal(canaries.calls.length, before);
});

test('after a stop with --destroy-on-exit neither the bridge nor its fence is left', async () => {
  const has = (program, ...args) => spawnSync(program, args, { timeout: 10000 }).status === 0;
  assert.ok(has('ip', 'link', 'show', one.bridge));
  assert.ok(has('nft', 'list', 'table', 'inet', `fence_${one.bridge}`));
  await agent.close();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.ok(!has('ip', 'link', 'show', one.bridge), 'the bridge');
  for (const family of ['inet', 'bridge'])
    assert.ok(!has('nft', 'list', 'table', family, `fence_${one.bridge}`), `the ${family} table`);
  const rules = spawnSync('iptables-save', { encoding: 'utf8', timeout: 10000 });
  assert.equal(rules.status, 0, rules.stderr);
  assert.ok(!rules.stdout.includes(one.gateway.replace(/\.1$/, '.')), 'Podman\'s own rules');
  server = agent = undefined;
});

test('a range of addresses that something else on this machine uses is passed over', async () => {
  server = await Server.start({ SANDBOX_NETWORK: 'internet' }, { keepDir: true });
  agent = await Agent.connect(server.url);
  const { gateway } = await made();
  await agent.close();
  await server.stop();
  const taken = `${gateway}/20`;
  assert.equal(spawnSync('ip', ['addr', 'add', taken, 'dev', 'lo'], { timeout: 10000 }).status, 0);
  try {
    server = await Server.start({ SANDBOX_NETWORK: 'internet' }, { dataDir: server.dataDir });
    agent = await Agent.connect(server.url);
    assert.notEqual((await made()).gateway, gateway);
  } finally {
    spawnSync('ip', ['addr', 'del', taken, 'dev', 'lo'], { timeout: 10000 });
  }
});
