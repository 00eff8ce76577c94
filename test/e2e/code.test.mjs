// Code: interpreters that keep their state, in real containers with the images' own Python and Node.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Server, eventually } from './support/server.mjs';
import { Agent, textOf } from './support/client.mjs';
import { offer } from './support/images.mjs';

let server, agent, id;
before(async () => {
  server = await Server.start({ ...offer('python', 'web'), SANDBOX_MEMORY: '512m', SANDBOX_CPUS: '2',
    OUTPUT_SPOOL: '4m', SANDBOX_PIDS: '100' });
  agent = await Agent.connect(server.url);
  id = await agent.container({ image: 'python' });
});
after(async () => { await agent?.close(); await server?.stop(); });

/** run_code with a context of its own, unless one is named. */
let contexts = 0;
const py = (code, args = {}) =>
  agent.call('run_code', { container_id: id, code, wait_seconds: 40, context: `c${contexts}`, ...args });
const newContext = () => { contexts += 1; };

/** Width and height, out of the header that every PNG has. */
function sizeOf(block) {
  assert.equal(block.type, 'image');
  assert.equal(block.mimeType, 'image/png');
  const bytes = Buffer.from(block.data, 'base64');
  assert.equal(bytes.subarray(0, 8).toString('hex'), '89504e470d0a1a0a');
  assert.equal(bytes.subarray(-8, -4).toString(), 'IEND', 'the picture is whole');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}
const picturesOf = (result) => result.content.filter((block) => block.type === 'image');

/** Destroyed by itself, and told so. */
async function assertGone(container_id) {
  await eventually('the container is gone', async () => {
    const look = await agent.tool('check_container', { container_id });
    return look.isError && look.structuredContent.code === 'gone';
  });
}

test('variables, imports and functions last; the last expression is the result, in both forms', async () => {
  newContext();
  const first = await py('import math\nx = 41\ndef f(): return {"x": x + 1}\nprint("hi")');
  assert.equal(first.stdout, 'hi\n');
  assert.equal(first.state, 'exited');
  assert.equal('result' in first, false);
  const second = await agent.tool('run_code', { container_id: id, code: 'f()', context: `c${contexts}` });
  assert.deepEqual(second.structuredContent.result, { x: 42 });
  assert.match(textOf(second), /^\[result\]\n\{"x":42\}\n\[exit 0 · /);
  assert.equal((await py('_ = [1]\nprint(0)')).result[0], 1);
  assert.equal((await py('object()')).result.startsWith('<object object at'), true);
});

test('an error is a result: type, message, trimmed traceback; a syntax error likewise', async () => {
  newContext();
  const raised = await agent.tool('run_code', { container_id: id, code: 'def f():\n  return 1/0\nf()' });
  assert.equal(raised.isError ?? false, false);
  const { error, exit_code, state } = raised.structuredContent;
  assert.deepEqual([error.type, error.message, exit_code, state], ['ZeroDivisionError', 'division by zero', 1, 'exited']);
  assert.equal(error.traceback.split('\n')[1], '  File "<cell 1>", line 3, in <module>');
  assert.match(textOf(raised), /\[error\]\nTraceback[^]*ZeroDivisionError: division by zero\n\[exit 1/);
  const syntax = await py('x = (');
  assert.equal(syntax.error.type, 'SyntaxError');
  assert.match(syntax.error.traceback, /x = \(\n\s+\^/);
});

test('figures and images come as pictures without the code asking', async () => {
  newContext();
  const drawn = await agent.tool('run_code', { container_id: id, wait_seconds: 45, code:
    'import matplotlib.pyplot as plt\nplt.figure(figsize=(4, 3))\nplt.plot([1, 4, 9])\nplt.show()\n' +
    'fig, ax = plt.subplots(figsize=(8, 3))\nax.bar(["a", "b"], [1, 2])' });
  const [first, second] = picturesOf(drawn).map(sizeOf);
  assert.ok(Math.abs(first[0] - 400) < 60 && Math.abs(first[1] - 300) < 60, `${first}`);
  assert.ok(Math.abs(second[0] - 800) < 200 && Math.abs(second[1] - 300) < 60, `${second}`);
  assert.equal(drawn.structuredContent.pictures, 2);
  assert.equal('result' in drawn.structuredContent, false, 'what matplotlib returns is not told');
  const image = await agent.tool('run_code', { container_id: id, wait_seconds: 45,
    code: 'from PIL import Image\nImage.new("RGB", (30, 20), "red").show()\nImage.new("L", (7, 5))' });
  assert.deepEqual(picturesOf(image).map(sizeOf), [[30, 20], [7, 5]]);
  const again = await agent.tool('check_command', { command_id: image.structuredContent.command_id });
  assert.deepEqual(picturesOf(again).map(sizeOf), [[30, 20], [7, 5]], 'check_command has them too');
  const frame = await py('import pandas as pd\npd.DataFrame({"a": [1, 2]})', { context: 'default' });
  assert.match(frame.result, /^ {3}a\n0 {2}1\n1 {2}2$/);
});

test('a picture too large for an answer is scaled down; too many are told', async () => {
  const large = await agent.tool('run_code', { container_id: id, wait_seconds: 45, code:
    'from PIL import Image\nimport os\nImage.frombytes("RGB", (1600, 1600), os.urandom(1600 * 1600 * 3))' });
  assert.deepEqual(picturesOf(large).map(sizeOf), [[400, 400]]);
  const many = await agent.tool('run_code', { container_id: id, wait_seconds: 45, code:
    'for i in range(13): Image.new("L", (1, 1)).show()' });
  assert.equal(picturesOf(many).length, 10);
  assert.match(many.structuredContent.stderr, /3 pictures are left out/);
});

test('an endless loop is handed back, interrupted by kill_command, and its variables are kept', async () => {
  newContext();
  const running = await py('x = 5\nprint("in it")\nwhile True: pass', { wait_seconds: 1 });
  assert.equal(running.state, 'running');
  assert.match(running.hint, /check_command\(command_id=.*or kill_command/);
  const killed = await agent.call('kill_command', { command_id: running.command_id });
  assert.deepEqual([killed.state, killed.stdout, killed.error?.type], ['killed', 'in it\n', 'KeyboardInterrupt']);
  assert.equal((await py('x')).result, 5);
  const timed = await py('while True: pass', { kill_after_seconds: 0.5 });
  assert.equal(timed.state, 'timed_out');
  assert.equal((await py('x')).result, 5);
});

test('code that heeds no interrupt is killed, and the next call says that it starts afresh', async () => {
  newContext();
  const running = await py('import signal\nx = signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass', { wait_seconds: 1 });
  const killed = await agent.call('kill_command', { command_id: running.command_id });
  const over = killed.state === 'running' ? await agent.finish(running.command_id) : killed;
  assert.equal(over.state, 'killed');
  assert.equal(over.context_over, true);
  const next = await agent.tool('run_code', { container_id: id, code: 'x', context: `c${contexts}` });
  assert.equal(next.structuredContent.error.type, 'NameError');
  assert.match(next.structuredContent.state_lost, /killed/);
  assert.match(textOf(next), /its state was lost/);
});

test('os._exit, a crash and sys.exit: each has its answer', async () => {
  newContext();
  const left = await py('print("a")\nimport os; os._exit(4)');
  assert.deepEqual([left.state, left.exit_code, left.stdout, left.context_over], ['exited', 4, 'a\n', true]);
  const next = await py('1');
  assert.deepEqual([next.result, next.state_lost], [1, 'it ended with exit code 4']);
  const crashed = await py('import ctypes; ctypes.string_at(0)');
  assert.deepEqual([crashed.state, crashed.signal, crashed.context_over], ['killed', 'SIGSEGV', true]);
  await py('x = 2; import sys; sys.exit(3)').then((view) => assert.equal(view.exit_code, 3));
  assert.equal((await py('x')).result, 2);
});

test('a gigabyte of output is bounded, and what is kept can be read', async () => {
  newContext();
  const view = await py('block = ("x" * 1023 + "\\n") * 1024\nfor i in range(1024): print(block, end="")\n"end"');
  const over = view.state === 'running' ? await agent.finish(view.command_id, 120000) : view;
  assert.equal(over.result, 'end');
  assert.ok(Buffer.byteLength(over.stdout) < 20 * 1024);
  assert.ok(over.truncated.stdout.omitted_bytes > 1023 * 1024 * 1024);
  assert.ok(over.truncated.stdout.lost_bytes > 0, 'the spool limit is said');
  const page = await agent.call('check_command', { command_id: over.command_id, stream: 'stdout', offset: 1024 * 1024, max_output_bytes: 4096 });
  assert.equal(page.stdout, `${'x'.repeat(1023)}\n`.repeat(4));
  assert.equal((await py('1')).result, 1);
});

test('a huge result is bounded with a mark; more of it can be read', async () => {
  const view = await py('[0] * 20000000');
  assert.match(view.result, /bytes omitted; check_command/);
  assert.ok(view.result_omitted_bytes > 200000);
  assert.ok(view.result.length < 20 * 1024);
  const more = await agent.call('check_command', { command_id: view.command_id, max_output_bytes: 1024 * 1024 });
  assert.match(more.result, /the rest of this list of 20000000 elements is left out/);
});

test('closing and redirecting the standard streams harms that call alone', async () => {
  newContext();
  await py('import os, sys\nos.close(1); os.close(2)\nsys.stdout = None');
  const next = await py('print("a"); print("b", file=sys.stderr); os.system("echo c")');
  assert.deepEqual([next.stdout, next.stderr, next.result], ['a\nc\n', 'b\n', 0]);
});

test('what the code writes where results belong ends its interpreter, and is told', async () => {
  newContext();
  const view = await py('import os\nfor fd in range(3, 1100):\n  try: os.write(fd, b"nonsense\\n")\n  except OSError: pass');
  assert.match(view.reason ?? '', /descriptor 4/);
  assert.equal((await py('7')).result, 7);
});

test('a fork bomb ends with its call, and the container lives on', async () => {
  const other = await agent.container({ image: 'python', pids: 40 });
  const view = await agent.call('run_code', { container_id: other, wait_seconds: 30, kill_after_seconds: 2, code:
    'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass' });
  const over = view.state === 'running' ? await agent.finish(view.command_id) : view;
  assert.equal(over.state, 'timed_out');
  const next = await agent.call('run_code', { container_id: other, code: '1 + 1', wait_seconds: 30 });
  assert.equal(next.result, 2);
  await agent.call('destroy_container', { container_id: other });
});

test('contexts are separate, wait for each other in turn, and fresh starts over', async () => {
  await py('x = 1', { context: 'a' });
  assert.equal((await py('x', { context: 'b' })).error.type, 'NameError');
  const [first, second] = await Promise.all([
    py('import time; time.sleep(1); x += 1', { context: 'a' }), py('x', { context: 'a' })]);
  assert.equal(first.state, 'exited');
  assert.equal(second.result, 2);
  const fresh = await py('x', { context: 'a', fresh: true });
  assert.equal(fresh.error.type, 'NameError');
  const long = await py('time = __import__("time"); time.sleep(60)', { context: 'a', wait_seconds: 0.5 });
  const busy = await agent.refused('conflict', 'run_code', { container_id: id, code: '1', context: 'a', wait_seconds: 0.5 });
  assert.match(busy.message, new RegExp(long.command_id));
  await agent.call('kill_command', { command_id: long.command_id });
});

test('workdir and env are those of a new interpreter', async () => {
  newContext();
  const view = await py('import os; [os.getcwd(), os.environ["A"], os.environ.get("SANDPOD_DRIVER")]',
    { workdir: '/tmp', env: { A: 'b' } });
  assert.deepEqual(view.result, ['/tmp', 'b', null]);
});

test('sh keeps its directory, variables and functions; exit ends it', async () => {
  const sh = (code) => agent.call('run_code', { container_id: id, code, language: 'sh' });
  await sh('cd /tmp; export A=1; f() { echo "f $A $PWD"; }');
  assert.equal((await sh('f')).stdout, 'f 1 /tmp\n');
  const bad = await sh('if true; then');
  assert.equal(bad.exit_code, 2);
  assert.match(bad.stderr, /syntax error/);
  assert.equal((await sh('(exit 7)')).exit_code, 7);
  const left = await sh('exit 3');
  assert.deepEqual([left.exit_code, left.context_over], [3, true]);
  assert.equal((await sh('pwd')).stdout, '/workspace\n');
});

test('javascript: state, await, import, errors and interrupts', async () => {
  const web = await agent.container({ image: 'web' });
  const js = (code, args = {}) => agent.call('run_code', { container_id: web, code, language: 'javascript', wait_seconds: 30, ...args });
  await js('import os from "node:os"\nconst x = await Promise.resolve(1); class K { m() { return x } }');
  assert.deepEqual((await js('const y = 2; ({ x, y, k: new K().m(), os: typeof os.cpus })')).result,
    { x: 1, y: 2, k: 1, os: 'function' });
  assert.equal((await js('const y = 3; y')).result, 3);
  const raised = await js('function f() {\n  null.x\n}\nf()');
  assert.deepEqual([raised.error.type, raised.exit_code], ['TypeError', 1]);
  assert.match(raised.error.traceback, /at f \(<cell \d+>:2:8\)/);
  const running = await js('for (;;) ;', { wait_seconds: 1 });
  assert.equal((await agent.call('kill_command', { command_id: running.command_id })).state, 'killed');
  assert.equal((await js('x')).result, 1);
  const left = await js('process.exit(5)');
  assert.deepEqual([left.exit_code, left.context_over], [5, true]);
  await agent.call('destroy_container', { container_id: web });
});

test('what cannot be run says why', async () => {
  const none = await agent.refused('not_found', 'run_code', { container_id: id, code: '1', language: 'javascript', wait_seconds: 20 });
  assert.match(none.message, /javascript cannot run in container c-\w+: node is not in this image; /);
  const missing = await agent.call('execute_command', { container_id: id, command: 'node', wait_seconds: 20 });
  assert.ok(missing.hint?.includes('install_packages('));
  assert.ok(none.message.endsWith(missing.hint), `${none.message}\n${missing.hint}`);
  const choice = await agent.refused('invalid', 'run_code', { container_id: id, code: '1', language: 'cobol' });
  assert.match(choice.message, /language/);
  await agent.refused('not_found', 'run_code', { container_id: 'c-none', code: '1' });
  await agent.refused('invalid', 'run_code', { container_id: id, code: '' });
  await agent.refused('invalid', 'run_code', { container_id: id, code: '1', kill_after_seconds: 0 });
  await agent.refused('invalid', 'run_once', { code: '1', command: 'ls' });
  await agent.refused('invalid', 'run_once', {});
  await agent.refused('invalid', 'run_once', { code: '1', image: 'debian' });
});

test('run_once: code or a command, and the container is gone', async () => {
  const code = await agent.tool('run_once', { code: 'print("hi")\n6 * 7', image: 'python' });
  const view = code.structuredContent;
  assert.deepEqual([view.stdout, view.result, view.container_status], ['hi\n', 42, 'destroyed']);
  assert.match(textOf(code), /its container is destroyed/);
  await assertGone(view.container_id);
  const command = await agent.call('run_once', { command: 'cat; echo $A; exit 3', image: 'python', env: { A: 'b' } });
  assert.deepEqual([command.exit_code, command.stdout], [3, 'b\n']);
  await assertGone(command.container_id);
  const wrong = await agent.call('run_once', { code: '1/0', image: 'python' });
  assert.equal(wrong.error.type, 'ZeroDivisionError');
  await assertGone(wrong.container_id);
  const absent = await agent.tool('run_once', { code: '1', language: 'javascript', image: 'python' });
  assert.equal(absent.structuredContent.code, 'not_found');
  const { containers } = await agent.call('list_containers');
  assert.ok(containers.every((c) => c.image !== 'python' || c.container_id === id || c.status !== 'running'));
});

test('run_once: output that is cut, and a run that is handed back, can be read after the container', async () => {
  const cut = await agent.call('run_once', { command: 'seq 100000', image: 'python' });
  await assertGone(cut.container_id);
  const page = await agent.call('check_command', { command_id: cut.command_id, stream: 'stdout', tail_bytes: 13 });
  assert.equal(page.stdout, '99999\n100000\n'.slice(-13));
  const slow = await agent.tool('run_once', { code: 'import time\nprint("a", flush=True); time.sleep(3); print("b")\n"end"', image: 'python', wait_seconds: 2 });
  assert.deepEqual([slow.structuredContent.state, slow.structuredContent.container_status], ['running', 'running']);
  assert.match(textOf(slow), /destroyed when it ends/);
  const over = await agent.finish(slow.structuredContent.command_id);
  assert.deepEqual([over.stdout, over.result], ['a\nb\n', 'end']);
  await assertGone(over.container_id);
  const timed = await agent.call('run_once', { code: 'while True: pass', image: 'python', kill_after_seconds: 1 });
  assert.equal(timed.state, 'timed_out');
  await assertGone(timed.container_id);
});

test('run_once: a call that its client takes back leaves nothing', async () => {
  const stop = new AbortController();
  const call = agent.client.callTool({ name: 'run_once', arguments: { command: 'sleep 100', image: 'python', name: 'taken-back', wait_seconds: 40 } },
    undefined, { signal: stop.signal, timeout: 60000 }).catch(() => 'taken back');
  const mine = async () => (await agent.call('list_containers')).containers.filter((c) => c.name === 'taken-back');
  await eventually('it runs', async () => (await mine())[0]?.status === 'running');
  stop.abort();
  assert.equal(await call, 'taken back');
  await eventually('it is gone', async () => (await mine()).length === 0);
});

test('a restart of the server in the middle of a run loses neither the run, nor the state, nor the end of a run_once', async () => {
  newContext();
  await py('x = 3');
  const running = await py('import time\nfor i in range(6):\n  print(i, flush=True); time.sleep(0.5)\nx', { wait_seconds: 1 });
  const slow = await agent.call('run_once', { code: 'import time; time.sleep(4); "end"', image: 'python', wait_seconds: 1 });
  const { sessionId } = agent;
  await server.crashAndRestart();
  await agent.close().catch(() => {});
  agent = await Agent.connect(server.url, { sessionId });
  const over = await agent.finish(running.command_id);
  assert.deepEqual([over.state, over.stdout, over.result], ['exited', '0\n1\n2\n3\n4\n5\n', 3]);
  assert.equal((await py('x')).result, 3);
  assert.equal((await agent.finish(slow.command_id)).result, 'end');
  await assertGone(slow.container_id);
});
