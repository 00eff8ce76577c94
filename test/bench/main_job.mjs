// How fast the main job is, beside the bare API of the same Podman in the same run.  Ratios count; the
// absolute times are this machine's.
import { Agent as Http, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { Server } from '../e2e/support/server.mjs';
import { Agent } from '../e2e/support/client.mjs';

const rounds = Number(process.env.ROUNDS ?? 20);
const commands = Number(process.env.COMMANDS ?? 500);
const fileBytes = Number(process.env.FILE_BYTES ?? 1024 * 1024 * 1024);

function quantile(times, q) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function report(what, times, base) {
  const p50 = quantile(times, 0.5);
  const ratio = base ? `   ${(quantile(base, 0.5) / p50).toFixed(2)} x faster than the bare API` : '';
  console.log(`${what.padEnd(44)} p50 ${p50.toFixed(2)} ms  p99 ${quantile(times, 0.99).toFixed(2)} ms${ratio}`);
}

/** One call of Podman's API on the private service's socket. */
function podman(server, method, path, body) {
  const text = body ? JSON.stringify(body) : '';
  return new Promise((resolve, reject) => {
    const req = request({
      socketPath: `${server.dataDir}/run/podman.sock`, method, path: `/v4.0.0/libpod${path}`,
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) },
    }, (reply) => {
      const parts = [];
      reply.on('data', (part) => parts.push(part));
      reply.on('end', () => {
        const answer = Buffer.concat(parts).toString();
        if (reply.statusCode >= 400) reject(new Error(`${path}: ${answer}`));
        else resolve(answer);
      });
    });
    req.on('error', reject);
    req.end(text);
  });
}

/** The same container as ours, straight from the API: the image's shell instead of the agent. */
async function bareCreate(server, image, name) {
  const { Id } = JSON.parse(await podman(server, 'POST', '/containers/create', {
    image, name, entrypoint: ['/bin/sleep', '1000'], netns: { nsmode: 'none' }, cap_drop: ['ALL'],
    no_new_privileges: true, userns: { nsmode: 'private' },
    idmappings: { HostUIDMapping: false, HostGIDMapping: false,
      UIDMap: [{ container_id: 0, host_id: 3000000000, size: 65536 }],
      GIDMap: [{ container_id: 0, host_id: 3000000000, size: 65536 }] },
    resource_limits: { memory: { limit: 268435456, swap: 268435456 }, cpu: { quota: 50000, period: 100000 }, pids: { limit: 100 } },
    r_limits: [{ type: 'nofile', soft: 1024, hard: 1024 }, { type: 'nproc', soft: 4096, hard: 4096 }],
    log_configuration: { driver: 'none' },
  }));
  await podman(server, 'POST', `/containers/${Id}/start`);
  return Id;
}

async function bareExec(server, id) {
  const { Id } = JSON.parse(await podman(server, 'POST', `/containers/${id}/exec`,
    { Cmd: ['sh', '-c', 'true'], AttachStdout: true, AttachStderr: true }));
  await podman(server, 'POST', `/exec/${Id}/start`, { Detach: false, Tty: false });
}

async function creations(server, agent, image) {
  const ours = [], bare = [], ends = [], bareEnds = [];
  for (let i = 0; i < rounds; i++) {
    let id, other;
    ours.push(await timed(async () => { id = await agent.container(); }));
    bare.push(await timed(async () => { other = await bareCreate(server, image, `bare-${i}`); }));
    ends.push(await timed(() => agent.call('destroy_container', { container_id: id })));
    bareEnds.push(await timed(() => podman(server, 'DELETE', `/containers/${other}?force=true&timeout=0`)));
  }
  report('create_container (on demand, no pool)', ours, bare);
  report('  bare API create + start', bare);
  report('destroy_container, its answer', ends, bareEnds);
}

async function executions(server, agent, image) {
  const id = await agent.container();
  const other = await bareCreate(server, image, 'bare-exec');
  const ours = [], bare = [];
  for (let i = 0; i < commands; i++) ours.push(await timed(() => agent.run(id, 'true')));
  for (let i = 0; i < Math.min(commands, 30); i++) bare.push(await timed(() => bareExec(server, other)));
  report('execute_command true (with the client)', ours, bare);
  report('  bare API exec', bare);
  await podman(server, 'DELETE', `/containers/${other}?force=true&timeout=0`);
}

async function throughput(agent) {
  const ids = await Promise.all(Array.from({ length: 8 }, () => agent.container()));
  const ms = await timed(() => Promise.all(ids.map(async (id) => {
    for (let i = 0; i < commands / 4; i++) await agent.run(id, 'true');
  })));
  console.log(`${'8 callers, 8 containers'.padEnd(44)} ${Math.round(8 * commands / 4 / (ms / 1000))} commands/s (with the client on the same cores)`);
  await Promise.all(ids.map((container_id) => agent.call('destroy_container', { container_id })));
}

async function download(server, agent) {
  const id = await agent.container();
  await agent.run(id, `truncate -s ${fileBytes} big`, { wait_seconds: 45 });
  const { url } = await agent.call('get_file_url', { container_id: id, file_path: 'big' });
  const keep = new Http({ keepAlive: true });
  let bytes = 0;
  const ms = await timed(() => new Promise((resolve, reject) => {
    request(url, { agent: keep }, (reply) => {
      reply.on('data', (part) => { bytes += part.length; });
      reply.on('end', resolve);
    }).on('error', reject).end();
  }));
  keep.destroy();
  if (bytes !== fileBytes) throw new Error(`${bytes} bytes came instead of ${fileBytes}`);
  console.log(`${'download through /files'.padEnd(44)} ${(bytes / 1e6 / (ms / 1000)).toFixed(0)} MB/s`);
}

const server = await Server.start({ LOG_LEVEL: 'error' });
try {
  const agent = await Agent.connect(server.url);
  const { image } = await agent.call('create_container');
  await creations(server, agent, image);
  await executions(server, agent, image);
  await throughput(agent);
  await download(server, agent);
  await agent.close();
} finally {
  await server.stop();
}
