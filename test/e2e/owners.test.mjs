// What a caller makes belongs to its key, or without one to its session.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { Server } from './support/server.mjs';
import { Agent } from './support/client.mjs';

test('two clients cannot see, use or end each other\'s containers, commands and files', async () => {
  const server = await Server.start();
  try {
    const a = await Agent.connect(server.url);
    const b = await Agent.connect(server.url);
    const id = await a.container();
    const command = await a.run(id, 'echo secret; sleep 60', { wait_seconds: 0 });
    const never = 'c-' + 'a'.repeat(26);
    const calls = [
      ['check_container', { container_id: id }, { container_id: never }],
      ['destroy_container', { container_id: id }, { container_id: never }],
      ['execute_command', { container_id: id, command: 'true' }, { container_id: never, command: 'true' }],
      ['list_commands', { container_id: id }, { container_id: never }],
      ['get_upload_url', { container_id: id, path: 'x' }, { container_id: never, path: 'x' }],
      ['get_file_url', { container_id: id, file_path: '/etc/passwd' }, { container_id: never, file_path: '/etc/passwd' }],
      ['check_command', { command_id: command.command_id }, { command_id: 'x-' + 'a'.repeat(26) }],
      ['kill_command', { command_id: command.command_id }, { command_id: 'x-' + 'a'.repeat(26) }],
      ['send_input', { command_id: command.command_id, text: 'x' }, { command_id: 'x-' + 'a'.repeat(26), text: 'x' }],
    ];
    for (const [tool, foreign, unknown] of calls) {
      const one = await b.refused('not_found', tool, foreign);
      const two = await b.refused('not_found', tool, unknown);
      const words = (e) => JSON.stringify(e).replaceAll(/[cx]-[a-z0-9]+/g, 'ID');
      assert.equal(words(one), words(two), `${tool} tells another's from none`);
    }
    assert.deepEqual((await b.call('list_containers')).containers, []);
    assert.equal((await a.call('check_command', { command_id: command.command_id })).state, 'running');
    await a.close();
    await b.close();
  } finally {
    await server.stop();
  }
});

test('on an address that is not loopback a key is made, printed once, and asked for', async () => {
  const server = await Server.start({ HOST: '0.0.0.0' });
  try {
    assert.match(server.key, /^sp_\S{20,}$/);
    const url = server.url.replace('0.0.0.0', '127.0.0.1');
    await assert.rejects(Agent.connect(url));
    await assert.rejects(Agent.connect(url, { key: 'sp_wrong' }));
    const plain = await fetch(`${url}/mcp`, { method: 'POST', body: '{}' });
    assert.equal(plain.status, 401);
    assert.match(plain.headers.get('www-authenticate'), /^Bearer/);

    const a = await Agent.connect(url, { key: server.key });
    const id = await a.container();
    await a.close();
    const again = await Agent.connect(url, { key: server.key });
    assert.equal((await again.run(id, 'echo mine')).stdout, 'mine\n', 'a key outlives its sessions');
    await again.close();
    assert.doesNotMatch(server.log, new RegExp(server.key), 'no key in the log');
    const first = server.key;
    await server.crashAndRestart();
    assert.ok(!server.lines.some((l) => l.includes(first)), 'it is printed once');
    const later = await Agent.connect(url, { key: first });
    await later.close();
  } finally {
    await server.stop();
  }
});

test('behind a public BASE_URL a key is asked for on loopback too, and the proxy\'s host name is taken', async () => {
  const server = await Server.start({ BASE_URL: 'https://pods.example.org' });
  try {
    assert.match(server.key, /^sp_/);
    await assert.rejects(Agent.connect(server.url));
    const agent = await Agent.connect(server.url, { key: server.key });
    const id = await agent.container();
    await agent.run(id, 'echo x > f');
    const { url } = await agent.call('get_file_url', { container_id: id, file_path: 'f' });
    assert.match(url, /^https:\/\/pods\.example\.org\/files\/f-/);
    const { hostname, port } = new URL(server.url);
    const status = await new Promise((resolve, reject) => {
      request({ hostname, port, path: '/mcp', method: 'POST', headers: {
        Host: 'pods.example.org', Authorization: `Bearer ${server.key}`, 'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream' } }, (reply) => { reply.resume(); resolve(reply.statusCode); })
        .on('error', reject)
        .end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize',
          params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'p', version: '1' } } }));
    });
    assert.equal(status, 200);
    await agent.close();
  } finally {
    await server.stop();
  }
});

test('AUTH=none opens another address without a key, and AUTH=key asks on loopback', async () => {
  const open = await Server.start({ HOST: '0.0.0.0', AUTH: 'none' });
  const url = open.url.replace('0.0.0.0', '127.0.0.1');
  await (await Agent.connect(url)).close();
  await open.stop();
  const shut = await Server.start({ AUTH: 'key' });
  await assert.rejects(Agent.connect(shut.url));
  await (await Agent.connect(shut.url, { key: shut.key })).close();
  await shut.stop();
});
