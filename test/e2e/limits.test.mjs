// The walls hold, and say so when they are hit.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Server } from './support/server.mjs';
import { Agent } from './support/client.mjs';

let server, agent;
before(async () => {
  server = await Server.start();
  agent = await Agent.connect(server.url);
});
after(async () => { await agent?.close(); await server?.stop(); });

async function inContainer(work, args) {
  const id = await agent.container(args);
  try {
    await work(id);
  } finally {
    await agent.call('destroy_container', { container_id: id });
  }
}

test('memory over 256 MiB is killed and says so', () => inContainer(async (id) => {
  const view = await agent.run(id, `awk 'BEGIN { s = "0123456789abcdef"; for (;;) s = s s }'`, { wait_seconds: 40 });
  assert.equal(view.state, 'oom_killed');
  assert.match(view.hint, /memory/);
  const after = await agent.run(id, 'echo alive');
  assert.equal(after.stdout, 'alive\n');
}));

test('run_once has the limits, the life and the folder that it is asked for', async () => {
  const grow = `pwd; awk 'BEGIN { s = "0123456789abcdef"; for (;;) s = s s }'`;
  const view = await agent.call('run_once', { command: grow, name: 'small', memory_mb: 32, cpus: 0.25, pids: 20, ttl_seconds: 77, workdir: '/tmp' });
  assert.deepEqual([view.state, view.stdout], ['oom_killed', '/tmp\n']);
  assert.match(view.hint, /memory limit of 32 MiB/);
  const { containers } = await agent.call('list_containers', { include_gone: true });
  const { limits, workdir, created_at, expires_at } = containers.find(({ name }) => name === 'small');
  assert.deepEqual(limits, { memory_mb: 32, cpus: 0.25, pids: 20 });
  assert.equal(workdir, '/tmp');
  assert.equal(Date.parse(expires_at) - Date.parse(created_at), 77000);
});

test('two hundred processes are not possible, and the container can be used afterwards', () => inContainer(async (id) => {
  const view = await agent.run(id, 'i=0; while [ $i -lt 200 ]; do sleep 60 & i=$((i+1)); done; wait', { wait_seconds: 20 });
  assert.equal(view.state, 'exited');
  assert.match(view.stderr, /can't fork/);
  assert.match(view.hint, /100 processes/);
  const { usage } = await agent.call('check_container', { container_id: id });
  assert.ok(usage.pids <= 100, `${usage.pids} processes`);
  assert.match(view.hint, /kill -9 -1/, 'the hint says how to go on');
  await agent.run(id, 'kill -9 -1', { wait_seconds: 20 });
  const after = await agent.run(id, 'sleep 0; echo alive', { wait_seconds: 20 });
  assert.equal(after.stdout, 'alive\n');
}));

test('a fork bomb is ended by kill_command', () => inContainer(async (id) => {
  const view = await agent.run(id, 'bomb() { bomb | bomb & }; bomb; sleep 1000', { wait_seconds: 1 });
  await agent.call('kill_command', { command_id: view.command_id, signal: 'KILL' });
  const done = await agent.call('destroy_container', { container_id: id });
  assert.equal(done.status, 'destroyed');
}));

test('there are no capabilities, no new privileges, and a seccomp filter', () => inContainer(async (id) => {
  const { stdout } = await agent.run(id, 'cat /proc/self/status');
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    assert.match(stdout, new RegExp(`${set}:\\s*0{16}\n`));
  assert.match(stdout, /NoNewPrivs:\s*1\n/);
  assert.match(stdout, /Seccomp:\s*2\n/);
}));

test('root inside is nobody outside, in a range of its own', () => inContainer(async (one) => inContainer(async (two) => {
  const maps = await Promise.all([one, two].map(async (id) => (await agent.run(id, 'cat /proc/self/uid_map')).stdout.trim().split(/\s+/).map(Number)));
  for (const [inside, outside, size] of maps) {
    assert.equal(inside, 0);
    assert.ok(outside >= 65536);
    assert.equal(size, 65536);
  }
  assert.ok(Math.abs(maps[0][1] - maps[1][1]) >= 65536, 'the ranges do not overlap');
})));

test('kernel settings cannot be written', () => inContainer(async (id) => {
  const view = await agent.run(id, 'echo x > /proc/sys/kernel/hostname; echo $?; echo c > /proc/sysrq-trigger; echo $?');
  assert.equal(view.stdout, '1\n1\n');
}));

test('process 1 cannot be killed, traced or read from inside', () => inContainer(async (id) => {
  const view = await agent.run(id, 'kill -9 1; kill -STOP 1; cat /proc/1/environ; ls /proc/1/fd; echo x > /.sandpod/agent; rm /.sandpod/agent; echo end');
  assert.match(view.stdout, /^end\n$/);
  assert.match(view.stderr, /denied|not permitted/i);
  assert.equal((await agent.run(id, 'echo alive')).stdout, 'alive\n');
}));

test('half a processor is what a container gets', () => inContainer(async (id) => {
  const view = await agent.run(id, 'end=$(($(date +%s) + 4)); while [ $(date +%s) -lt $end ]; do :; done & end=$(($(date +%s) + 4)); while [ $(date +%s) -lt $end ]; do :; done; wait; cat /proc/uptime', { wait_seconds: 40 });
  const ratio = view.usage.cpu_ms / view.duration_ms;
  assert.ok(ratio < 0.75, `${ratio} processors`);
}));

test('the sandbox says truthfully what is in force', () => inContainer(async (id) => {
  const view = await agent.call('check_container', { container_id: id });
  for (const wall of ['memory', 'cpu', 'pids', 'capabilities', 'seccomp'])
    assert.equal(view.isolation[wall], 'enforced', wall);
}));

test('less can be asked for than the maximum, and more is refused', async () => {
  await inContainer(async (id) => {
    const view = await agent.run(id, 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true');
    assert.match(view.stdout, /^67108864$/m);
  }, { memory_mb: 64, cpus: 0.25, pids: 50 });
  await agent.refused('limit', 'create_container', { memory_mb: 257 });
  await agent.refused('limit', 'create_container', { pids: 101 });
  await agent.refused('limit', 'create_container', { ttl_seconds: 7201 });
});

test('a FIFO cannot take the place of /etc/passwd, so that Podman cannot be frozen', () => inContainer(async (id) => {
  const view = await agent.run(id, 'rm -f /etc/passwd; mv /etc /old; mkfifo /etc/passwd; mv /etc/passwd /etc/p; umount /etc/passwd; test -f /etc/passwd && echo file; echo 127.0.0.9 me >> /etc/hosts && echo writable');
  assert.match(view.stdout, /file/);
  const other = await agent.container();
  assert.equal((await agent.run(other, 'echo fine')).stdout, 'fine\n');
  await agent.call('destroy_container', { container_id: other });
}));

test('no network means no network', () => inContainer(async (id) => {
  const view = await agent.run(id, 'ls /sys/class/net; wget -T 3 -q -O- http://127.0.0.1:1 http://1.1.1.1; echo $?');
  assert.match(view.stdout, /^lo\n[^0]/);
}, { network: 'none' }));
