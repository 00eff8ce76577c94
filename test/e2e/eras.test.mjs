// Every way to speak the protocol does the same work: the official clients of each era, over HTTP, over
// the HTTP with SSE of 2024, and over stdio.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StreamableHTTPClientTransport, SSEClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as OldSSE } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHTTP } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CallToolResultSchema, ElicitRequestSchema, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { Server, eventually, removeDir } from './support/server.mjs';

let server;
before(async () => { server = await Server.start(); });
after(async () => { await server?.stop(); });

const identity = { name: 'sandpod-e2e', version: '1.0.0' };

/** Creates, runs, destroys. */
async function doTheJob(client) {
  const call = async (name, args) => {
    const result = await client.callTool({ name, arguments: args });
    assert.ok(!result.isError, JSON.stringify(result));
    return result.structuredContent;
  };
  const { container_id } = await call('create_container', {});
  const done = await call('execute_command', { container_id, command: 'echo $((6*7))' });
  assert.equal(done.stdout, '42\n');
  assert.equal((await call('destroy_container', { container_id })).status, 'destroyed');
}

for (const [mode, transport] of [
  ['legacy', () => new StreamableHTTPClientTransport(new URL('/mcp', server.url))],
  ['auto', () => new StreamableHTTPClientTransport(new URL('/mcp', server.url))],
  ['legacy', () => new SSEClientTransport(new URL('/sse', server.url))],
]) {
  test(`the client of 2026 does its job in mode ${mode} (${transport.toString().match(/new (\w+)/)[1]})`, async () => {
    const client = new Client(identity, { versionNegotiation: { mode } });
    await client.connect(transport());
    try {
      assert.equal(client.getNegotiatedProtocolVersion(), mode === 'auto' ? '2026-07-28' : '2025-11-25');
      const { tools } = await client.listTools();
      assert.ok(tools.some((t) => t.name === 'execute_command'));
      await doTheJob(client);
    } finally {
      await client.close();
    }
  });
}

test('the client of 2025 does its job over HTTP with SSE', async () => {
  const client = new OldClient(identity);
  await client.connect(new OldSSE(new URL('/sse', server.url)));
  await doTheJob(client);
  await client.close();
});

for (const mode of ['legacy', 'auto']) {
  test(`the client of 2026 does its job over stdio in mode ${mode}`, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'sp-stdio-'));
    const client = new Client(identity, { versionNegotiation: { mode } });
    try {
      await client.connect(new StdioClientTransport({
        command: process.env.SANDPOD, args: ['stdio', '--destroy-on-exit'], stderr: 'ignore',
        env: { ...process.env, PORT: '0', SANDBOX_IMAGE: 'builtin', SANDBOX_NETWORK: 'none', POOL_SIZE: '0', DATA_DIR: dataDir },
      }));
      assert.equal(client.getNegotiatedProtocolVersion(), mode === 'auto' ? '2026-07-28' : '2025-11-25');
      await doTheJob(client);
    } finally {
      await client.close();
      await removeDir(dataDir);
    }
  });
}

// --- by hand: what the official clients do not show ------------------------------------------------

let nextId = 1;
async function modern(method, params = {}, { extensions, capabilities = {}, progressToken, signal } = {}) {
  const name = params.name ?? params.taskId ?? params.uri;
  const reply = await fetch(`${server.url}/mcp`, {
    method: 'POST', signal,
    headers: {
      'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': method, ...(name ? { 'Mcp-Name': name } : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: nextId++, method, params: { ...params, _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': extensions ? { ...capabilities, extensions } : capabilities,
      ...(progressToken ? { progressToken } : {}),
    } } }),
  });
  const text = await reply.text();
  const messages = reply.headers.get('content-type').startsWith('text/event-stream')
    ? [...text.matchAll(/^data: (.+)$/gm)].map((m) => JSON.parse(m[1])) : [JSON.parse(text)];
  return { status: reply.status, messages, result: messages.at(-1)?.result, error: messages.at(-1)?.error };
}

const tasks = { 'io.modelcontextprotocol/tasks': {} };
const run = (container_id, command, args = {}, options = {}) =>
  modern('tools/call', { name: 'execute_command', arguments: { container_id, command, ...args } }, options);
const container = async () =>
  (await modern('tools/call', { name: 'create_container', arguments: {} })).result.structuredContent.container_id;
const processes = async (id) => (await run(id, 'ps -o args')).result.structuredContent.stdout;

test('a long command tells its progress', async () => {
  const id = await container();
  const { messages, result } = await run(id, 'for i in 1 2 3 4; do echo line $i; sleep 1; done', { wait_seconds: 20 },
    { progressToken: 'p' });
  assert.equal(result.structuredContent.state, 'exited');
  const notes = messages.filter((m) => m.method === 'notifications/progress').map((m) => m.params);
  assert.ok(notes.length >= 2, JSON.stringify(messages));
  assert.ok(notes.every((n, i) => n.progressToken === 'p' && (i === 0 || n.progress > notes[i - 1].progress)));
  assert.match(notes.at(-1).message, /running for \d+.* of output: line \d/);
});

test('a command dies with the request that waits for it, and lives on in the background', async () => {
  const id = await container();
  const leaving = new AbortController();
  const waiting = run(id, 'sleep 4711', { wait_seconds: 40 }, { signal: leaving.signal });
  await eventually('it to run', async () => (await processes(id)).includes('sleep 4711'));
  leaving.abort();
  await assert.rejects(waiting);
  await eventually('it to be killed', async () => !(await processes(id)).includes('sleep 4711'));
  await run(id, 'sleep 4712', { background: true });
  assert.match(await processes(id), /sleep 4712/);
});

test('a long command becomes a task, which outlives the server', async () => {
  const id = await container();
  const made = await run(id, 'sleep 6; echo survived', { wait_seconds: 0.2 }, { extensions: tasks });
  assert.equal(made.result.resultType, 'task');
  const { taskId } = made.result;
  const get = async () => (await modern('tasks/get', { taskId }, { extensions: tasks })).result;
  assert.equal((await get()).status, 'working');
  await server.crashAndRestart();
  assert.equal((await get()).status, 'working');
  await eventually('the task to end', async () => (await get()).status === 'completed');
  assert.equal((await get()).result.structuredContent.stdout, 'survived\n');
});

test('the client of 2025 asks for a task and gets its result', async () => {
  const client = new OldClient(identity);
  await client.connect(new OldHTTP(new URL('/mcp', server.url)));
  const made = await client.callTool({ name: 'create_container', arguments: {} });
  const call = { name: 'execute_command', arguments: { container_id: made.structuredContent.container_id, command: 'sleep 4; echo task' } };
  const seen = [];
  for await (const message of client.experimental.tasks.callToolStream(call, CallToolResultSchema, { task: { ttl: 120000 } }))
    seen.push(message);
  assert.equal(seen[0].type, 'taskCreated', JSON.stringify(seen));
  assert.equal(seen[0].task.ttl, 120000);
  assert.equal(seen.at(-1).type, 'result', JSON.stringify(seen.at(-1)));
  assert.equal(seen.at(-1).result.structuredContent.stdout, 'task\n');
  await client.close();
});

test('cancelling a task kills its command', async () => {
  const id = await container();
  const made = await run(id, 'sleep 4713', { wait_seconds: 0.2 }, { extensions: tasks });
  const { taskId } = made.result;
  await modern('tasks/cancel', { taskId }, { extensions: tasks });
  assert.equal((await modern('tasks/get', { taskId }, { extensions: tasks })).result.status, 'cancelled');
  await eventually('it to be killed', async () => !(await processes(id)).includes('sleep 4713'));
});

test('without a declaration a long command is handed back as before', async () => {
  const id = await container();
  const { result } = await run(id, 'sleep 4714', { wait_seconds: 0.2 });
  assert.equal(result.resultType, 'complete');
  assert.equal(result.structuredContent.state, 'running');
});

test('files are resources: read, listed when shared, and not found in the words of the era', async () => {
  const id = await container();
  await run(id, "printf 'h\\303\\251llo' > 'a b.txt'; printf '\\377\\0' > raw.bin; : > empty; head -c 3000000 /dev/zero > big");
  const read = (path) => modern('resources/read', { uri: `sandbox://${id}/workspace/${path}` });
  const text = (await read('a%20b.txt')).result;
  assert.equal(text.contents[0].text, 'h\u00e9llo');
  assert.equal(text.contents[0].mimeType.split(';')[0], 'text/plain');
  assert.equal(text.cacheScope, 'private');
  assert.equal((await read('raw.bin')).result.contents[0].blob, '/wA=');
  assert.equal((await read('empty')).result.contents[0].text, '');
  for (const path of ['missing', 'big', '']) {
    const { error } = await read(path);
    assert.ok(error, path);
    if (path === 'missing') assert.deepEqual([error.code, error.data.uri], [-32602, `sandbox://${id}/workspace/missing`]);
  }
  assert.equal((await modern('resources/read', { uri: 'sandbox://c-aaaaaaaaaaaaaaaaaaaaaaaaaa/x' })).error.code, -32602);
  await modern('tools/call', { name: 'get_file_url', arguments: { container_id: id, file_path: '/workspace/a b.txt' } });
  const { resources } = (await modern('resources/list')).result;
  assert.ok(resources.some((r) => r.uri === `sandbox://${id}/workspace/a%20b.txt` && r.name === 'a b.txt'), JSON.stringify(resources));
  const { completion } = (await modern('completion/complete', { argument: { name: 'container_id', value: id.slice(0, 8) },
    ref: { type: 'ref/resource', uri: 'sandbox://{container_id}/{+path}' } })).result;
  assert.deepEqual(completion.values, [id]);
});

test('who watches a command hears of its end, in either era', async () => {
  const old = new OldClient(identity);
  await old.connect(new OldHTTP(new URL('/mcp', server.url)));
  const call = async (name, args) => (await old.callTool({ name, arguments: args })).structuredContent;
  const { container_id } = await call('create_container', {});
  const { command_id } = await call('execute_command', { container_id, command: 'cat; echo over', background: true });
  const uri = `sandbox://commands/${command_id}`;
  const heard = [];
  old.setNotificationHandler(ResourceUpdatedNotificationSchema, (note) => { heard.push(note.params.uri); });
  await old.subscribeResource({ uri });
  await assert.rejects(old.subscribeResource({ uri: 'sandbox://nothing' }), /-32602/);
  const state = async () => JSON.parse((await old.readResource({ uri })).contents[0].text);
  assert.equal((await state()).state, 'running');
  await call('send_input', { command_id, text: '', eof: true });
  await eventually('the session to hear of it', () => heard.length === 1);
  assert.equal(heard[0], uri);
  assert.deepEqual([(await state()).state, (await state()).stdout], ['exited', 'over\n']);
  await old.close();

  const id = await container();
  const made = (await run(id, 'cat', { background: true })).result.structuredContent;
  const watched = `sandbox://commands/${made.command_id}`;
  const leaving = new AbortController();
  const stream = await fetch(`${server.url}/mcp`, { method: 'POST', signal: leaving.signal,
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'subscriptions/listen' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'watch', method: 'subscriptions/listen', params: {
      notifications: { resourceSubscriptions: [watched] }, _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} } } }) });
  let text = '';
  const reading = (async () => { for await (const chunk of stream.body) text += Buffer.from(chunk); })().catch(() => {});
  await eventually('it to be granted', () => text.includes('subscriptions/acknowledged'));
  await modern('tools/call', { name: 'kill_command', arguments: { command_id: made.command_id } });
  await eventually('the listener to hear of it', () => /notifications\/resources\/updated/.test(text) && text.includes(watched));
  leaving.abort();
  await reading;
});

test('a person who can be asked is asked before commands are destroyed', async () => {
  const old = new OldClient(identity, { capabilities: { elicitation: {} } });
  await old.connect(new OldHTTP(new URL('/mcp', server.url)));
  const call = async (name, args) => (await old.callTool({ name, arguments: args })).structuredContent;
  const { container_id } = await call('create_container', {});
  const { command_id } = await call('execute_command', { container_id, command: 'sleep 4715', background: true });
  const asked = [];
  const answers = [{ action: 'decline' }, { action: 'accept', content: { destroy: true } }];
  old.setRequestHandler(ElicitRequestSchema, (request) => { asked.push(request.params.message); return answers[asked.length - 1]; });
  assert.equal((await call('destroy_container', { container_id })).code, 'conflict');
  assert.match(asked[0], /1 of its commands still run[^]*sleep 4715/);
  assert.deepEqual((await call('destroy_container', { container_id })).killed_commands, [command_id]);
  assert.equal((await call('destroy_container', { container_id })).status, 'destroyed');
  assert.equal(asked.length, 2);

  const { container_id: other } = await call('create_container', {});
  await call('execute_command', { container_id: other, command: 'sleep 4717', background: true });
  old.setRequestHandler(ElicitRequestSchema, () => { throw new Error('no window to ask in'); });
  const gone = await call('destroy_container', { container_id: other });
  assert.equal(gone.status, 'destroyed', 'a client that cannot ask after all gets what it asked for');
  assert.equal(gone.killed_commands.length, 1);
  await old.close();

  const id = await container();
  await run(id, 'sleep 4716', { background: true });
  const destroy = { name: 'destroy_container', arguments: { container_id: id } };
  const able = { capabilities: { elicitation: {} } };
  const question = (await modern('tools/call', destroy, able)).result;
  assert.equal(question.resultType, 'input_required');
  assert.match(question.inputRequests.destroy.params.message, /sleep 4716/);
  const inputResponses = { destroy: { action: 'accept', content: { destroy: true } } };
  const done = (await modern('tools/call', { ...destroy, inputResponses }, able)).result;
  assert.equal(done.structuredContent.status, 'destroyed');
  assert.equal(done.structuredContent.killed_commands.length, 1);
});

test('over SSE and stdio changes are heard of and questions asked as over HTTP', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sp-stdio-'));
  const carriers = [new OldSSE(new URL('/sse', server.url)), new OldStdio({
    command: process.env.SANDPOD, args: ['stdio', '--destroy-on-exit'], stderr: 'ignore',
    env: { ...process.env, PORT: '0', SANDBOX_IMAGE: 'builtin', SANDBOX_NETWORK: 'none', POOL_SIZE: '0', DATA_DIR: dataDir },
  })];
  for (const carrier of carriers) {
    const client = new OldClient(identity, { capabilities: { elicitation: {} } });
    const heard = [], asked = [];
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => { asked.push(params.message); return { action: 'accept' }; });
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, (note) => { heard.push(note.params.uri); });
    try {
      await client.connect(carrier);
      const call = async (name, args) => (await client.callTool({ name, arguments: args })).structuredContent;
      const { container_id } = await call('create_container', {});
      const uri = `sandbox://${container_id}/workspace/a/b/seen`;
      await client.subscribeResource({ uri });
      await call('execute_command', { container_id, command: 'mkdir -p a/b; echo > a/b/seen; sleep 4718', background: true });
      await eventually('the change to be heard of', () => heard.includes(uri));
      const kept = await call('destroy_container', { container_id });
      assert.equal(kept.code, 'cancelled', 'accept without a form is no answer');
      assert.equal(asked.length, 10, 'and is not asked for without end');
      client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { destroy: true } }));
      assert.equal((await call('destroy_container', { container_id })).killed_commands.length, 1);
    } finally {
      await client.close();
    }
  }
  await removeDir(dataDir);
});

test('a command whose call lost its connection is found', async () => {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
  const post = (body, more = {}) => fetch(`${server.url}/mcp`, { method: 'POST', ...more,
    headers: { ...headers, ...more.headers }, body: JSON.stringify({ jsonrpc: '2.0', ...body }) });
  const hello = await post({ id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: identity } });
  await hello.text();
  headers['Mcp-Session-Id'] = hello.headers.get('mcp-session-id');
  headers['MCP-Protocol-Version'] = '2025-11-25';
  const call = async (name, args) =>
    (await (await post({ id: nextId++, method: 'tools/call', params: { name, arguments: args } })).json()).result.structuredContent;
  const { container_id } = await call('create_container', {});
  const leaving = new AbortController();
  const lost = post({ id: nextId++, method: 'tools/call', params: { name: 'execute_command',
    arguments: { container_id, command: 'sleep 0.4; echo kept' } } }, { signal: leaving.signal });
  const commands = async () => (await call('list_commands', { container_id })).commands;
  await eventually('it to begin', async () => (await commands()).length === 1);
  leaving.abort();
  await assert.rejects(lost);
  await eventually('it to end', async () => (await commands())[0].state === 'exited');
  const [{ command_id }] = await commands();
  assert.equal((await call('check_command', { command_id })).stdout, 'kept\n');
});

test('prompts are made of their arguments, and name what is there, as the instructions do', async () => {
  const { prompts } = (await modern('prompts/list')).result;
  assert.deepEqual(prompts.map((p) => p.name), ['run_tests', 'reproduce']);
  const { messages } = (await modern('prompts/get', { name: 'run_tests', arguments: { project: 'https://example.org/p.git' } })).result;
  assert.match(messages[0].content.text, /https:\/\/example\.org\/p\.git/);
  const { instructions } = (await modern('server/discover')).result;
  const { tools } = (await modern('tools/list')).result;
  const known = new Set([...tools.map((tool) => tool.name), 'container_id', 'expires_at']);
  for (const text of [messages[0].content.text, instructions])
    assert.deepEqual(text.match(/[a-z]+(_[a-z]+)+/g).filter((word) => !known.has(word)), [], 'what is named is there');
  assert.ok(Buffer.byteLength(instructions) < 1024);
  assert.equal((await modern('prompts/get', { name: 'run_tests', arguments: {} })).error.code, -32602);
});
