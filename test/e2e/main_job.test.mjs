// The main job over each transport: a container, a command, its output, the end.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, removeDir } from './support/server.mjs';
import { Agent, textOf } from './support/client.mjs';

const names = [
  'create_container', 'list_containers', 'check_container', 'destroy_container',
  'execute_command', 'check_command', 'send_input', 'kill_command', 'list_commands',
  'run_code', 'install_packages', 'run_once',
  'read_file', 'write_file', 'edit_file', 'list_files', 'move_file', 'delete_file',
  'get_file_url', 'get_upload_url',
];

let server;
before(async () => { server = await Server.start(); });
after(async () => { await server?.stop(); });

test('tools are listed in a fixed order and fully described', async () => {
  const agent = await Agent.connect(server.url);
  const { tools } = await agent.client.listTools();
  assert.deepEqual(tools.map((t) => t.name), names);
  for (const tool of tools) {
    assert.ok(tool.title && tool.description, tool.name);
    assert.equal(tool.inputSchema.type, 'object');
    assert.equal(tool.outputSchema.type, 'object');
    for (const hint of ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'])
      assert.equal(typeof tool.annotations[hint], 'boolean', `${tool.name} ${hint}`);
    for (const [name, property] of Object.entries(tool.inputSchema.properties))
      assert.ok(property.description, `${tool.name}.${name} has no description`);
  }
  await agent.close();
});

test('the schemas say the defaults and maxima of this server', async () => {
  const agent = await Agent.connect(server.url);
  const { tools } = await agent.client.listTools();
  const bounds = (tool, name) => {
    const p = tools.find((t) => t.name === tool).inputSchema.properties[name];
    return [p.minimum, p.maximum, p.default];
  };
  assert.deepEqual(bounds('create_container', 'memory_mb'), [16, 256, 256]);
  assert.deepEqual(bounds('create_container', 'cpus'), [0.01, 0.5, 0.5]);
  assert.deepEqual(bounds('create_container', 'pids'), [8, 100, 100]);
  assert.deepEqual(bounds('create_container', 'ttl_seconds'), [1, 7200, 7200]);
  assert.deepEqual(bounds('execute_command', 'wait_seconds'), [0, 45, 3]);
  assert.deepEqual(bounds('execute_command', 'kill_after_seconds'), [0.1, 7200, 3600]);
  assert.deepEqual(bounds('execute_command', 'max_output_bytes'), [64, 1048576, 16384]);
  const create = tools.find((t) => t.name === 'create_container').inputSchema.properties;
  assert.deepEqual(create.network.enum, ['none']);
  assert.equal(create.network.default, 'none');
  assert.equal(create.disk_mb, undefined, 'the disk cannot be bounded here');
  // What the schema promises is what the server takes.
  for (const [name, p] of Object.entries(create).filter(([, p]) => p.minimum !== undefined)) {
    const made = await agent.call('create_container', { [name]: p.maximum });
    await agent.call('destroy_container', { container_id: made.container_id });
    await agent.refused('limit', 'create_container', { [name]: p.maximum + 1 });
  }
  await agent.close();
});

for (const path of ['/', '/mcp']) {
  test(`a container is made, used and destroyed over HTTP on ${path}`, async () => {
    const agent = await Agent.connect(server.url, { path });
    const made = await agent.call('create_container', { name: 'first' });
    assert.equal(made.status, 'running');
    assert.equal(made.name, 'first');
    assert.deepEqual([made.limits.memory_mb, made.limits.cpus, made.limits.pids], [256, 0.5, 100]);
    assert.match(made.runtimes.toString(), /sh/);

    const done = await agent.run(made.container_id, 'echo out; echo err >&2; pwd; exit 3');
    assert.equal(done.state, 'exited');
    assert.equal(done.exit_code, 3);
    assert.equal(done.stdout, 'out\n/workspace\n');
    assert.equal(done.stderr, 'err\n');

    const list = await agent.call('list_containers');
    assert.deepEqual(list.containers.map((c) => c.container_id), [made.container_id]);

    const seen = await agent.call('check_container', { container_id: made.container_id });
    assert.ok(seen.usage.memory_bytes > 0);
    assert.ok(seen.usage.pids >= 1);

    const gone = await agent.call('destroy_container', { container_id: made.container_id });
    assert.equal(gone.status, 'destroyed');
    const again = await agent.call('destroy_container', { container_id: made.container_id });
    assert.equal(again.destroyed_at, gone.destroyed_at);
    await agent.refused('gone', 'execute_command', { container_id: made.container_id, command: 'true' });
    await agent.close();
  });
}

test('the second generation of the client works the same', async () => {
  const client = new ClientV2({ name: 'v2', version: '1.0.0' });
  await client.connect(new TransportV2(new URL('/mcp', server.url)));
  const made = await client.callTool({ name: 'create_container', arguments: {} });
  const { container_id } = made.structuredContent;
  const done = await client.callTool({ name: 'execute_command', arguments: { container_id, command: 'echo two' } });
  assert.equal(done.structuredContent.stdout, 'two\n');
  await client.callTool({ name: 'destroy_container', arguments: { container_id } });
  await client.close();
});

test('the main job works over stdio, and two windows do not meet', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sp-stdio-'));
  const open = async () => {
    const client = new Client({ name: 'window', version: '1.0.0' });
    await client.connect(new StdioClientTransport({
      command: process.env.SANDPOD, args: ['stdio', '--destroy-on-exit'], stderr: 'ignore',
      env: { ...process.env, DATA_DIR: dataDir, SANDBOX_IMAGE: 'builtin', SANDBOX_NETWORK: 'none', PORT: '0' },
    }));
    return client;
  };
  const one = await open();
  const two = await open();
  try {
    const made = (await one.callTool({ name: 'create_container', arguments: {} })).structuredContent;
    const done = await one.callTool({ name: 'execute_command',
      arguments: { container_id: made.container_id, command: 'echo stdio > f; cat f' } });
    assert.equal(done.structuredContent.stdout, 'stdio\n');
    const file = await one.callTool({ name: 'get_file_url',
      arguments: { container_id: made.container_id, file_path: 'f' } });
    assert.equal(await (await fetch(file.structuredContent.url)).text(), 'stdio\n');
    const other = await two.callTool({ name: 'list_containers', arguments: {} });
    assert.deepEqual(other.structuredContent.containers, []);
    await one.callTool({ name: 'destroy_container', arguments: { container_id: made.container_id } });
  } finally {
    await one.close();
    await two.close();
    await removeDir(dataDir);
  }
});

test('the same request_id gives the same container', async () => {
  const agent = await Agent.connect(server.url);
  const [a, b] = await Promise.all([
    agent.call('create_container', { request_id: 'r1' }),
    agent.call('create_container', { request_id: 'r1' }),
  ]);
  assert.equal(a.container_id, b.container_id);
  const other = await agent.call('create_container', { request_id: 'r2' });
  assert.notEqual(other.container_id, a.container_id);
  for (const container_id of [a.container_id, other.container_id])
    await agent.call('destroy_container', { container_id });
  await agent.close();
});

test('environment and working directory of a container reach its commands', async () => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container({ env: { GREETING: "it's \"fine\"" }, workdir: '/tmp' });
  const seen = await agent.run(id, 'pwd; printf %s "$GREETING"; printf " %s" "$OWN"', { env: { OWN: '한글' } });
  assert.equal(seen.stdout, '/tmp\nit\'s "fine" 한글');
  const there = await agent.run(id, 'pwd', { workdir: '/' });
  assert.equal(there.stdout, '/\n');
  await agent.refused('invalid', 'execute_command', { container_id: id, command: 'true', workdir: '/no/such' });
  await agent.call('destroy_container', { container_id: id });
  await agent.close();
});

test('unknown arguments warn and aliases are taken', async () => {
  const agent = await Agent.connect(server.url);
  const id = await agent.container();
  const result = await agent.tool('execute_command', { id, cmd: 'echo alias', colour: 'red' });
  assert.equal(result.structuredContent.stdout, 'alias\n');
  assert.match(textOf(result), /colour/);
  assert.match(JSON.stringify(result.structuredContent.warnings), /colour/);
  await agent.call('destroy_container', { container_id: id });
  await agent.close();
});
