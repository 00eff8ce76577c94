// Every tool that there is, by one table: what a client sees of it, a call that succeeds and one that
// fails, and that both results are what the tool's output schema says.  A tool without a row fails.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import { Here } from './support/here.mjs';
import { Server } from './support/server.mjs';
import { Agent, textOf } from './support/client.mjs';
import { offer } from './support/images.mjs';
import { wheel } from './support/registries.mjs';
import { Pages } from './support/web_driver.mjs';

const NOBODYS = `c-${'a'.repeat(26)}`;
const ajv = new Ajv2020.default({ strict: true, strictRequired: false, allErrors: true });
const ready = {}; // ids that calls need

/** In the order of tools/list: arguments of a call that succeeds and of one that fails. */
const table = {
  create_container: [{ name: 'box', memory_mb: 64, network: 'none' }, { memory_mb: 999999 }],
  list_containers: [{ include_gone: true }, { include_gone: 'perhaps' }],
  check_container: [() => ({ container_id: ready.id }), { container_id: NOBODYS }],
  destroy_container: [() => ({ container_id: ready.spare }), { container_id: NOBODYS }],
  execute_command: [() => ({ container_id: ready.id, command: 'echo hi; no-such-program' }), () => ({ container_id: ready.id })],
  check_command: [() => ({ command_id: ready.cat, grep: 'x', wait_seconds: 0 }), { command_id: 'x-nothing' }],
  send_input: [() => ({ command_id: ready.cat, text: 'x\n', eof: true }), { command_id: 'x-nothing', text: 'x' }],
  kill_command: [() => ({ command_id: ready.cat }), { command_id: 'x-nothing' }],
  list_commands: [() => ({ container_id: ready.id }), { container_id: NOBODYS }],
  run_code: [() => ({ container_id: ready.id, code: 'print("a"); {"b": [1]}' }), () => ({ container_id: ready.id, code: '1', language: 'cobol' })],
  install_packages: [() => ({ container_id: ready.id, packages: [`./${ready.wheel}`], wait_seconds: 45 }), () => ({ container_id: ready.id, packages: ['-r x'] })],
  run_once: [{ code: 'raise ValueError("no")', wait_seconds: 45 }, {}],
  read_file: [() => ({ container_id: ready.id, path: 'a.txt' }), () => ({ container_id: ready.id, path: 'nowhere' })],
  write_file: [() => ({ container_id: ready.id, path: 'b.txt', content: 'b\n' }), () => ({ container_id: ready.id, path: '/proc/b.txt', content: '' })],
  edit_file: [() => ({ container_id: ready.id, path: 'a.txt', old_text: 'old', new_text: 'new' }), () => ({ container_id: ready.id, path: 'a.txt', old_text: 'is not there', new_text: '' })],
  list_files: [() => ({ container_id: ready.id, pattern: '*.txt' }), () => ({ container_id: ready.id, path: 'nowhere' })],
  move_file: [() => ({ container_id: ready.id, source: 'b.txt', destination: 'c.txt' }), () => ({ container_id: ready.id, source: 'nowhere', destination: 'd' })],
  delete_file: [() => ({ container_id: ready.id, path: 'c.txt' }), () => ({ container_id: ready.id, path: 'nowhere' })],
  get_file_url: [() => ({ container_id: ready.id, file_path: 'a.txt' }), () => ({ container_id: ready.id, file_path: '/dev/null' })],
  get_upload_url: [() => ({ container_id: ready.id, path: 'up.bin' }), () => ({ container_id: ready.id, path: '/proc/up.bin' })],
  web_search: [{ query: 'x' }, { query: '' }],
  web_scrape: [() => ({ url: ready.page }), { url: 'file:///etc/passwd' }],
  web_browse: [() => ({ url: ready.page, actions: [{ action: 'screenshot' }] }), { url: 'http://10.1.2.3/' }],
  system_run_command: [{ command: 'echo hi; exit 3' }, { command: 7 }],
  system_run_python: [{ code: '_ = {"a": 1}' }, { code: 'nope' }],
  system_env_var: [{}, { var_name: 7 }],
  file_read: [{ path: '/a.txt' }, { path: 'nowhere.txt' }],
  file_write: [{ path: '/b.txt', content: 'b' }, { path: 'b.sh', content: '' }],
  file_list: [{}, { path: 'nowhere' }],
  file_delete: [{ path: 'b.txt' }, { path: 'nowhere.txt' }],
  file_move: [{ source: 'a.txt', destination: 'c.txt' }, { source: 'nowhere.txt', destination: 'd.txt' }],
  create_sandbox: [{ session_id: 'work' }, { session_id: '' }],
  close_sandbox: [() => ({ sandbox_id: ready.closing }), {}],
  get_sandbox_status: [{ sandbox_id: 'work' }, { sandbox_id: NOBODYS }],
  execute_code: [{ sandbox_id: 'work', code: '1 / 0' }, { sandbox_id: NOBODYS, code: '1' }],
  install_package: [() => ({ sandbox_id: ready.id, package_name: `./${ready.wheel}` }), { sandbox_id: 'work', package_name: '--help' }],
  create_run_close: [{ code: 'print(1)' }, {}],
  upload_file: [{ sandbox_id: 'work', file_name: 'a.txt', file_content: 'a' }, { sandbox_id: 'work', file_name: 'a', file_content: '', destination_path: '/proc' }],
};

let pages, server, agent, tools;

before(async () => {
  pages = await Pages.serve({
    '/': '<title>Hello</title><p>words</p>',
    '/search': (_, res) => res.writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ query: 'x', results: [{ title: 'Found', url: 'https://found.example/', content: 'a snippet' }] })),
  }, Here);
  server = await Server.start({
    ...offer('alpine', 'web'), SANDBOX_IMAGE: 'localhost/sandpod-alpine', SANDBOX_IMAGES: 'web=localhost/sandpod-web',
    SANDPOD_TOOLS: 'containers,commands,code,files,web,compat-container-mcp,compat-code-sandbox',
    SANDBOX_NETWORK: 'internet', SANDBOX_CPUS: '2', NETWORK_ALLOW: pages.address, WEB_SEARCH: 'searxng', SEARXNG_URL: pages.url,
  });
  agent = await Agent.connect(server.url);
  ({ tools } = await agent.client.listTools());
  ready.page = `${pages.url}/`;
  [ready.id, ready.spare, ready.closing] = await Promise.all([agent.container(), agent.container(), agent.container()]);
  const { file, data } = wheel('tabled', '1.0');
  ready.wheel = file;
  await agent.run(ready.id, `base64 -d > ${file}; printf 'old\\n' > a.txt`, { stdin: data.toString('base64') });
  ready.cat = (await agent.run(ready.id, 'cat', { background: true })).command_id;
  await agent.call('file_write', { path: 'a.txt', content: 'a' });
});

after(async () => {
  await agent?.close();
  await server?.stop();
  await pages?.stop();
});

test('tools/list is the table, in its order', () => {
  assert.deepEqual(tools.map(({ name }) => name), Object.keys(table));
});

test('each tool has a title, all annotations, and a first sentence that says when to use it', () => {
  for (const { name, title, description, annotations } of tools) {
    assert.ok(title, name);
    assert.match(description, /^Use this [^]*?[.:;]/, name);
    for (const hint of ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'])
      assert.equal(typeof annotations[hint], 'boolean', `${name}: ${hint}`);
  }
});

/** What a property allows: an end for each kind of value. */
function isBounded(property) {
  if (property.enum || property.type === 'boolean') return true;
  if (property.type === 'string') return property.maxLength !== undefined;
  if (property.type === 'array') return property.maxItems !== undefined && isBounded(property.items);
  if (property.type === 'object') return property.maxProperties !== undefined || property.additionalProperties === false || property.properties !== undefined;
  return property.minimum !== undefined && property.maximum !== undefined;
}

test('each argument has a description and bounds, and a default or its sentence where it may be left out', () => {
  for (const { name, inputSchema } of tools) {
    assert.ok(ajv.validateSchema(inputSchema), `${name}: ${ajv.errorsText()}`);
    for (const [key, property] of Object.entries(inputSchema.properties)) {
      assert.ok(property.description, `${name}.${key} has no description`);
      assert.ok(isBounded(property), `${name}.${key} has no bounds: ${JSON.stringify(property)}`);
    }
    for (const key of inputSchema.required ?? []) assert.ok(inputSchema.properties[key], `${name}.${key}`);
  }
});

test('README has a row for each tool', () => {
  const rows = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').split('\n').filter((line) => line.startsWith('| '));
  for (const { name } of tools) assert.ok(rows.some((row) => row.includes(`\`${name}\``)), name);
});

/** Whether a result says that it could not do what was asked: as an error, or in another server's shape. */
const hasFailed = ({ isError, structuredContent: view }) => isError === true || view.success === false || Boolean(view.error);

const given = (args) => (typeof args === 'function' ? args() : args);

for (const [name, [good, bad]] of Object.entries(table)) {
  test(`${name}: both results fit its output schema`, async () => {
    const tool = tools.find((one) => one.name === name);
    const fits = ajv.compile(tool.outputSchema);
    const takes = ajv.compile(tool.inputSchema);
    const check = (result) => {
      assert.ok(fits(result.structuredContent), `${ajv.errorsText(fits.errors)}: ${JSON.stringify(result.structuredContent)}`);
      for (const key of Object.keys(result.structuredContent)) assert.ok(tool.outputSchema.properties[key], `${key} is not in the output schema`);
      assert.match(textOf(result), /\S/);
    };
    assert.ok(takes(given(good)), ajv.errorsText(takes.errors));
    const done = await agent.tool(name, given(good));
    check(done);
    assert.ok(!done.isError && done.structuredContent.success !== false || name === 'system_run_command', textOf(done));
    const failed = await agent.tool(name, given(bad));
    check(failed);
    assert.ok(hasFailed(failed), textOf(failed));
  });
}
