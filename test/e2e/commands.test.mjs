// Commands: long ones, loud ones, stubborn ones.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Server } from './support/server.mjs';
import { Agent, textOf } from './support/client.mjs';

let server, agent, id;
before(async () => {
  server = await Server.start();
  agent = await Agent.connect(server.url);
  id = await agent.container();
});
after(async () => { await agent?.close(); await server?.stop(); });

test('a five-second command is handed back at three and finishes with its exact output', async () => {
  const first = await agent.run(id, 'echo one; sleep 5; echo two; exit 7');
  assert.equal(first.state, 'running');
  assert.equal(first.stdout, 'one\n');
  assert.equal(first.exit_code, undefined);
  const last = await agent.finish(first.command_id);
  assert.equal(last.state, 'exited');
  assert.equal(last.exit_code, 7);
  assert.equal(last.stdout, 'one\ntwo\n');
  assert.ok(last.duration_ms >= 5000, `${last.duration_ms}`);
});

test('wait_seconds and background decide how long a call waits', async () => {
  const long = await agent.run(id, 'sleep 4; echo done', { wait_seconds: 20 });
  assert.equal(long.state, 'exited');
  assert.equal(long.stdout, 'done\n');
  const back = await agent.run(id, 'sleep 1; echo later', { background: true });
  assert.equal(back.state, 'running');
  assert.equal((await agent.finish(back.command_id)).stdout, 'later\n');
});

test('fifty megabytes of output are neither lost nor flood the answer', async () => {
  const lines = 50 * 1024 * 1024 / 64;
  const script = `awk 'BEGIN { for (i = 0; i < ${lines}; i++) printf "%063d\\n", i }'`;
  let view = await agent.run(id, script, { wait_seconds: 45 });
  if (view.state === 'running') view = await agent.finish(view.command_id, 120000);
  assert.equal(view.exit_code, 0);
  assert.ok(Buffer.byteLength(view.stdout) < 20 * 1024, 'the inline output is short');
  assert.ok(view.stdout.startsWith('0'.repeat(63) + '\n'));
  assert.ok(view.stdout.endsWith(`${String(lines - 1).padStart(63, '0')}\n`));
  assert.match(view.stdout, /bytes omitted/);
  assert.ok(view.truncated.stdout);

  const hash = createHash('sha256');
  let offset = 0, total = 0;
  for (;;) {
    const part = await agent.call('check_command', {
      command_id: view.command_id, stream: 'stdout', offset, encoding: 'base64', max_output_bytes: 1024 * 1024,
    });
    const bytes = Buffer.from(part.stdout, 'base64');
    if (bytes.length === 0) break;
    hash.update(bytes);
    total += bytes.length;
    offset = part.next_offset;
  }
  assert.equal(total, lines * 64);
  const expected = createHash('sha256');
  for (let i = 0; i < lines; i++) expected.update(`${String(i).padStart(63, '0')}\n`);
  assert.equal(hash.digest('hex'), expected.digest('hex'));
});

test('binary output is replaced in text, said so, and readable as it was', async () => {
  const result = await agent.tool('execute_command', {
    container_id: id, command: "printf '\\000\\001\\377\\376ok\\n'",
  });
  const view = result.structuredContent;
  assert.match(view.stdout, /\uFFFD/);
  assert.match(view.stdout, /ok/);
  assert.match(textOf(result), /UTF-8|binary/i);
  const raw = await agent.call('check_command', { command_id: view.command_id, encoding: 'base64', offset: 0, stream: 'stdout' });
  assert.deepEqual([...Buffer.from(raw.stdout, 'base64')], [0, 1, 255, 254, 111, 107, 10]);
});

test('a command that leaves a child in the background ends at once', async () => {
  const started = Date.now();
  const view = await agent.run(id, 'sleep 300 & echo started', { wait_seconds: 30 });
  assert.equal(view.state, 'exited');
  assert.equal(view.exit_code, 0);
  assert.equal(view.stdout, 'started\n');
  assert.ok(Date.now() - started < 15000, 'it did not wait for the child');
  const alive = await agent.run(id, 'ps | grep -c "[s]leep 300"');
  assert.ok(Number(alive.stdout) >= 1, 'the child lives on');
});

test('kill_command ends the whole tree, children that called setsid included', async () => {
  const view = await agent.run(id, `
    setsid sh -c 'sleep 7001' &
    (setsid sh -c 'sleep 7002 & sleep 7003' &)
    sh -c 'trap "" TERM; sleep 7004' &
    echo up; wait; sleep 7005`, { wait_seconds: 1 });
  assert.equal(view.state, 'running');
  const before = await agent.run(id, 'ps | grep -c "[s]leep 700"');
  assert.ok(Number(before.stdout) >= 4, before.stdout);
  await agent.call('kill_command', { command_id: view.command_id });
  const end = await agent.finish(view.command_id);
  assert.equal(end.state, 'killed');
  assert.equal(end.exit_code, undefined);
  const left = await agent.run(id, 'ps | grep "[s]leep 700"');
  assert.equal(left.stdout, '');
});

test('send_input feeds a command, and eof ends its input', async () => {
  const view = await agent.run(id, 'read a; echo "got $a"; cat', { wait_seconds: 0 });
  await agent.call('send_input', { command_id: view.command_id, text: 'first line\n' });
  await agent.call('check_command', { command_id: view.command_id, wait_for: 'got first line', wait_seconds: 20 });
  await agent.call('send_input', { command_id: view.command_id, text: 'rest 한\n', eof: true });
  const end = await agent.finish(view.command_id);
  assert.equal(end.exit_code, 0);
  assert.equal(end.stdout, 'got first line\nrest 한\n');
  await agent.refused('conflict', 'send_input', { command_id: view.command_id, text: 'late' });
});

test('stdin given with the command is all there is', async () => {
  const text = 'x'.repeat(200000) + '\n';
  const view = await agent.run(id, 'wc -c', { stdin: text, wait_seconds: 20 });
  assert.equal(view.stdout.trim(), String(text.length));
});

test('kill_after_seconds ends a command and says so', async () => {
  const view = await agent.run(id, 'sleep 100', { kill_after_seconds: 1, wait_seconds: 20 });
  assert.equal(view.state, 'timed_out');
  assert.match(view.hint, /kill_after_seconds/);
});

test('wait_for returns when the words appear, and grep finds lines', async () => {
  const view = await agent.run(id, 'for i in 1 2 3 4 5; do echo line $i; sleep 1; done', { wait_seconds: 0 });
  const seen = await agent.call('check_command', { command_id: view.command_id, wait_for: 'line [34]', wait_seconds: 30 });
  assert.equal(seen.state, 'running');
  assert.match(seen.stdout, /line 3/);
  const end = await agent.finish(view.command_id);
  assert.equal(end.exit_code, 0);
  const found = await agent.tool('check_command', { command_id: view.command_id, grep: '[25]$' });
  assert.match(textOf(found), /2:line 2/);
  assert.match(textOf(found), /5:line 5/);
  assert.doesNotMatch(textOf(found), /line 3/);
  await agent.refused('invalid', 'check_command', { command_id: view.command_id, grep: '(' });
});

test('grep finds lines behind output that was not kept, and says what is missing', async () => {
  const small = await Server.start({ OUTPUT_SPOOL: '64k' });
  try {
    const other = await Agent.connect(small.url);
    const view = await other.run(await other.container(), 'seq 1 50000', { wait_seconds: 30 });
    assert.equal(view.state, 'exited');
    const found = await other.tool('check_command', { command_id: view.command_id, grep: '^(7|49999)$', stream: 'stdout' });
    const { matches, truncated } = found.structuredContent;
    assert.deepEqual(matches.stdout, { count: 2, lines: [{ number: 7, text: '7' }, { text: '49999' }] });
    assert.equal(truncated.stdout.lost_from, 65536);
    assert.match(textOf(found), /\?:49999\n\[output beyond the spool limit of 65536 bytes was not kept/);
    await other.close();
  } finally {
    await small.stop();
  }
});

test('list_commands tells what ran and what runs', async () => {
  const own = await agent.container();
  await agent.run(own, 'exit 4');
  const running = await agent.run(own, 'sleep 50', { background: true });
  const { commands } = await agent.call('list_commands', { container_id: own });
  assert.deepEqual(commands.map((c) => [c.command, c.state, c.exit_code]),
    [['exit 4', 'exited', 4], ['sleep 50', 'running', undefined]]);
  await agent.call('destroy_container', { container_id: own });
  const view = await agent.call('check_command', { command_id: running.command_id });
  assert.notEqual(view.state, 'running');
});

test('many commands at once each get their own output', async () => {
  const own = await agent.container();
  const views = await Promise.all(Array.from({ length: 20 }, (_, i) =>
    agent.run(own, `sleep 0.2; echo number ${i}`, { wait_seconds: 30 })));
  views.forEach((view, i) => assert.equal(view.stdout, `number ${i}\n`));
  await agent.call('destroy_container', { container_id: own });
});

test('a missing program is explained', async () => {
  const view = await agent.run(id, 'python3 -c "print(1)"');
  assert.equal(view.exit_code, 127);
  assert.match(view.hint, /python3/);
});

test('output of a command can be read after its container is gone', async () => {
  const own = await agent.container();
  const view = await agent.run(own, 'echo kept');
  await agent.call('destroy_container', { container_id: own });
  const later = await agent.call('check_command', { command_id: view.command_id });
  assert.equal(later.stdout, 'kept\n');
  assert.equal(later.exit_code, 0);
});

test('a regular expression made to explode does not stop the server', async () => {
  const view = await agent.run(id, `awk 'BEGIN { for (i = 0; i < 30000; i++) printf "a"; print "!" }'`);
  const start = Date.now();
  const [, quick] = await Promise.all([
    agent.tool('check_command', { command_id: view.command_id, grep: '(a+)+$' }),
    agent.run(id, 'echo quick').then((v) => ({ v, ms: Date.now() - start })),
  ]);
  assert.equal(quick.v.stdout, 'quick\n');
});
