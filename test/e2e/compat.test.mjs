// The drop-in sets, as a client uses them that was written for another server: its names, its arguments,
// its shapes, and nothing else.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Server } from './support/server.mjs';
import { Agent, textOf } from './support/client.mjs';
import { offer } from './support/images.mjs';

const settings = {
  ...offer('alpine'), SANDBOX_IMAGE: 'localhost/sandpod-alpine', SANDBOX_IMAGES: '', SANDBOX_CPUS: '2',
  SANDPOD_TOOLS: 'compat-container-mcp,compat-code-sandbox', BASH_TIMEOUT_DEFAULT: '2', FILE_MAX_SIZE_MB: '1',
};
let server, agent;

before(async () => {
  server = await Server.start(settings);
  agent = await Agent.connect(server.url);
});

after(async () => {
  await agent?.close();
  await server?.stop();
});

const names = async (who) => (await who.client.listTools()).tools.map(({ name }) => name);

test('both sets are offered whole, and nothing beside them', async () => {
  assert.deepEqual(await names(agent), [
    'read_file', 'write_file', 'list_files', 'web_search', 'web_scrape', 'web_browse',
    'system_run_command', 'system_run_python', 'system_env_var', 'file_read', 'file_write', 'file_list', 'file_delete', 'file_move',
    'create_sandbox', 'close_sandbox', 'get_sandbox_status', 'execute_code', 'install_package', 'create_run_close', 'upload_file']);
});

test('container-mcp: commands, in a sandbox of the caller without a network', async () => {
  assert.deepEqual(await agent.call('system_run_command', { command: 'echo out; echo err >&2; exit 3' }),
    { stdout: 'out\n', stderr: 'err\n', exit_code: 3, success: false });
  const { stdout } = await agent.call('system_run_command', { command: 'pwd; ls /sys/class/net', working_dir: '/tmp' });
  assert.equal(stdout, '/tmp\nlo\n');
  const late = await agent.call('system_run_command', { command: 'echo begun; cat /dev/zero > /dev/null' });
  assert.deepEqual(late, { stdout: 'begun\n', stderr: 'Command execution timed out after 2 seconds', exit_code: 124, success: false });
});

test('container-mcp: Python, whose result is what it leaves in _', async () => {
  assert.deepEqual(await agent.call('system_run_python', { code: 'print("a"); _ = {"x": [1, 2]}' }),
    { output: 'a\n', error: '', result: { x: [1, 2] }, success: true });
  assert.deepEqual(await agent.call('system_run_python', { code: 'kept = 1\n6 * 7' }),
    { output: '', error: '', result: null, success: true });
  const failed = await agent.call('system_run_python', { code: 'print("b"); kept' });
  assert.equal(failed.output, 'b\n');
  assert.match(failed.error, /NameError: name 'kept' is not defined/);
  assert.equal(failed.success, false);
  for (const code of ['exit(3)', 'import os; os._exit(3)']) {
    const ended = await agent.tool('system_run_python', { code });
    assert.equal(ended.structuredContent.success, false);
    assert.match(ended.structuredContent.error, /^SystemExit: .*exit code 3/);
    assert.doesNotMatch(textOf(ended), /state was lost|context/);
  }
});

test('container-mcp: the environment is the sandbox\'s', async () => {
  const one = await agent.call('system_env_var', { var_name: 'HOME' });
  assert.deepEqual(one, { variables: { HOME: '/root' }, requested_var: '/root' });
  const all = await agent.call('system_env_var');
  assert.equal(all.requested_var, null);
  assert.ok(all.variables.PATH);
  assert.equal(all.variables.SANDPOD_TOOLS ?? all.variables.DATA_DIR, undefined);
});

test('container-mcp: files, from the root of the sandbox', async () => {
  assert.deepEqual(await agent.call('file_write', { path: '/notes/a.txt', content: 'hé\n' }), { path: '/notes/a.txt', success: true });
  const read = await agent.call('file_read', { path: 'notes/a.txt', encoding: 'utf-8' });
  assert.deepEqual({ ...read, modified: 0 }, { content: 'hé\n', size: 4, modified: 0, success: true });
  assert.ok(Math.abs(read.modified - Date.now() / 1000) < 3600);
  assert.deepEqual(await agent.call('file_move', { source: 'notes/a.txt', destination: 'notes/b.md' }),
    { source: 'notes/a.txt', destination: 'notes/b.md', success: true });
  const { entries, ...rest } = await agent.call('file_list', { path: '/notes', pattern: '*.md' });
  assert.deepEqual(rest, { path: '/notes', success: true });
  assert.deepEqual(entries.map(({ modified, ...entry }) => entry), [{ name: 'b.md', path: 'notes/b.md', is_directory: false, size: 4 }]);
  const root = await agent.call('file_list');
  assert.deepEqual(root.entries.find(({ name }) => name === 'notes').is_directory, true);
  assert.deepEqual(await agent.call('file_delete', { path: 'notes/b.md' }), { path: 'notes/b.md', success: true });
  assert.equal((await agent.call('system_run_command', { command: 'ls notes' })).stdout, '');
});

test('container-mcp: what its policies are against is an answer in its shape', async () => {
  for (const [name, args, error] of [
    ['file_read', { path: 'notes/b.md' }, /b\.md/],
    ['file_write', { path: 'run.sh', content: '' }, /File extension not allowed: sh/],
    ['file_write', { path: 'a.txt', content: 'x'.repeat(1048577) }, /Content too large: 1048577 bytes/],
    ['file_read', { path: '../../etc/passwd' }, /Path traversal attempt/],
    ['file_delete', { path: 'notes' }, /Cannot delete directory/],
  ]) {
    const view = await agent.call(name, args);
    assert.equal(view.success, false, name);
    assert.match(view.error, error, name);
  }
});

test('container-mcp: commands are held to BASH_ALLOWED_COMMANDS, which rules this set only', async () => {
  const strict = await Server.start({ SANDPOD_TOOLS: 'containers,commands,compat-container-mcp', BASH_ALLOWED_COMMANDS: 'ls,echo' });
  const client = await Agent.connect(strict.url);
  try {
    assert.equal((await client.call('system_run_command', { command: 'echo a | cat' })).exit_code, 1);
    assert.deepEqual(await client.call('system_run_command', { command: 'echo a; echo $(id)' }), {
      stdout: '', stderr: 'Command not allowed: a command substitution cannot be checked against BASH_ALLOWED_COMMANDS', exit_code: 1, success: false });
    assert.equal((await client.call('system_run_command', { command: 'echo "a; b" && echo c' })).stdout, 'a; b\nc\n');
    assert.equal((await client.run(await client.container(), 'cat /etc/hostname | wc -l')).exit_code, 0);
  } finally {
    await client.close();
    await strict.stop();
  }
});

test('container-mcp: the web tools say what they need', async () => {
  const refused = await agent.refused('unavailable', 'web_scrape', { url: 'http://example.org/' });
  assert.match(refused.message, /no image for the web tools/);
});

test('container-mcp: a lost sandbox is told of, and another caller has another', async () => {
  await agent.call('system_run_command', { command: 'echo mine > mine.txt' });
  const other = await Agent.connect(server.url);
  assert.equal((await other.call('system_run_command', { command: 'ls' })).stdout, '');
  await other.close();
  const { active_sessions: [id] } = await agent.call('get_sandbox_status');
  await agent.call('close_sandbox', { sandbox_id: id });
  const result = await agent.tool('system_run_command', { command: 'ls' });
  assert.equal(result.structuredContent.stdout, '');
  assert.match(textOf(result), /the one before is lost with its files/);
});

test('code-sandbox: code that keeps its state, by the client\'s own name for the sandbox', async () => {
  const made = await agent.call('create_sandbox', { session_id: 'my work' });
  assert.equal(made.sandbox_id, 'my work');
  assert.equal((await agent.call('create_sandbox', { session_id: 'my work' })).expires_at, made.expires_at);
  assert.deepEqual(await agent.call('execute_code', { session_id: 'my work', code: 'x = 20\nprint("hi")' }),
    { logs: { stdout: ['hi\n'], stderr: [] }, error: null });
  assert.equal((await agent.call('execute_code', { sandbox_id: 'my work', code: 'x + 1' })).result, 21);
  const { error } = await agent.call('execute_code', { sandbox_id: 'my work', code: '1 / 0' });
  assert.equal(error.name, 'ZeroDivisionError');
  assert.equal(error.value, 'division by zero');
  assert.match(error.traceback, /1 \/ 0/);
  const crashed = await agent.call('execute_code', { sandbox_id: 'my work', code: 'import os; os._exit(3)' });
  assert.deepEqual(crashed.error, { name: 'SystemExit', traceback: '',
    value: 'the code ended with exit code 3, and its interpreter with it: variables are gone' });
});

test('code-sandbox: files', async () => {
  const sandbox_id = 'my work';
  assert.equal((await agent.call('upload_file', { sandbox_id, file_name: 'a.csv', file_content: 'x,y\n', destination_path: '/data' })).path, '/data/a.csv');
  assert.equal((await agent.call('read_file', { sandbox_id, file_path: '/data/a.csv' })).content, 'x,y\n');
  await agent.call('write_file', { session_id: sandbox_id, file_path: '/data/b.txt', content: 'b' });
  const { entries } = await agent.call('list_files', { sandbox_id, path: '/data' });
  assert.deepEqual(entries.map(({ name }) => name), ['a.csv', 'b.txt']);
});

test('code-sandbox: status, and the end, which may come twice', async () => {
  const { sandbox_id } = await agent.call('create_sandbox');
  assert.match(sandbox_id, /^c-/);
  assert.equal((await agent.call('get_sandbox_status', { sandbox_id })).status, 'active');
  const all = await agent.call('get_sandbox_status');
  assert.equal(all.active_sandbox_count, all.active_sessions.length);
  assert.ok(['my work', sandbox_id].every((id) => all.active_sessions.includes(id)), all.active_sessions.join());
  for (const id of ['my work', 'my work', sandbox_id])
    assert.equal((await agent.call('close_sandbox', { sandbox_id: id })).status, 'closed');
  const unknown = await agent.refused('not_found', 'execute_code', { sandbox_id: 'my work', code: '1' });
  assert.match(unknown.next, /^call get_sandbox_status .* create_sandbox/);
  const gone = await agent.refused('gone', 'get_sandbox_status', { sandbox_id });
  assert.equal(gone.next, 'call create_sandbox for a new one');
});

test('code-sandbox: one piece of code in a sandbox of its own', async () => {
  const before = await agent.call('get_sandbox_status');
  const view = await agent.call('create_run_close', { code: 'import sys; print("once", file=sys.stderr); raise SystemError("no")' });
  assert.deepEqual(view.logs, { stdout: [], stderr: ['once\n'] });
  assert.equal(view.error.name, 'SystemError');
  assert.ok(view.sandbox_closed && view.sandbox_removed);
  assert.equal((await agent.call('get_sandbox_status')).active_sandbox_count, before.active_sandbox_count);
});

test('code-sandbox: a package', async () => {
  const { sandbox_id } = await agent.call('create_sandbox');
  const refused = await agent.refused('conflict', 'install_package', { sandbox_id, package_name: 'requests' });
  assert.match(refused.next, /SANDBOX_NETWORK=internet/);
  const view = await agent.call('install_package', { sandbox_id, package_name: './nothing.whl' });
  assert.equal(view.package, './nothing.whl');
  assert.match(view.error, /nothing\.whl/);
  assert.match(view.output.stdout.join(''), /nothing\.whl/);
  assert.doesNotMatch(view.output.stdout.join(''), /report-|manager\t/);
});
