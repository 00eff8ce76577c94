// The wire, and what happens to those who misuse it.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { Server, eventually } from './support/server.mjs';
import { Agent, textOf } from './support/client.mjs';

let server;
before(async () => { server = await Server.start(); });
after(async () => { await server?.stop(); });

const json = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
const post = (body, headers = {}) => fetch(`${server.url}/mcp`, {
  method: 'POST', headers: { ...json, ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body),
});
const hello = (protocolVersion) => ({ jsonrpc: '2.0', id: 0, method: 'initialize',
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 't', version: '1' } } });

async function session(version = '2025-11-25') {
  const reply = await post(hello(version));
  const id = reply.headers.get('mcp-session-id');
  const answer = await reply.json();
  await post({ jsonrpc: '2.0', method: 'notifications/initialized' },
    { 'Mcp-Session-Id': id, 'MCP-Protocol-Version': answer.result.protocolVersion });
  return { id, version: answer.result.protocolVersion,
    headers: { 'Mcp-Session-Id': id, 'MCP-Protocol-Version': answer.result.protocolVersion } };
}

for (const version of ['2025-11-25', '2025-06-18', '2025-03-26']) {
  test(`the handshake speaks ${version}`, async () => {
    const s = await session(version);
    assert.equal(s.version, version);
    assert.match(s.id, /^[\x21-\x7e]+$/);
    const reply = await post({ jsonrpc: '2.0', id: 'p', method: 'ping' }, s.headers);
    assert.deepEqual(await reply.json(), { jsonrpc: '2.0', id: 'p', result: {} });
  });
}

test('an unknown version is answered with our newest', async () => {
  assert.equal((await session('2031-01-01')).version, '2025-11-25');
});

test('status codes are those of the specification', async () => {
  const s = await session();
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  const cases = [
    [406, ping, { ...s.headers, Accept: 'application/json' }],
    [415, ping, { ...s.headers, 'Content-Type': 'text/plain' }],
    [400, '{"jsonrpc":"2.0",', s.headers],
    [400, '{"a":1}', s.headers],
    [400, { jsonrpc: '2.0', id: 1.5, method: 'ping' }, s.headers],
    [400, { jsonrpc: '2.0', id: null, method: 'ping' }, s.headers],
    [400, ping, {}],
    [404, ping, { ...s.headers, 'Mcp-Session-Id': 's-' + 'a'.repeat(26) }],
    [400, ping, { ...s.headers, 'MCP-Protocol-Version': '1999-01-01' }],
    [400, hello('2025-11-25'), s.headers],
    [200, { jsonrpc: '2.0', id: 1, method: 'no/such' }, s.headers],
    [202, { jsonrpc: '2.0', method: 'notifications/whatever' }, s.headers],
    [403, ping, { ...s.headers, Origin: 'https://evil.example' }],
    [403, ping, { ...s.headers, Origin: 'null' }],
    [413, `"${'x'.repeat(5 * 1024 * 1024)}"`, s.headers],
  ];
  for (const [status, body, headers] of cases) {
    const reply = await post(body, headers);
    const text = await reply.text();
    assert.equal(reply.status, status, `${JSON.stringify(body).slice(0, 60)} ${JSON.stringify(headers)}: ${text}`);
    if (status !== 413) continue;
    const { jsonrpc, error } = JSON.parse(text);
    assert.deepEqual([jsonrpc, error.code], ['2.0', -32000]);
    assert.match(error.message, /4 MiB.*pieces/);
  }
  const unknown = await (await post({ jsonrpc: '2.0', id: 1, method: 'no/such' }, s.headers)).json();
  assert.equal(unknown.error.code, -32601);
});

test('ids come back as they were sent', async () => {
  const s = await session();
  for (const id of ['"1"', '1', '"\\u00e9"', '-7', '123456789012345678901234567890']) {
    const text = await (await post(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`, s.headers)).text();
    assert.ok(text.includes(`"id":${id}`), `${id}: ${text}`);
  }
});

test('a batch is a matter of 2025-03-26 only', async () => {
  const batch = [{ jsonrpc: '2.0', id: 1, method: 'ping' }, { jsonrpc: '2.0', id: 2, method: 'ping' }];
  const old = await session('2025-03-26');
  const answers = await (await post(batch, old.headers)).json();
  assert.deepEqual(answers.map((a) => a.id).sort(), [1, 2]);
  const s = await session('2025-11-25');
  assert.equal((await post(batch, s.headers)).status, 400);
});

test('the event stream opens once, and DELETE ends the session', async () => {
  const s = await session();
  const open = () => fetch(`${server.url}/mcp`, { headers: { ...s.headers, Accept: 'text/event-stream' } });
  const stream = await open();
  assert.equal(stream.status, 200);
  assert.match(stream.headers.get('content-type'), /^text\/event-stream/);
  assert.equal((await open()).status, 409);
  const end = await fetch(`${server.url}/mcp`, { method: 'DELETE', headers: s.headers });
  assert.ok([200, 204].includes(end.status));
  assert.equal((await post({ jsonrpc: '2.0', id: 1, method: 'ping' }, s.headers)).status, 404);
  await stream.body.cancel().catch(() => {});
});

test('another host name is refused, as DNS rebinding would send it', async () => {
  const { hostname, port } = new URL(server.url);
  const socket = createConnection({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  const body = JSON.stringify(hello('2025-11-25'));
  socket.write(`POST /mcp HTTP/1.1\r\nHost: evil.example.com\r\nOrigin: http://evil.example.com\r\n` +
    `Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  const [data] = await once(socket, 'data');
  assert.match(data.toString(), /^HTTP\/1\.1 403 /);
  socket.destroy();
});

test('two content lengths do not smuggle a second request', async () => {
  const { hostname, port } = new URL(server.url);
  const socket = createConnection({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (d) => { text += d; });
  const closed = once(socket, 'close');
  socket.write(`POST /mcp HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 0\r\nContent-Length: 50\r\n\r\n` +
    `GET /health HTTP/1.1\r\nHost: ${hostname}\r\nX: aaaaaaaaaaaa\r\n\r\n`);
  await closed;
  assert.match(text, /^HTTP\/1\.1 400 /);
  assert.equal(text.match(/HTTP\/1\.1 /g).length, 1);
});

test('bad arguments are refused with the field, the type wanted and the value given', async () => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const cases = [
    ['execute_command', {}, [/container_id/]],
    ['execute_command', { container_id: id }, [/command/]],
    ['execute_command', { container_id: id, command: 7 }, [/command/, /string|text/, /7/]],
    ['execute_command', { container_id: id, command: 'true', wait_seconds: 'soon' }, [/wait_seconds/, /number|integer/, /soon/]],
    ['execute_command', { container_id: id, command: 'true', wait_seconds: 46 }, [/wait_seconds/, /45/]],
    ['execute_command', { container_id: id, command: 'true', env: 'A=b' }, [/env/, /object/]],
    ['execute_command', { container_id: id, command: 'true', env: { 'A B': 'c' } }, [/env/, /A B/]],
    ['create_container', { memory_mb: '256' }, [/memory_mb/]],
    ['create_container', { network: 'everything' }, [/network/]],
    ['create_container', { image: 'evil' }, [/image/]],
    ['check_command', { command_id: 5 }, [/command_id/]],
    ['get_file_url', { container_id: id, file_path: ['a'] }, [/file_path/]],
    ['get_upload_url', { container_id: id, path: 'a', max_bytes: 'all' }, [/max_bytes/, /number|integer/, /all/]],
  ];
  for (const [tool, args, words] of cases) {
    const result = await agent.tool(tool, args);
    assert.ok(result.isError, `${tool} ${JSON.stringify(args)}`);
    for (const word of words) assert.match(textOf(result), word, `${tool} ${JSON.stringify(args)}`);
    assert.ok(result.structuredContent.code);
  }
  for (const bad of ['c-', '../../etc', 'c-' + 'A'.repeat(26), 'x'.repeat(5000), 'c-\u0131', "c-' OR 1=1 --"])
    await agent.refused('not_found', 'check_container', { container_id: bad });
  await assert.rejects(agent.tool('no_such_tool'));
  await agent.call('destroy_container', { container_id: id });
  await agent.close();
});

test('a client that leaves in the middle leaks nothing and stops nobody', async () => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const s = { 'Mcp-Session-Id': agent.sessionId, 'MCP-Protocol-Version': '2025-11-25' };
  for (let i = 0; i < 10; i++) {
    const gone = new AbortController();
    const call = fetch(`${server.url}/mcp`, { method: 'POST', headers: { ...json, ...s }, signal: gone.signal,
      body: JSON.stringify({ jsonrpc: '2.0', id: `g${i}`, method: 'tools/call',
        params: { name: 'execute_command', arguments: { container_id: id, command: 'sleep 2; echo left', wait_seconds: 10 } } }) });
    const left = assert.rejects(call);
    await eventually('the command runs', async () =>
      (await agent.call('list_commands', { container_id: id })).commands.length === i + 1);
    gone.abort();
    await left;
  }
  assert.equal((await agent.run(id, 'echo here')).stdout, 'here\n');
  const { commands } = await agent.call('list_commands', { container_id: id });
  assert.equal(commands.length, 11);
  await agent.call('destroy_container', { container_id: id });
  await agent.close();
});

test('/health, /ready and server information answer', async () => {
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
  const ready = await fetch(`${server.url}/ready`);
  assert.equal(ready.status, 200);
  const info = await (await fetch(`${server.url}/`, { headers: { Accept: 'application/json' } })).json();
  assert.match(JSON.stringify(info), /sandpod/i);
  assert.equal((await fetch(`${server.url}/no/such`)).status, 404);
  const put = await fetch(`${server.url}/health`, { method: 'PUT', body: 'x' });
  assert.equal(put.status, 405);
  assert.match(put.headers.get('allow'), /GET/);
});

test('/ready says no while Podman is away, tools say so too, and both recover', async () => {
  const own = await Server.start();
  try {
    const agent = await Agent.connect(own.url);
    const pid = own.podmanPid();
    process.kill(pid, 'SIGSTOP');
    const result = await agent.tool('create_container', {});
    assert.ok(result.isError, 'nothing can be made while Podman is frozen');
    assert.ok(['timeout', 'unavailable'].includes(result.structuredContent.code));
    assert.equal(result.structuredContent.retryable, true);
    try { process.kill(pid, 'SIGCONT'); } catch { /* the server has replaced it */ }
    const deadline = Date.now() + 60000;
    for (;;) {
      const made = await agent.tool('create_container', {});
      if (!made.isError) break;
      assert.ok(Date.now() < deadline, textOf(made));
    }
    assert.equal((await fetch(`${own.url}/ready`)).status, 200);
    await agent.close();
  } finally {
    await own.stop();
  }
});
